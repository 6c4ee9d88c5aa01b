"""The composition root: settings and team in, a running bot out. The only module that may import everything."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from aiohttp import ClientSession
from slack_sdk.errors import SlackClientError

from bot import discovery, outside_ports
from bot.config import Settings, known_secrets
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Clock, Tools
from bot.core.team import Team
from bot.flag_serving import flag_book, flagd_files, ofrep
from bot.operator import readiness, succession
from bot.runtime import health, http_server, logs, metrics, release_memory
from bot.runtime.clock import SteadyClock
from bot.runtime.clock_skew import ClockSkew
from bot.runtime.deliveries import Deliveries
from bot.runtime.draining import GESTURES, JOBS, Draining, cancelled
from bot.runtime.hooks import Hooks
from bot.runtime.process_privacy import keep_to_ourselves
from bot.runtime.redaction import Redaction
from bot.runtime.upkeep import keep_tidy
from bot.runtime.worker import Worker
from bot.slack.directory import SlackDirectory
from bot.slack.inbound import SlackEdge
from bot.slack.outbound import Messenger, Sender, SlackAddresses, slack_client
from bot.slack.people_changed import Following
from bot.slack.rendering.render import Rendering
from bot.slack.user_groups import SlackUserGroups
from bot.stages.flow import home, ledger_heads
from bot.stages.monitor import escalate, silent_source
from bot.stages.standup import setups
from bot.storage.engine.database import Database
from bot.storage.ledger.seals import Sealer
from bot.storage.migrations import migrate
from bot.storage.outbox.erasure import Eraser
from bot.storage.outbox.outbox import Outbox
from bot.storage.queues.inbox import Inbox
from bot.storage.work.unit_of_work import UnitOfWork
from bot.vendors.flagd.bucketing import murmur3
from bot.vendors.kit.fetch import WebFetch
from bot.vendors.kit.webhooks import for_team

STARTING = "I have just started, and Slack has not told me yet who is who. Nothing was done. Try again in a moment."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that runs. ``address`` is where it listens; ``unit`` and ``tools`` are for whoever looks inside.

    ``broken`` is done, with the reason, once a part that must never end has ended by a bug of ours, or Slack has
    refused our token; ``ready`` is done once Slack was reached and the work has begun.
    """

    address: str
    unit: UnitOfWork
    tools: Tools
    database: Database
    edge: SlackEdge
    broken: "asyncio.Future[None]"
    ready: "asyncio.Future[None]"

    def wake(self) -> None:
        """Look at once at what is due: the clock has jumped."""
        for topic in ("jobs", "outbox"):
            self.database.wake(topic)


