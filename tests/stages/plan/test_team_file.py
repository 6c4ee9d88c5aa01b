"""Another tracker in the team file: its projects' keys are words, so that nobody's pattern can stall the bot."""

import pytest
import yaml

from bot.config.team_file import parse_team
from bot.stages.plan.model.tickets import Tracker


def read(text: str) -> tuple[Tracker | None, list[str]]:
    team, mistakes = parse_team(yaml.safe_load(f"tickets: {text}"), "it")
    return team and team.part(Tracker), [str(mistake).removeprefix("it: ") for mistake in mistakes]


def test_one_key_needs_no_list_and_no_address() -> None:
    assert read("{ keys: PAY }") == (Tracker(("PAY",)), [])


def test_without_it_there_is_no_other_tracker() -> None:
    team, _ = parse_team({}, "it")
    assert team is not None
    assert team.part(Tracker) == Tracker()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{ keys: ['PAY-\\d+'] }", "tickets.keys[1]: 'PAY-\\\\d+' is no project's key"),
        ("{ keys: [PAY, '(A+)+$'] }", "tickets.keys[2]: '(A+)+$' is no project's key"),
        ("{ keys: [pay] }", "tickets.keys[1]: 'pay' is no project's key"),
        ("{ keys: [INC] }", "tickets.keys[1]: INC-7 is an incident of Eightbells"),
        (
            "{ url: 'https://jira.example.com/browse/' }",
            "tickets.url: leads to no ticket; write https://",
        ),
        ("{ url: 'https://{ticket}/x' }", "tickets.url: leads to no ticket; write https://"),
        ("{ url: 'javascript:{ticket}' }", "tickets.url: leads to no ticket; write https://"),
        ("{ pattern: x }", "tickets.pattern: no such key"),
    ],
)
def test_a_slip_is_told_with_its_path(text: str, told: str) -> None:
    team, mistakes = read(text)

    assert team is None
    assert len(mistakes) == 1
    assert mistakes[0].lower().startswith(told.lower()), mistakes
