"""Who gets a flag: the same people every time, more of them as its share rises, and the same ones as flagd draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.stages.flags.model.evaluate import Asked, Evaluator, cbor_text
from bot.stages.flags.model.flag import OFF, ON, Serving
from bot.stages.flags.model.segment import EVERYBODY, read_segment
from bot.stages.flags.model.share import WHOLE
from bot.vendors.flagd.bucketing import murmur3

QUARTER = Serving(2_500)
BETA = read_segment("plan = pro", {})


def ask(serving: Serving, key: str = "rollout", /, **traits: object):
    return Evaluator(key, serving, murmur3).ask(Asked(traits))


def is_on(serving: Serving, user: str, **traits: object) -> bool:
    return ask(serving, targetingKey=user, **traits).is_on


def test_the_same_users_as_flagds_own_clients_draw() -> None:
    drawn = [n for n in range(40) if is_on(QUARTER, f"user-{n}")]

    assert drawn == [3, 6, 12, 16, 25, 27, 29, 35]
    assert sum(is_on(QUARTER, f"user-{n}") for n in range(2_000)) == 469


@given(st.text(min_size=1), st.text(min_size=1), st.integers(0, WHOLE), st.integers(0, WHOLE))
def test_a_higher_share_keeps_everybody_who_was_in(key: str, user: str, one: int, other: int) -> None:
    low, high = sorted((one, other))
    lower, higher = (ask(Serving(share), key, targetingKey=user) for share in (low, high))

    assert higher.is_on or not lower.is_on
    assert ask(Serving(low), key, targetingKey=user) == lower


def test_two_flags_draw_different_people() -> None:
    both = [
        tuple(ask(Serving(5_000), key, targetingKey=f"user-{n}").is_on for n in range(200)) for key in ("a", "b")
    ]
    assert 60 < sum(one == other for one, other in zip(*both, strict=True)) < 140


@pytest.mark.parametrize(
    ("serving", "traits", "reason", "on"),
    [
        (ON, {}, "STATIC", True),
        (OFF, {}, "STATIC", False),
        (Serving(WHOLE, BETA), {"plan": "pro"}, "TARGETING_MATCH", True),
        (Serving(WHOLE, BETA), {"plan": "free"}, "DEFAULT", False),
        (Serving(2_500, BETA), {"plan": "free", "targetingKey": "user-3"}, "DEFAULT", False),
        (Serving(2_500, BETA), {"plan": "pro", "targetingKey": "user-3"}, "SPLIT", True),
        (Serving(2_500, BETA), {"plan": "pro", "targetingKey": "user-4"}, "SPLIT", False),
        (Serving(2_500, always=BETA), {"plan": "pro", "targetingKey": "user-4"}, "TARGETING_MATCH", True),
        (Serving(2_500, always=BETA), {"plan": "free", "targetingKey": "user-4"}, "SPLIT", False),
        (Serving(0, always=BETA), {"plan": "free"}, "DEFAULT", False),
    ],
)
def test_what_comes_out_and_why(serving: Serving, traits: dict, reason: str, on: bool) -> None:
    verdict = ask(serving, **traits)
    assert (verdict.reason, verdict.is_on) == (reason, on)


@pytest.mark.parametrize("given", [None, "", 7, ["x"], "\ud83d"])
def test_nobody_without_a_targeting_key_is_in_a_share(given: object) -> None:
    verdict = ask(Serving(WHOLE - 1), targetingKey=given)

    assert (verdict.is_on, verdict.reason) == (False, "DEFAULT")
    assert "targetingKey" in verdict.note


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 65_535, 65_536])
def test_a_text_is_written_as_cbor_says(size: int) -> None:
    cbor2 = pytest.importorskip("cbor2")  # comes with flagd's own client
    assert cbor_text("x" * size) == cbor2.dumps("x" * size, canonical=True)


SEGMENTS = (EVERYBODY, BETA, read_segment("country = DE", {}))
SERVINGS = st.builds(
    Serving,
    st.sampled_from((0, 1_000, 5_000, WHOLE)),
    st.sampled_from(SEGMENTS),
    st.sampled_from((None, *SEGMENTS[1:])),
)


@given(SERVINGS, SERVINGS, st.text(min_size=1), st.sampled_from(("pro", "free")), st.sampled_from(("DE", "AT")))
def test_nobody_within_is_left_out(less: Serving, more: Serving, user: str, plan: str, country: str) -> None:
    has, gets = (ask(one, targetingKey=user, plan=plan, country=country).is_on for one in (less, more))

    assert gets or not has or not less.is_within(more)


@pytest.mark.parametrize(
    ("less", "more", "told"),
    [
        (OFF, QUARTER, True),
        (QUARTER, OFF, False),
        (QUARTER, ON, True),
        (ON, QUARTER, False),
        (QUARTER, Serving(5_000), True),
        (Serving(2_500, BETA), QUARTER, True),
        (QUARTER, Serving(WHOLE, BETA), False),
        (Serving(WHOLE, BETA), Serving(2_500, BETA), False),
        (Serving(2_500, always=BETA), Serving(5_000), False),
        (Serving(2_500, always=BETA), Serving(5_000, always=BETA), True),
        (Serving(0, always=BETA), Serving(0, always=BETA), True),
    ],
)
def test_whether_it_reaches_nobody_else(less: Serving, more: Serving, told: bool) -> None:
    assert less.is_within(more) is told
