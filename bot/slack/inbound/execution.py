"""Execution of one call: who calls as of now, what the policy says, what the verb prepares, and one transaction."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from bot.core.command import Answer, Call, Verb
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Clock, Directory, Tools, Work
from bot.core.refusals import Conflict, OutcomeUnknown, Refusal, StorageUnavailable
from bot.slack.inbound.admission import as_of_now, is_by_app, must_be_their_own
from bot.slack.inbound.gestures import Gesture
from bot.stages.flow.authorise import NOWHERE, names_nothing, perform, said

ATTEMPTS = 5  # at a transaction that meets a Conflict
PREPARED_WITHIN = timedelta(seconds=2)  # of the three that Slack waits
# How long a commit whose answer was lost is looked for: PostgreSQL restarts in a second or two.
SOUGHT = (0.2, 0.4, 0.8, 1.6, 3.0, 3.0)  # pauses, in seconds


class RememberedWork(Work, Protocol):
    """A work that knows whether its gesture was handled before."""

    repeated: bool


class Unit(Protocol):
    """Opens works: one that only reads, and one that handles a gesture once, by its key."""

    def reading(self) -> AbstractAsyncContextManager[Work]: ...

    def for_call(self, key: str) -> AbstractAsyncContextManager[RememberedWork]: ...


class Execution:
    """Carries out calls of verbs."""

    def __init__(self, unit: Unit, directory: Directory, policy: Policy, clock: Clock, tools: Tools) -> None:
        self._unit = unit
        self._directory = directory
        self._policy = policy
        self._clock = clock
        self._tools = tools

    def check(self, verb: Verb, args: Mapping[str, Any], person: Person) -> None:
        """What the words alone decide, before anybody is asked or anything is loaded; the rest is ``perform``'s.

        Raises ``NotAllowed``.
        """
        if names_nothing(verb):
            for place in said(verb, args) or NOWHERE:
                for action in (verb.action, *verb.also):
                    self._policy.check(action, place.environment, person, service=place.service)

    async def use(self, verb: Verb, args: Mapping[str, Any], gesture: Gesture, person: Person) -> Answer:
        """One call in one transaction; nothing where this gesture was handled before.

        Raises ``Refusal``, ``StorageUnavailable`` (nothing was done), ``OutcomeUnknown`` (it may have been).
        """
        must_be_their_own(verb, gesture, person)
        self.check(verb, args, person)
        until = asyncio.get_running_loop().time() + PREPARED_WITHIN.total_seconds()
        person = await self._surely(verb, args, person)
        call = Call(
            args,
            person,
            self._clock.now(),
            gesture.key,
            gesture.door,
            gesture.channel_id,
            gesture.on,
            by_app=is_by_app(gesture, person),
        )
        if verb.prepare:
            call = await self._prepared(verb.prepare, call, until)
        if verb.reads_only:
            async with self._unit.reading() as work:
                # What its words alone decide is decided: nothing can have changed since.
                return await (verb.handle(call, work) if names_nothing(verb) else perform(verb, call, work))
        return await self._written(verb, call)

    async def _written(self, verb: Verb, call: Call) -> Answer:
        """The answer of the one transaction that was kept, even where its commit was lost from sight."""
        unseen: list[Answer] = []  # the answer of the try whose commit nobody saw
        pauses = iter(SOUGHT)
        conflicts = 0
        while True:
            answer: Answer = None
            try:
                async with self._unit.for_call(call.key) as work:
                    if work.repeated:
                        return unseen[-1] if unseen else None
                    answer = await perform(verb, call, work)
            except Conflict:
                conflicts += 1
                if conflicts == ATTEMPTS:
                    raise
                continue
            except OutcomeUnknown:
                unseen.append(answer)
            except StorageUnavailable:
                if not unseen:
                    raise
            else:
                return answer
            pause = next(pauses, None)
            if pause is None:
                raise OutcomeUnknown(f"nobody saw whether {verb.action} was kept")
            await asyncio.sleep(pause)

    async def _surely(self, verb: Verb, args: Mapping[str, Any], person: Person) -> Person:
        """Who they are as Slack tells it by now, where that decides. Raises ``Refusal`` where it tells nothing."""
        now = await as_of_now(self._directory, self._policy, verb, person)
        if now != person:
            self.check(verb, args, now)
        return now

    async def _prepared(self, prepare: Any, call: Call, until: float) -> Call:
        try:
            async with asyncio.timeout_at(until):
                found = await prepare(call, self._tools)
        except TimeoutError as error:
            raise Refusal(
                "Somebody I had to ask did not answer within 2 s, so nothing was done. Try again shortly."
            ) from error
        return replace(call, prepared=found)
