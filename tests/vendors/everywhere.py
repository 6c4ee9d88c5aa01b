"""Tokens for tests that are about something else than whose they are: every stand-in's host is known."""

from bot.core.host_tokens import HostTokens


class _Everywhere(HostTokens):
    def of(self, address: str) -> str | None:
        """The one token, wherever the stand-in listens."""
        del address
        return next(iter(self.by_origin.values()))


def everywhere(token: str) -> HostTokens:
    """The token for whichever host is asked."""
    return _Everywhere({"https://stand-in.example": token})