async def serve(settings: Settings, team: Team, *, stop: asyncio.Event) -> None:
    """Run until ``stop`` is set. Raises as ``running`` does, and what broke a part of it.

    A bot that listens but no longer works would lose people's trust and nobody's restart; so it ends instead.
    """
    secrets = settings.secrets | known_secrets(os.environ, team)
    logs.configure(settings.log_level, secrets)
    if not keep_to_ourselves(secrets):
        log.warning("bot.readable", why="on this system a deploy script can read our secrets; give it another user")
    async with running(settings, team, until_ready=False) as bot:
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({stopped, bot.broken}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if bot.broken.done():
            bot.broken.result()


@asynccontextmanager
async def running(
    settings: Settings, team: Team, *, clock: Clock | None = None, until_ready: bool = True
) -> AsyncIterator[Bot]:
    """The bot, from ready to drained; without ``until_ready`` from when it listens, which does not wait for Slack.

    Leaving the block takes nothing new, finishes what is under way within ``DRAIN`` and gives back the rest, which
    another start (or replica) carries on.

    Raises ``StorageUnavailable``, ``AlreadyRunning``, Slack's error where it refuses the token.
    """
    clock = clock or SteadyClock()
    async with AsyncExitStack() as stack:
        database = await Database.open(
            settings.database_url.get_secret_value(), clock=clock, replica_id=uuid4().hex
        )
        stack.push_async_callback(database.close)
        await migrate(database)
        session = await stack.enter_async_context(outside_ports.session_for_all())
        bot = _Parts(settings, team, clock, database, session)
        await bot.start(stack)
        stack.callback(bot.draining.begin)
        if until_ready:
            await asyncio.wait({bot.ready, bot.broken}, return_when=asyncio.FIRST_COMPLETED)
            if bot.broken.done():
                bot.broken.result()
        yield Bot(bot.address, bot.unit, bot.tools, database, bot.edge, bot.broken, bot.ready)


class _Parts:
    """Everything that runs, and the order in which it starts and stops."""

    def __init__(
        self, settings: Settings, team: Team, clock: Clock, database: Database, session: ClientSession
    ) -> None:
        token = settings.bot_token.get_secret_value() if settings.bot_token else ""
        self.settings, self.clock, self.database, self.session = settings, clock, database, session
        self.sources = for_team(discovery.sources(), team)
        self.client = slack_client(token, session, settings.slack_api_url)
        self.directory = SlackDirectory(self.client, clock)
        rendering = self.rendering = Rendering(settings.templates, names=self.directory.name_of)
        self.unit = UnitOfWork(database, team=team, render=rendering)
        self.tools = outside_ports.tools(
            settings,
            team,
            self.unit,
            clock,
            self.directory,
            session,
            SlackUserGroups(self.client),
            Eraser(database),
        )
        secret = settings.signing_secret.get_secret_value() if settings.signing_secret else None
        self.edge = SlackEdge(
            commands=discovery.commands(),
            unit=self.unit,
            render=rendering,
            directory=self.directory,
            policy=Policy(team),
            clock=clock,
            client=self.client,
            session=session,
            tools=self.tools,
            home=self._show_home,
            signing_secret=secret,
            prefix=settings.prefix,
        )
        self.inbox, self.outbox = Inbox(database, database.replica_id), Outbox(database, database.replica_id)
        self.sender = Sender(self.client, SlackAddresses(self.client, clock.now), clock.now)
        self.messenger = Messenger(database, self.outbox, self.sender, clock)
        self.sealer = Sealer(database)
        self.following = Following(self.unit)
        self.flags = flag_book.FlagBook(self.unit, lambda: database.generation, team.environments, murmur3)
        self.address = ""
        self.broken, self.ready, self.draining = _future(), _future(), Draining()

    async def start(self, stack: AsyncExitStack) -> None:
        """Listen and store, whether or not Slack answers; reach it and begin to work beside that."""
        self.edge.doors.closed = STARTING
        self.skew = ClockSkew(self.settings.slack_api_url, clock=self.clock).hearing(self.session)
        stack.push_async_callback(self.directory.close)
        stack.push_async_callback(self.following.close)
        for beginning in (setups.seed, escalate.seed, silent_source.begin, ledger_heads.begin):
            await self.unit.run(beginning)
        self._tend(stack)
        listening = await stack.enter_async_context(AsyncExitStack())
        await self._listen(listening)
        log.info("bot.listening", address=self.address)
        working = await stack.enter_async_context(AsyncExitStack())
        self._run(stack, self._begin(working, listening), cancelled)

    async def _begin(self, stack: AsyncExitStack, listening: AsyncExitStack) -> None:
        """Who we are and who is who; then the work, which needs to know that."""
        try:
            identity = await self.edge.warm()
            self.directory.team_id = identity.team_id
            self.sender.bot_id = identity.bot_id
            await self.directory.warm()
            self.directory.on_change = self.following.changed
            self._work(stack)
            stack.push_async_callback(listening.aclose)
            stack.push_async_callback(self.edge.stop, GESTURES)
            if self.edge.doors.closed == STARTING:
                self.edge.doors.closed = ""
            if self.settings.app_token is not None and not self.database.successor:
                await self.edge.start_socket(self.settings.app_token.get_secret_value())
        except SlackClientError as refused:
            self._break(refused)
            return
        self._run(stack, self._warm_up(), cancelled)
        release_memory.look_for_garbage()
        log.info("bot.ready", address=self.address, socket_mode=self.settings.socket_mode)
        self.ready.set_result(None)

    async def _warm_up(self) -> None:
        """What people would else wait for, beside the first of them; then what that took and left is given back."""
        try:
            await asyncio.gather(self.rendering.warm_meanwhile(), self.edge.warm_meanwhile())
        except OSError as problem:  # no descriptors just now, say: what is not loaded is loaded when it is needed
            log.warning("bot.not_warm", problem=str(problem))
        release_memory.give_back()

    def _tend(self, stack: AsyncExitStack) -> None:
        """What goes on without Slack."""
        tidying = keep_tidy(self.database, self.outbox, lambda: self.unit.team.retention, self.skew.is_confirmed)
        going_on = (self.sealer.keep_sealing(), tidying, self.skew.keep_looking(self.database))
        tending = [self._run(stack, one, cancelled) for one in going_on]
        if self.settings.flagd_folder is not None:
            writing = flagd_files.keep_writing(self.flags, self.settings.flagd_folder)
            tending.append(self._run(stack, writing, cancelled))
        self._run(stack, succession.step_back(self.database, self.edge, tending), cancelled)

    def _work(self, stack: AsyncExitStack) -> None:
        """Start messenger and worker; they stop in the opposite order."""
        found = discovery.workflows()
        secrets = self.settings.secrets | known_secrets(os.environ, self.tools.team)
        deliveries = Deliveries(self.sources, found.takers, Redaction(secrets).text)
        worker = Worker(
            self.database,
            self.unit,
            self.tools,
            inbox=self.inbox,
            inside=found.inside,
            outside=found.outside,
            settle=deliveries.settle,
            settle_together=deliveries.settle_together,
        )
        self._run(stack, self.directory.keep_fresh(), cancelled)
        self._run(stack, self.messenger.run(), lambda task: self.messenger.stop(task, self.draining.left))
        working: list[asyncio.Task[None]] = []
        stop = self.draining.beside(lambda: worker.stop(working[0], JOBS))
        working.append(self._run(stack, worker.run(), stop))

    def _run(
        self,
        stack: AsyncExitStack,
        work: Coroutine[Any, Any, None],
        stop: Callable[["asyncio.Task[None]"], Awaitable[None]],
    ) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._ended)
        stack.push_async_callback(stop, task)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("bot.broken", exc_info=error)
        self._break(error)

    def _break(self, error: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)
            self.broken.exception()  # seen here, so that nobody must ask for it

    async def _listen(self, stack: AsyncExitStack) -> None:
        """Serve hooks, health and metrics, and Slack's requests where they come over HTTP."""
        secrets = self.settings.secrets_for({source.name for source in self.sources.values()})
        fetch = WebFetch(self.session)
        speaks = self.settings.socket_mode
        refresh = partial(readiness.measure, self.messenger, self.unit)
        checks = readiness.checks(
            self.database, self.messenger, self.edge, self.ready, self.skew, socket_mode=speaks
        )
        hooks = Hooks(self.sources, secrets, self.inbox, self.clock, fetch, metrics.count_delivery)
        tokens = self.settings.ofrep_tokens_of(self.tools.team.environments)
        routes = [*hooks.routes(), *ofrep.Ofrep(self.flags, tokens).routes()]
        token = self.settings.metrics_token.get_secret_value() if self.settings.metrics_token else ""
        routes += health.public_routes(checks, refresh=refresh, token=token)
        if self.settings.signing_secret is not None:
            routes += self.edge.routes()
        self.address = await http_server.listen(stack, routes, self.settings.host, self.settings.port)
        if (port := self.settings.metrics_port) is not None:
            own = health.routes(checks, refresh=refresh)
            log.info("metrics.ready", address=await http_server.listen(stack, own, self.settings.host, port))

    async def _show_home(self, person: Person) -> None:
        async with self.unit() as work:
            await home.show(work, person)


def _future() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()
