"""Every instant that is stored, and what becomes of it when the clock is put back or goes ahead.

A step that no other clock confirms changes none of them: time goes on as it did
(``tests/runtime/test_steady_clock.py``). What is said here is for a step that was confirmed.
"""

import dataclasses
import importlib
import typing
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple

import bot.app
from bot.storage.engine.schema import Instant, metadata
from bot.storage.work import nouns
from bot.storage.work.nouns import LOOKUP

ROOT = Path(bot.app.__file__).parents[1]  # with it every table is known


class Fate(NamedTuple):
    """What a step does; ``held_by`` is the test that holds a bound."""

    back: str
    forward: str
    held_by: str = ""


OWN = Fate("comes at its instant, which people were told", "is due, and says how late it is")
HISTORY = Fate("is shown as it was written", "is shown as it was written")
THEIRS = Fate("somebody else's clock, compared with itself alone", "the same")
LONGER = Fate("what is counted from it lasts longer, by the step at most", "lasts shorter, by the step at most")
SAME = Fate("says which one is meant, and is only compared for equality", "the same")
SERVER = Fate("the database server's clock on PostgreSQL", "the same", "tests/storage/test_lease_clock.py")
KEPT = Fate(
    "is kept longer, by the step", "is swept once another clock confirms", "tests/runtime/test_clock_skew.py"
)


def bounded(back: str, held_by: str, forward: str = "is due") -> Fate:
    return Fate(back, forward, f"tests/{held_by}")


MOVED, OUTBOX, BACK = "storage/test_clock_moves.py", "storage/test_outbox_clock.py", "stages/flow/test_put_back.py"

COLUMNS = {
    "inbox.run_at": bounded("is due at once", f"{MOVED}::test_a_delivery_that_waits_is_taken_at_once"),
    "inbox.lease_until": SERVER,
    "inbox.received_at": KEPT,
    "inbox.ended_at": KEPT,
    "job.run_at": bounded(
        "a pause lasts as long as it was meant to", f"{MOVED}::test_a_pause_lasts_as_long_as_it_was_meant_to"
    ),
    "job.due": bounded(
        "what is due at once is done at once; others keep it",
        f"{MOVED}::test_what_was_owed_for_at_once_is_done_at_once",
    ),
    "job.owed_at": bounded(
        "tells what was owed at once from what has an instant",
        f"{MOVED}::test_what_has_an_instant_of_its_own_keeps_it",
    ),
    "job.ended_at": bounded(
        "what ended at an instant that comes again can be owed again",
        f"{MOVED}::test_what_ended_at_an_instant_that_comes_once_more_can_be_owed_for_it_again",
    ),
    "job.lease_until": SERVER,
    "ledger.at": HISTORY,
    "outbox.ready_at": bounded(
        "is believed for a pause's length",
        f"{OUTBOX}::test_what_was_put_by_a_clock_that_was_ahead_is_said_by_the_one_that_is_not",
    ),
    "outbox.attempt_started_at": HISTORY,
    "outbox.since": bounded(
        "the search begins no later than now",
        "slack/outbound/test_messenger.py::test_a_post_of_a_clock_that_was_ahead_is_found_once_the_clock_is_put_right",
        "the search goes further back",
    ),
    "outbox.check_at": bounded(
        "is looked at when it would have been",
        f"{OUTBOX}::test_doubles_are_searched_for_when_the_clock_is_put_back",
    ),
    "outbox.put_at": KEPT,
    "outbox.sent_at": KEPT,
    "outbox_addresses.found_at": LONGER,
    "outbox_bucket.at": bounded(
        "the pace recovers", f"{OUTBOX}::test_the_workspaces_pace_recovers_when_the_clock_is_put_back", "is full"
    ),
    "outbox_lanes.ready_at": bounded(
        "is believed for a pause's length",
        f"{OUTBOX}::test_a_channel_that_had_a_post_goes_on_when_the_clock_is_put_back",
    ),
    "outbox_lanes.lease_until": SERVER,
    "receipt.at": KEPT,
    "noun.created_at": HISTORY,
    "noun.updated_at": HISTORY,  # figures look back from now: what is ahead counts
}

