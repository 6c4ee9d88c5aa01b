"""Clock skew: how far this machine's clock is from Slack's and from the database server's, and whether it was moved."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Self

import structlog
from aiohttp import ClientError, ClientSession, TraceConfig, TraceRequestEndParams, TraceRequestStartParams
from yarl import URL

from bot.core.durations import rounded
from bot.core.ports import Clock
from bot.core.refusals import Conflict
from bot.runtime import metrics
from bot.runtime.clock import STEP, SteadyClock, machine_now
from bot.runtime.findings import Finding, fine, mistake, warning
from bot.runtime.pauses import LONGEST_PAUSE
from bot.storage.engine.database import Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.queues.clock_moves import put_back, server_time

SLACK, DATABASE = "Slack", "the database server"
SAID = timedelta(seconds=5)  # from here on readiness, the log and ``check`` say it
# From here on we are not ready: what lapses, is due and is signed goes by this clock (Slack's signatures hold for 5
# minutes: https://docs.slack.dev/authentication/verifying-requests-from-slack).
TOO_FAR = timedelta(seconds=60)
RESOLUTION = timedelta(seconds=1)  # of the Date header: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
KNOWN_FOR = timedelta(hours=1)
EVERY_SECONDS = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Skew:
    """How far our clock is ahead of another one: negative where it is behind, zero where no difference is proven."""

    ahead: timedelta
    tick: float  # on the monotonic clock, when it was measured


class ClockSkew:
    """What other clocks have told. Every answer of Slack carries its instant, so that asking costs nothing.

    Args:
        slack: the address of Slack's methods.
        now: the machine's own clock.
        ticks: a monotonic clock, in seconds, which nobody can move.
        clock: the bot's own; a steady one is told of each comparison, by which it believes a step.
    """

    def __init__(
        self,
        slack: str,
        *,
        now: Callable[[], datetime] = machine_now,
        ticks: Callable[[], float] = time.monotonic,
        clock: Clock | None = None,
    ) -> None:
        self._slack, self._test = URL(slack).host, URL(slack) / "api.test"
        self._session: ClientSession | None = None
        self._steady = clock if isinstance(clock, SteadyClock) else None
        self._now = now
        self._ticks = ticks
        self._known: dict[str, Skew] = {}
        self._last = (now(), ticks())
        self._put_back = timedelta()  # by so much, and what waits was not brought forward yet
        self._said = ""

    def heard(self, who: str, earliest: datetime, latest: datetime, began: float) -> None:
        """Somebody's clock said an instant between these two, at some time since the tick ``began``."""
        ended, tick = self._now(), self._ticks()
        least, most = ended - timedelta(seconds=tick - began) - latest, ended - earliest
        ahead = max(least, timedelta()) or min(most, timedelta())
        self._known[who] = Skew(ahead, tick)
        metrics.CLOCK_SKEW.labels(who).set(ahead.total_seconds())
        if self._steady is not None:
            if self._steady.compared(ahead):
                log.warning("clock.step_believed", against=who)
            held = self._steady.held
            self._steady.is_doubted = all(abs(one - held) >= TOO_FAR for one in self.known.values())

    def hearing(self, session: ClientSession) -> Self:
        """Itself, from now on hearing every answer that Slack gives over this session."""
        config = TraceConfig()
        config.on_request_start.append(self._begins)
        config.on_request_end.append(self._ends)
        config.freeze()
        session.trace_configs.append(config)
        self._session = session
        return self

    async def _begins(self, _: ClientSession, context: SimpleNamespace, __: TraceRequestStartParams) -> None:
        context.began = self._ticks()

    async def _ends(self, _: ClientSession, context: SimpleNamespace, told: TraceRequestEndParams) -> None:
        if told.url.host != self._slack or not (said := told.response.headers.get("Date")):
            return
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return  # not Slack's fault, nor ours: a proxy's
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        self.heard(SLACK, at, at + RESOLUTION, context.began)

    async def look(self, database: Database | None = None) -> None:
        """Read the database server's clock, notice whether ours was moved, and say in the log what has changed.

        Where ours was put back, what waits for an instant that will come much later than meant is brought forward.
        Raises ``StorageUnavailable`` and ``Conflict``.
        """
        moved = self._moved()
        self._put_back += max(-moved, timedelta()) if self._steady is None else timedelta()
        began = self._ticks()
        if database is not None and (at := await server_time(database)):
            self.heard(DATABASE, at, at, began)
        if self._steady is not None and self._steady.held:
            await self._ask_slack()
        self._put_back += self._steady.went_back() if self._steady else timedelta()
        if database is not None and self._put_back:
            await put_back(database, self._put_back, a_moment=LONGEST_PAUSE)
            self._put_back = timedelta()
        said = self.trouble or ""
        if said != self._said:
            log.warning("clock.skewed", problem=said) if said else log.info("clock.agrees")
            self._said = said

    async def _ask_slack(self) -> None:
        """Have Slack say what time it is; its silence leaves it open."""
        if self._session is None:
            return
        try:
            async with self._session.get(self._test):  # needs no token
                pass
        except (ClientError, TimeoutError) as problem:
            log.debug("clock.not_compared", reason=str(problem))

    async def keep_looking(self, database: Database) -> None:
        """Look twice a minute until cancelled."""
        while True:
            try:
                await self.look(database)
            except (StorageUnavailable, Conflict) as problem:
                log.debug("clock.not_compared", reason=str(problem))
            await asyncio.sleep(EVERY_SECONDS)

    def _moved(self) -> timedelta:
        """How far the clock was moved since the last look; what others said of it is brought in line."""
        now, tick = self._now(), self._ticks()
        before, then = self._last
        by = now - before - timedelta(seconds=tick - then)
        self._last = (now, tick)
        if abs(by) <= STEP:
            return timedelta()
        log.warning("clock.moved", seconds=round(by.total_seconds(), 1))
        self._known = {who: replace(one, ahead=one.ahead + by) for who, one in self._known.items()}
        return by

    @property
    def known(self) -> dict[str, timedelta]:
        """How far ours is ahead of each clock that was heard in the last hour."""
        oldest = self._ticks() - KNOWN_FOR.total_seconds()
        return {who: one.ahead for who, one in self._known.items() if one.tick >= oldest}

    @property
    def furthest(self) -> timedelta:
        """By how much it is off, one way or the other, by the clock that differs most."""
        return max((abs(ahead) for ahead in self.known.values()), default=timedelta())

    def is_confirmed(self) -> bool:
        """Whether somebody else's clock has lately said about the same; nothing is thrown away by age before."""
        return bool(self.known) and self.furthest < TOO_FAR

    @property
    def trouble(self) -> str | None:
        """What is wrong with this machine's clock, in a sentence; None where nothing is known to be."""
        return f"{what}: have it set by NTP" if (what := self._difference()) else None

    def _difference(self) -> str:
        wrong = [_words(who, ahead) for who, ahead in sorted(self.known.items()) if abs(ahead) >= SAID]
        if wrong:
            return f"this machine's clock is {' and '.join(wrong)}"
        held = self._steady.held if self._steady else timedelta()
        if abs(held) < SAID:
            return ""
        return f"this machine's clock was moved by {rounded(abs(held))}, which no other clock confirms yet"

    def findings(self) -> list[Finding]:
        """For ``eightbells check``; what could not be compared is said as well."""
        if what := self._difference():
            todo = "Have it set by NTP (chrony, systemd-timesyncd); look with `timedatectl` or `chronyc tracking`."
            return [mistake(what, todo) if self.furthest >= TOO_FAR else warning(what, todo)]
        if not self.known:
            return [
                warning("this machine's clock could be compared with no other", "Compare it yourself: `date -u`.")
            ]
        return [fine(f"this machine's clock agrees with that of {' and '.join(sorted(self.known))}")]


def _words(who: str, ahead: timedelta) -> str:
    return f"{rounded(abs(ahead))} {'ahead of' if ahead > timedelta() else 'behind'} that of {who}"
