"""Code hosts by their host name: what tells apart two repositories of the same path."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

_PUBLIC_APIS = {"api.github.com": "github.com"}
_PUBLIC = ("github.com", "gitlab.com")


def host_of(address: str) -> str:
    """The host of a page: ``github.com``, ``git.example.com:8443``; "" where the text is no address of one."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    usual = {"https": 443, "http": 80}[parts.scheme]
    return parts.hostname if port in (None, usual) else f"{parts.hostname}:{port}"


def host_behind(api: str) -> str:
    """The host that people open, of the address of its API."""
    host = host_of(api)
    # https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency: api.SUBDOMAIN.ghe.com
    if host.startswith("api.") and host.endswith(".ghe.com"):
        return host.removeprefix("api.")
    return _PUBLIC_APIS.get(host, host)


@dataclass(frozen=True, slots=True)
class PullRequestName:
    """What people call a pull request or a merge request; ``host`` is "" where they do not say on which host."""

    repository: str
    number: int
    host: str = ""


def host_and_path(written: str, hosts: Collection[str] = ()) -> tuple[str, str]:
    """``gitlab.com/harbor/web`` taken apart, by the public hosts and these; "" for a host that is not written."""
    first, _, rest = written.partition("/")
    if "/" in rest and first.casefold() in (*_PUBLIC, *hosts):
        return first.casefold(), rest
    return "", written.partition(":")[2] if ":" in first else written