FIELDS = {
    **dict.fromkeys(
        (
            *("Acknowledgement.until", "AlertGroup.silenced_until", "Approval.expires_at", "Cover.begins"),
            *(
                "Cover.ends",
                "FlagChange.until",
                "Lock.until",
                "Place.until",
                "Plan.at",
                "Prompt.at",
                "Prompt.until",
            ),
            *("Blocker.ask_at", "Blocker.raise_at", "Blocker.snoozed_until", "Rollout.next_at", "Rotation.since"),
            *(
                "Round.closes_at",
                "SentPrompt.snoozed_until",
                "SentPrompt.until",
                "Silence.until",
                "Standup.plan_at",
            ),
        ),
        OWN,
    ),
    **dict.fromkeys(
        (
            *("Acknowledgement.at", "Activity.done_at", "AlertGroup.closed_at", "AlertGroup.fires"),
            *("AlertGroup.first_acknowledged_at", "AlertGroup.first_acted_at", "AlertGroup.opened_at"),
            *("Blocker.ask_owed_at", "Blocker.asked_at", "Blocker.closed_at", "Blocker.opened_at"),
            *("Blocker.raised_at", "CauseQuestion.answered_at", "CauseQuestion.asked_at", "Change.created_at"),
            *("Change.ended_at", "Change.reached_at", "Concern.ended_at", "Concern.filed_at", "Cover.at"),
            *("CustomerLine.answered_at", "CustomerLine.asked_at", "Deployment.asked_at", "Escalation.ended_at"),
            *("Escalation.started_at", "Feedback.ended_at", "Feedback.filed_at", "Flag.made_at", "Flag.retired_at"),
            *(
                "FlagChange.asked_at",
                "FlagChange.came_at",
                "FlagChange.ended_at",
                "Idea.ended_at",
                "Idea.shared_at",
            ),
            *("Incident.opened_at", "Incident.resolved_at", "Lock.at", "Lock.ended_at", "Noted.at", "Page.at"),
            *("Page.ended_at", "Place.since", "Release.asked_at", "Release.drafted_at", "Release.published_at"),
            *("Rollout.asked_at", "Rollout.ended_at", "Rollout.paused_at", "Rollout.stepped_at", "Round.closed_at"),
            *("Round.opened_at", "SentPrompt.asked_at", "Silence.at", "Silence.ended_at", "Standup.edited_at"),
            *("Standup.made_at", "StandupAnswer.at", "StandupAnswer.edited_at", "Storm.began_at", "Storm.ended_at"),
            *("Strike.at", "Suspect.at", "Suspected.began_at", "Version.since", "Vigil.quiet_since"),
        ),
        HISTORY,
    ),
    **dict.fromkeys(
        (
            *("Alert.ends_at", "Alert.starts_at", "PullRequest.changed_at", "PullRequest.opened_at"),
            *("Run.changed_at", "Run.started_at", "Ships.oldest"),
        ),
        THEIRS,
    ),
    # How long a run elsewhere may take, a stop may take, a commit soaks, an approval counts, a turn was waited for.
    **dict.fromkeys(
        (
            *("Carried.stop_told_at", "Deployment.started_at", "Deployment.ended_at", "Deployment.queued_at"),
            *("Vote.at", "ReaderDigest.seen_until"),
        ),
        LONGER,
    ),
    **dict.fromkeys(("Deployment.overrides_since", "FlagChange.overrides_since"), SAME),
    "Escalation.due_at": bounded(
        "waits as long as the step says", f"{BACK}::test_the_next_step_of_an_escalation_waits_as_long_as_it_says"
    ),
    "Vigil.heard_at": bounded(
        "is missed when it would have been",
        f"{BACK}::test_a_source_that_went_quiet_before_the_clock_was_put_back_is_missed_when_it_would_have_been",
        "a job that is late begins to wait anew: we were down as well",
    ),
    "Traffic.begun": bounded(
        "counts in no storm",
        f"{BACK}::test_what_began_before_the_clock_was_put_back_makes_no_storm_of_what_begins_after",
        "the storm is over",
    ),
}


def columns() -> Iterator[str]:
    """Every column with an instant; those by which a noun is found are its fields."""
    tables = {noun.table.name: noun for kind, noun in nouns._kept.items() if kind.__module__.startswith("bot.")}
    for name, table in metadata.tables.items():
        for column in table.columns:
            if not isinstance(column.type, Instant):
                continue
            if name not in tables:
                yield f"{name}.{column.name}"
            elif column.name.startswith(LOOKUP):
                assert column.name.removeprefix(LOOKUP) in tables[name].fields
            else:
                yield f"noun.{column.name}"


def fields(kind: Any, seen: set[Any]) -> Iterator[str]:
    """Every field with an instant of a class, and of what it is made of."""
    if typing.get_origin(kind) is not None or isinstance(kind, UnionType):
        for part in typing.get_args(kind):
            yield from fields(part, seen)
    elif dataclasses.is_dataclass(kind) and kind not in seen:
        seen.add(kind)
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            hint = hints[field.name]
            if holds_instant(hint):
                yield f"{kind.__name__}.{field.name}"
            yield from fields(hint, seen)


def holds_instant(hint: Any) -> bool:
    return hint is datetime or any(holds_instant(part) for part in typing.get_args(hint))


def test_of_every_column_with_an_instant_it_is_said_what_a_step_of_the_clock_does_to_it() -> None:
    assert set(columns()) == set(COLUMNS)


def test_of_every_field_with_an_instant_it_is_said_what_a_step_of_the_clock_does_to_it() -> None:
    seen: set[Any] = set()
    kinds = [kind for kind in nouns._kept if kind.__module__.startswith("bot.")]
    assert {name for kind in kinds for name in fields(kind, seen)} == set(FIELDS)


def test_what_holds_a_bound_is_there() -> None:
    for name, fate in {**COLUMNS, **FIELDS}.items():
        if not fate.held_by:
            continue
        path, _, test = fate.held_by.partition("::")
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        assert (ROOT / path).exists(), name
        assert not test or callable(getattr(module, test)), name


def test_a_field_that_is_new_is_found() -> None:
    @dataclasses.dataclass
    class Inner:
        at: tuple[datetime, ...]

    Inner.__module__ = __name__
    outer = dataclasses.make_dataclass("Outer", [("inner", dict[str, Inner] | None), ("until", datetime | None)])
    assert sorted(fields(outer, set())) == ["Inner.at", "Outer.until"]
