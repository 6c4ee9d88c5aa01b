"""The team file's ``retention``: ages by kind, each with a bound that is told in a sentence."""

from datetime import timedelta

import pytest
import yaml

from bot.config.team_file import parse_team
from bot.core.retention import Retention


def read(text: str) -> tuple[Retention | None, list[str]]:
    team, mistakes = parse_team(yaml.safe_load(f"retention: {text}"), "it")
    return team and team.retention, [str(mistake).removeprefix("it: ") for mistake in mistakes]


def test_what_is_not_named_has_its_default():
    days = timedelta(days=1)
    assert read("{ deliveries: 14d, gestures: 3h }") == (
        Retention(gestures=timedelta(hours=3), deliveries=14 * days, failed=90 * days, jobs=30 * days),
        [],
    )
    team, _ = parse_team({}, "it")
    assert team is not None
    assert team.retention == Retention()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{ gestures: 30m }", "retention.gestures: is too short: Slack sends again what it thinks we missed"),
        ("{ deliveries: 2d }", "retention.deliveries: is too short: GitHub sends again for 3 days"),
        ("{ failed: 6d }", "retention.failed: is too short: somebody has to see what failed"),
        ("{ jobs: 13d }", "retention.jobs: is too short: a job that is forgotten would be done again"),
        ("{ messages: 89d }", "retention.messages: is too short: a card that is forgotten takes no replies"),
        (
            "{ messages: 3651d }",
            "retention.messages: is too long; write 3650d or less (the ledger is kept for ever",
        ),
        ("{ messages: 99999999999999w }", "retention.messages: '99999999999999w' is too long for a duration"),
        ("{ ledger: 30d }", "retention.ledger: no such key"),
        ("{ jobs: 30 }", "retention.jobs: write a duration with its unit, such as 15m or 4h"),
    ],
)
def test_a_bound_is_told_in_a_sentence(text: str, told: str):
    kept, mistakes = read(text)
    assert kept is None
    assert len(mistakes) == 1
    assert mistakes[0].startswith(told)


@pytest.mark.parametrize(
    "text", ["{ gestures: 1h }", "{ deliveries: 3d }", "{ failed: 7d }", "{ jobs: 14d }", "{ messages: 90d }"]
)
def test_the_bound_itself_is_fine(text: str):
    assert read(text)[1] == []
