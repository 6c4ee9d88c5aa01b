"""Tokens of code hosts, each for its own host: what one server is asked with, no other server sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

GITHUB_HOST, GITLAB_HOST = "https://api.github.com", "https://gitlab.com"
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class HostTokens:
    """Tokens by origin, such as ``https://github.example.com``."""

    by_origin: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def of(self, address: str) -> str | None:
        """The token for whoever answers at this address; None where there is none, or it is no address."""
        try:
            return self.by_origin.get(origin_of(address))
        except ValueError:
            return None

    def hidden_in(self, text: str) -> str:
        """The text without any of them."""
        for token in sorted(self.by_origin.values(), key=len, reverse=True):
            text = text.replace(token, "…")
        return text


def origin_of(address: str) -> str:
    """Scheme, host and port of an address; a host alone is asked over https. Raises ``ValueError``."""
    parts = urlsplit(address if "://" in address else f"https://{address}")
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError("is no address of a host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port
    return f"{parts.scheme}://{host}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")
