"""The passport: what the ledger knows of one change, pull request, commit or version, in order."""

import re
from collections.abc import Collection, Iterable, Mapping

from bot.core.flow import Passport, Step
from bot.core.ledger import BROAD, Recorded, Subject
from bot.core.ports import Work
from bot.core.refusals import Refusal, Unknown
from bot.core.stages import Stage
from bot.stages.code.hosted import pull_request_in, pull_request_meant, services_of_pull_request
from bot.stages.code.model.pull_request import PullRequest, called
from bot.stages.deploy.model.slot import Slot
from bot.stages.plan.model.change import Change, change_ids_in, pull_request_named
from bot.stages.plan.model.tickets import Tracker, tickets_in

# How far a name leads on: a change leads to its commits, a commit to its version, a version to its deployments.
# Nothing leads on to another change, or the passport of one would tell of its neighbours in the same release.
LEADS_ON = frozenset({"pr", "sha", "version", "release"})
HOPS = 3
MOST_ENTRIES = 400

_SHA = re.compile(r"[0-9a-f]{7,40}")
_STAGES: Mapping[str, Stage] = {
    "idea": Stage.PLAN,
    "change": Stage.PLAN,
    "blocker": Stage.CODE,
    "pr": Stage.CODE,
    "commit": Stage.CODE,
    "build": Stage.BUILD,
    "testrun": Stage.TEST,
    "tag": Stage.RELEASE,
    "release": Stage.RELEASE,
    "flag": Stage.RELEASE,
    "deployment": Stage.DEPLOY,
    "deployment_elsewhere": Stage.DEPLOY,
    "feedback": Stage.MANAGE,
    "concern": Stage.MANAGE,
    "alert": Stage.MONITOR,
}

# Nouns that go without saying under the heading of their stage.
_PLAIN = frozenset({"change", "pr", "build", "testrun", "release", "deployment", "alert"})

# Kinds of entries whose names do not read well as words.
_SAID: Mapping[str, str] = {
    "pr.open": "opened",
    "release.published_on_host": "published on the code host:",
    "deployment_elsewhere.passed": "put there by another tool:",
    "deployment_elsewhere.failed": "another tool failed:",
    "deployment_elsewhere.running": "another tool is at it:",
}


async def passport(work: Work, thing: str, unseen: frozenset[Stage] = frozenset()) -> Passport:
    """Everything known of what these words name, but for these stages. Raises ``Unknown`` with the nearest names."""
    start = await _meant(work, thing.strip())
    entries, seen = await _follow(work, {start})
    if not entries:
        raise _unknown(thing, ())
    change = await _change_of(work, start, seen)
    if change is not None and change.subject != start:
        entries, seen = await _follow(work, {start, change.subject})
    title = f"{change.id} {change.title}" if change else _called(start)
    names = tuple(_called(s) for s in sorted(seen) if s != start and s.kind in ("pr", "sha", "version"))
    steps = tuple(step for step in _told(entries) if step.stage not in unseen)
    return Passport(title, await _state(work, change, seen, steps, unseen), names, steps, change)


async def services_of(work: Work, thing: str) -> tuple[str, ...]:
    """The services that this is of, in the order of their names. Raises as ``passport``."""
    start = await _meant(work, thing.strip())
    if start.kind == "change":
        change = await work.get(Change, start.name)
        return (change.service,) if change and change.service else ()
    if start.kind == "version":
        return (start.name.partition("@")[0],)
    if start.kind == "pr":
        known = await work.get(PullRequest, start.name)
        return tuple(sorted(services_of_pull_request(work.team, start.name, known)))
    entries, _ = await _follow(work, {start})
    met = {subject for one in entries for subject in one.entry.subjects}
    services = {s.name for s in met if s.kind == "service"}
    return tuple(sorted(services | {s.name.partition("@")[0] for s in met if s.kind == "version"}))


async def _meant(work: Work, thing: str) -> Subject:
    ids = change_ids_in(thing)
    if ids and ids[0].casefold() == thing.casefold():
        return Subject("change", ids[0])
    if tickets_in((thing.upper(),), work.team.part(Tracker).keys) == (thing.upper(),):
        return Subject("ticket", thing.upper())
    if _SHA.fullmatch(thing.casefold()):
        commits = await work.named("sha", thing.casefold(), limit=3)
        if len(commits) > 1:
            raise Refusal(f"{thing} begins more than one commit: {', '.join(one.name[:12] for one in commits)}.")
        if commits:
            return commits[0]
    if any(mark in thing for mark in ("#", "!", "/pull/", "/merge_requests/")):
        return await _pull_request(work, thing)
    return await _version(work, thing)


async def _pull_request(work: Work, thing: str) -> Subject:
    repositories = work.team.repositories
    if thing.startswith(("#", "!")) and thing[1:].isdecimal():
        ids = [await pull_request_in(work, one, int(thing[1:])) for one in dict.fromkeys(repositories.values())]
        known = [pull.id for id in ids if (pull := await work.get(PullRequest, id)) is not None]
        if len(known) > 1:
            raise Refusal(f"More than one repository has a {thing}: {', '.join(known)}. Say which.")
        if known:
            return Subject("pr", known[0])
    return Subject("pr", await pull_request_meant(work, pull_request_named(thing, repositories)))


