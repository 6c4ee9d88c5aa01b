"""Approvals as tables: (votes so far, decision, by, when) gives the vote or the refusal."""

from datetime import timedelta

import pytest

from bot.core.approvals import Approval, Decision
from bot.core.refusals import NotAllowed, Stale
from tests.example_team import ANA, LUIS, MEI, NOON, TOM

APPROVE, REFUSE = Decision.APPROVE, Decision.REFUSE
PEOPLE = {"ana": ANA, "luis": LUIS, "mei": MEI, "tom": TOM}
WHAT = "web v1.4.0 to production"


def asked(needed: int, *votes: tuple[Decision, str]) -> Approval:
    approval = Approval(TOM.id, needed, NOON + timedelta(hours=4))
    for decision, by in votes:
        approval = approval.decide(decision, PEOPLE[by], NOON, WHAT)
    return approval


@pytest.mark.parametrize(
    ("needed", "votes", "decision", "by", "missing", "given"),
    [
        (1, [], APPROVE, "ana", 0, True),
        (2, [], APPROVE, "ana", 1, False),
        (2, [(APPROVE, "ana")], APPROVE, "luis", 0, True),
        (3, [(APPROVE, "ana"), (APPROVE, "luis")], APPROVE, "mei", 0, True),
        (1, [], REFUSE, "ana", 1, False),
        (2, [(APPROVE, "ana")], REFUSE, "luis", 1, False),
    ],
)
def test_a_vote_counts(needed, votes, decision, by, missing, given):
    approval = asked(needed, *votes).decide(decision, PEOPLE[by], NOON, WHAT)

    assert (approval.missing, approval.is_given) == (missing, given)
    assert approval.votes[-1].by == PEOPLE[by].id


@pytest.mark.parametrize(
    ("needed", "votes", "decision", "by", "after", "refusal", "says"),
    [
        (1, [], APPROVE, "tom", 0, NotAllowed, "somebody else has to decide"),
        (1, [], REFUSE, "tom", 0, NotAllowed, "cancel the request"),
        (2, [(APPROVE, "ana")], APPROVE, "ana", 0, NotAllowed, "one person counts once. It needs 1 more"),
        (2, [(APPROVE, "ana")], REFUSE, "ana", 0, NotAllowed, "approved .* already"),
        (1, [(APPROVE, "ana")], APPROVE, "luis", 0, Stale, "has all its approvals"),
        (2, [(REFUSE, "ana")], APPROVE, "luis", 1, Stale, "refused by Ana 1 h ago"),
        (1, [], APPROVE, "ana", 4, Stale, "lapsed 0 s ago"),
        (1, [], APPROVE, "ana", 5, Stale, "lapsed 1 h ago"),
    ],
)
def test_a_vote_does_not_count(needed, votes, decision, by, after, refusal, says):
    approval = asked(needed, *votes)

    with pytest.raises(refusal, match=says):
        approval.decide(decision, PEOPLE[by], NOON + timedelta(hours=after), WHAT)
