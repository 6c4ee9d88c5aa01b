"""Tickets of another tracker in what people write in commits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.stages.plan.model.tickets import TICKETS_MAX, tickets_in

KEYS = ("PAY", "WEB2")


@pytest.mark.parametrize(
    ("text", "tickets"),
    [
        ("fix: PAY-123 round half up", ("PAY-123",)),
        ("PAY-7: x\n\nSee https://jira.example.com/browse/WEB2-9.", ("PAY-7", "WEB2-9")),
        ("Merge branch 'feature/PAY-12-one-step'", ("PAY-12",)),
        ("PAY-1, PAY-1 and (PAY-1)", ("PAY-1",)),
        ("#45 C-41 OPS-1 pay-123 XPAY-1 UTF-8 SUB-PAY-1 PAY-0 PAY-12x PAY-1234567890", ()),
    ],
)
def test_what_is_a_ticket(text: str, tickets: tuple[str, ...]) -> None:
    assert tickets_in([text], KEYS) == tickets


def test_only_so_many_are_kept() -> None:
    assert len(tickets_in([" ".join(f"PAY-{n}" for n in range(1, 5_000))], KEYS)) == TICKETS_MAX


def test_without_keys_nothing_is_a_ticket() -> None:
    assert tickets_in(["PAY-1"], ()) == ()


@given(st.text(alphabet="PAYWEB2-_ /1x", max_size=200))
def test_whatever_is_written_only_whole_ids_of_known_projects_come_out(text: str) -> None:
    for ticket in tickets_in([text], KEYS):
        key, _, number = ticket.partition("-")
        assert key in KEYS
        assert number.isdecimal()
        assert ticket in text