async def _version(work: Work, thing: str) -> Subject:
    """ "web v1.4.0", "web@v1.4.0" or "v1.4.0" where only one service has it."""
    service, _, version = thing.replace("@", " ").rpartition(" ")
    services = [service] if service else list(work.team.services)
    found = [s for name in services for s in await work.named("version", f"{name}@{version}", limit=5)]
    exact = [s for s in found if s.name.partition("@")[2] == version]
    if len(exact) > 1:
        raise Refusal(f"More than one service has a {version}: {', '.join(_called(s) for s in exact)}. Say which.")
    if not exact:
        raise _unknown(thing, tuple(_called(s) for s in found))
    return exact[0]


async def _follow(work: Work, start: set[Subject]) -> tuple[list[Recorded], set[Subject]]:
    """Entries about the thing and what it leads to, oldest first; and every name met on the way."""
    entries: dict[int, Recorded] = {}
    seen = set(start)
    edge = start
    for _ in range(HOPS):
        found = await work.history(*sorted(edge), limit=MOST_ENTRIES)
        entries.update((one.position, one) for one in found)
        met = {s for one in found for s in one.entry.subjects if s.kind not in BROAD} - seen
        seen |= met
        edge = {s for s in met if s.kind in LEADS_ON}
        if not edge or len(entries) >= MOST_ENTRIES:
            break
    return [entries[position] for position in sorted(entries)], seen


async def _change_of(work: Work, start: Subject, seen: Iterable[Subject]) -> Change | None:
    """The change that this is the passport of: itself, or the only one that the thing belongs to."""
    ids = [start.name] if start.kind == "change" else [s.name for s in seen if s.kind == "change"]
    return await work.get(Change, ids[0]) if len(ids) == 1 else None


async def _state(
    work: Work, change: Change | None, seen: Iterable[Subject], steps: tuple[Step, ...], unseen: frozenset[Stage]
) -> str:
    """Where it is now, in one phrase: live somewhere, or the furthest stage that it has come to."""
    if change is not None and not change.is_open:
        return str(change.state)
    versions = {s.name for s in seen if s.kind == "version"}
    live = await _live_in(work, versions) if Stage.DEPLOY not in unseen else []
    if live:
        last = max(
            live, key=lambda name: work.team.environments[name].order if name in work.team.environments else 0
        )
        return f"live in {last}"
    if change is not None and change.stage not in unseen:
        return f"in {change.stage}"
    if not steps:
        return "in a stage that is not for you to see"
    return f"in {max((step.stage for step in steps), key=lambda stage: stage.order)}"


async def _live_in(work: Work, versions: Collection[str]) -> list[str]:
    """The environments in which one of these versions (``web@v1.4.0``) is live, service by service."""
    of = {version.partition("@")[0] for version in versions}
    services = tuple(name for name in work.team.services if name in of)
    if not services:
        return []
    slots = sorted(await work.find(Slot, service=services), key=lambda slot: services.index(slot.service))
    return [s.environment for s in slots if s.live and f"{s.service}@{s.live.name}" in versions]


def _told(entries: Iterable[Recorded]) -> Iterable[Step]:
    """Entries as steps; the same thing several times in a row is told once."""
    last: Step | None = None
    for one in entries:
        step = _step(one)
        if last is not None and (last.stage, last.what, last.by) == (step.stage, step.what, step.by):
            last = Step(last.stage, last.what, last.at, last.by, last.count + 1)
            continue
        if last is not None:
            yield last
        last = step
    if last is not None:
        yield last


def _step(one: Recorded) -> Step:
    noun, _, verb = one.entry.kind.partition(".")
    by_kind = {s.kind: s for s in one.entry.subjects}
    plain = verb if noun in _PLAIN else f"{noun} {verb}"
    words = [_SAID.get(one.entry.kind) or plain.replace("_", " ")]
    stage = one.entry.facts.get("to")
    named = by_kind.get("version") or by_kind.get("pr") or by_kind.get("blocker")
    if isinstance(stage, str):
        words.append(f"to {stage}")
    if named is not None:
        words.append(f"({_called(named)})" if isinstance(stage, str) else _called(named))
    if "environment" in by_kind:
        words.append(f"in {by_kind['environment'].name}")
    if one.entry.facts.get("through_app"):
        words.append("through an app")
    return Step(_STAGES.get(noun, Stage.MANAGE), " ".join(words), one.at, one.entry.by)


def _called(subject: Subject) -> str:
    """A subject as people write it."""
    if subject.kind == "sha":
        return subject.name[:7]
    if subject.kind == "pr":
        return called(subject.name)
    return subject.name.replace("@", " ") if subject.kind == "version" else subject.name


def _unknown(thing: str, known: tuple[str, ...]) -> Unknown:
    error = Unknown("change, pull request, commit or version", thing, known, field="thing")
    if not known:
        error.sentence = (
            f"The ledger knows nothing of “{thing}” yet. Try a change (C-41), a pull request (#812), "
            "a commit (9f3c2a1) or a version (web v1.4.0)."
        )
    return error
