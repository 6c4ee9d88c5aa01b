"""Reaching Slack with backoff: again while it does not answer, and never sooner than it asks for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.slack.outbound.errors import Judged, Verdict, judge
from bot.slack.outbound.limits import Patience

T = TypeVar("T")

# What asking again never mends: https://docs.slack.dev/reference/methods/auth.test#errors
_REFUSED = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
        "no_permission",
    }
)
_SILENCE = frozenset({Verdict.PACE, Verdict.OUTAGE, Verdict.DOUBT})
TRIES = 8  # where we can do without; some two minutes

log = structlog.get_logger(__name__)


class Reaching:
    """Calls that must come through. ``trouble`` is why the present one has not yet, or None; readiness shows it."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self.trouble: str | None = None

    async def must(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """The answer, however long it takes. Raises Slack's error where it refuses the token."""
        return await self._reach(what, call, lambda judged, _: judged.code in _REFUSED)

    async def should(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """The answer. Raises Slack's error where it says no, or says nothing ``TRIES`` times."""
        return await self._reach(what, call, lambda judged, tries: judged.verdict not in _SILENCE or tries >= TRIES)

    async def _reach(
        self, what: str, call: Callable[[], Awaitable[T]], is_final: Callable[[Judged, int], bool]
    ) -> T:
        tries = 0
        while True:
            tries += 1
            try:
                answer = await call()
            except Exception as failure:
                judged = judge(failure)  # which raises what is no failed call
                if is_final(judged, tries):
                    self.trouble = None
                    raise
                pause = judged.wait or self.patience.pause(tries)
                self.trouble = f"Slack does not answer yet ({what}: {judged.reason})"
                log.warning("slack.not_reached", what=what, reason=judged.reason, again_in=pause.total_seconds())
            else:
                self.trouble = None
                return answer
            await asyncio.sleep(pause.total_seconds())
