"""flagd's file serves the same people as we do: OpenFeature's own client reads it and is asked about the same users."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext

from bot.core.refusals import Refusal
from bot.stages.flags.model.evaluate import Asked, Evaluator
from bot.stages.flags.model.flag import Flag, Place, Serving
from bot.stages.flags.model.segment import EVERYBODY, ORDERS, TARGETING_KEY, How, Segment, read_segment
from bot.stages.flags.model.share import WHOLE
from bot.vendors.flagd import file as flagd_file
from bot.vendors.flagd.bucketing import murmur3
from tests.fakes import NOON, TOM

User = Mapping[str, Any]
WHERE = "production"


def ours(servings: Sequence[Serving], users: Sequence[User]) -> list[list[bool]]:
    """Of each user, which of the flags they get from us."""
    asking = [Evaluator(f"flag-{at}", serving, murmur3).ask for at, serving in enumerate(servings)]
    return [[ask(Asked(user)).is_on for ask in asking] for user in users]


def flagds(servings: Sequence[Serving], users: Sequence[User], folder: Path) -> list[list[bool]]:
    """The same, as flagd's client has it from the file."""
    flags = [
        Flag.make(f"flag-{at}", TOM, NOON).put(WHERE, Place(serving, NOON)) for at, serving in enumerate(servings)
    ]
    flagd_file.write(folder, WHERE, flagd_file.document(flags, WHERE))
    path = str(flagd_file.path_of(folder, WHERE))
    api.set_provider_and_wait(
        FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=path, deadline_ms=50)
    )
    try:
        client = api.get_client()
        contexts = [
            EvaluationContext(user.get(TARGETING_KEY), {name: user[name] for name in user if name != TARGETING_KEY})
            for user in users
        ]
        # A client that fails answers with the default; so it is asked with both.
        return [
            [
                client.get_boolean_value(one.id, True, context) and client.get_boolean_value(one.id, False, context)
                for one in flags
            ]
            for context in contexts
        ]
    finally:
        api.shutdown()
        api.clear_providers()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """flagd's client logs each user without a key, and each version that is none."""
    caplog.set_level(logging.CRITICAL, logger="openfeature.contrib")


@pytest.mark.parametrize(
    ("text", "told", "within"),
    [
        ("age < 18", 0, True),
        ("age > -1", 0, True),
        ("age < 18", False, True),
        ("age < 18", None, False),
        ("age < 18", "0", True),
        ("age < 18", "1e1", True),
        ("age < 18", [17], True),
        ("beta != true", False, True),
        ("beta != true", 1, True),
        ("beta != true", None, False),
        ("beta = true", True, True),
        ("beta = true", "true", True),
        ("beta = true", 1, False),
        ("n in 0, 1", 0, True),
        ("n in 0, 1", "0", True),
        ("n in 0, 1", 1.0, True),
        ("n in 0, 1", False, False),
        ("n not in 0, 1", True, True),
        ("n != 0", 0, False),
        ("country != DE", ["DE"], True),
        ("country in DE, true", "true", True),
        ("version >= 2.4.0", "2.04.0", False),
        ("version >= 2.4.0", "2.4.0-01", False),
        ("version >= 2.4.0", "v2.10", True),
        ("version >= 2.4.0", 3, True),
        ("version >= 2.4.0", 2.5, True),
        ("version < 2.4.0", True, False),
        ("version >= 2.4.0", "2.4.0+build..1", False),
        ("version >= 2.4.0", "12345678901.0.0", True),
    ],
)
def test_both_say_who_is_within(text: str, told: object, within: bool, tmp_path: Path) -> None:
    serving = Serving(WHOLE, read_segment(text, {}))
    users = [{TARGETING_KEY: "ana", text.partition(" ")[0]: told}]

    assert (ours([serving], users), flagds([serving], users, tmp_path)) == ([[within]], [[within]])


@pytest.mark.parametrize("key", [None, "", "\ud83d"])
def test_nobody_without_a_targeting_key_is_in_a_share(key: str | None, tmp_path: Path) -> None:
    servings = [Serving(WHOLE - 1), Serving(WHOLE - 1, read_segment("plan = pro", {}))]
    users = [{TARGETING_KEY: key, "plan": "pro"}]

    assert ours(servings, users) == flagds(servings, users, tmp_path) == [[False, False]]


WORDS = (
    "0",
    "1",
    "-1",
    "18",
    "2.5",
    "1.0",
    "007",
    "true",
    "false",
    "True",
    "DE",
    "2.4.0",
    "v3",
    "3.0.0-rc.1",
    "2.04",
)
ATTRIBUTES = ("age", "version", "user")
WRITTEN = st.sampled_from(WORDS) | st.text("0123456789.-+eEvrcDA", min_size=1, max_size=6)


@st.composite
def segments(draw: Callable[..., Any]) -> Segment:
    """One that can be written; what is refused is no segment."""
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        how = draw(st.sampled_from(How))
        most = 3 if how in (How.IN, How.NOT_IN) else 1
        values = draw(st.lists(WRITTEN, min_size=1, max_size=most))
        if how in ORDERS and draw(st.booleans()):
            values = [draw(st.sampled_from(("0", "1", "18", "2.5", "2.4.0", "v3", "3.0.0-rc.1")))]
        parts.append(f"{draw(st.sampled_from(ATTRIBUTES))} {how} {', '.join(values)}")
    try:
        return read_segment(" and ".join(parts), {})
    except Refusal:
        return EVERYBODY


TOLD_ONE = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, 1, -0.0, 1.0, 2.4, 17, 3)),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(WORDS),
    st.text("0123456789.-+eEvrcDA ", max_size=8),
)
TOLD = st.one_of(TOLD_ONE, st.lists(TOLD_ONE, max_size=2), st.lists(st.lists(TOLD_ONE, max_size=1), max_size=1))
SHARES = st.sampled_from((0, 2_500, WHOLE, WHOLE))
ALWAYS = st.none() | segments().filter(lambda one: not one.is_everybody)
SERVINGS = st.builds(Serving, SHARES, st.just(EVERYBODY) | segments(), ALWAYS)
USERS = st.fixed_dictionaries(
    {TARGETING_KEY: st.sampled_from((None, "", "0", "18", "true", "DE", "user-3")) | st.text(max_size=4)},
    optional={"age": TOLD, "version": TOLD | st.fixed_dictionaries({"number": TOLD})},
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(servings=st.lists(SERVINGS, min_size=5, max_size=12), users=st.lists(USERS, min_size=5, max_size=12))
def test_any_segment_and_any_user(
    servings: list[Serving], users: list[User], tmp_path_factory: pytest.TempPathFactory
) -> None:
    theirs = flagds(servings, users, tmp_path_factory.mktemp("flags"))
    differing = [
        (str(serving), user, "ours" if mine else "flagd's")
        for user, our_row, their_row in zip(users, ours(servings, users), theirs, strict=True)
        for serving, mine, other in zip(servings, our_row, their_row, strict=True)
        if mine != other
    ]
    assert differing == []
