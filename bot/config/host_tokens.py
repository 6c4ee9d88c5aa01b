"""Tokens of code hosts besides github.com and gitlab.com, as one variable holds them: ``host=token``, several."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, SecretStr

from bot.core.host_tokens import HostTokens, origin_of


def tokens_by_origin(text: str) -> dict[str, str]:
    """Tokens by origin. Raises ``ValueError``, whose sentence shows no token."""
    found: dict[str, str] = {}
    for nth, pair in enumerate((one for one in re.split(r"[,\s]+", text) if one), 1):
        # A token may end in =, an address has none.
        host, _, token = pair.partition("=")
        if not host or not token:
            raise ValueError(f"write host=token, several after commas; its part {nth} is not that")
        try:
            origin = origin_of(host)
        except ValueError:
            raise ValueError(f"write host=token; of its part {nth}, what stands before = is no host") from None
        if origin in found:
            raise ValueError(f"names {origin.partition('://')[2]} twice")
        found[origin] = token
    return found


def _read(given: Any) -> Any:
    return tokens_by_origin(given) if isinstance(given, str) else given


Tokens: TypeAlias = Annotated[Mapping[str, SecretStr], BeforeValidator(_read)]


def host_tokens(*given: Mapping[str, SecretStr | None]) -> HostTokens:
    """All of them, by origin; the later ones count."""
    together = {origin: token for tokens in given for origin, token in tokens.items() if token}
    return HostTokens({origin: token.get_secret_value() for origin, token in together.items()})
