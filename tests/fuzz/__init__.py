"""Fuzzing of every place where somebody else's words come in: bounded, and the same examples in every run."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def fuzz(examples: int) -> settings:
    """So many examples, derived from the test alone: what fails once fails always, on every machine.

    An example that found a fault is kept beside its test as an ``@example``.
    """
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


ODD_TEXTS = (
    *(
        "",
        " ",
        "\x00",
        "\ud800",
        "\u202e",
        "a\u0300\u0316",
        "\ufeff",
        "🏳️‍🌈",
        "٣",
        "²",
        "<!channel>",
        "<@U1|",
        "{x}",
    ),
    *("../..", "-1", "1e400", "NaN", "null", "%s", "true", "2026-13-45", "9" * 400, "a" * 4_000, "INC-1", "\r\n"),
)
ODD_NUMBERS = (0, -1, 2**31, 2**63, 10**30, -(10**400), 1e308, 0.1, float("inf"), float("nan"))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.sampled_from(ODD_NUMBERS), st.sampled_from(ODD_TEXTS), st.text(max_size=8)
)
DEEP: Any = None
for _ in range(60):
    DEEP = [DEEP]
VALUES: st.SearchStrategy[Any] = st.one_of(
    SCALARS,
    st.sampled_from(([], {}, [None], {"": None}, [[]], {"id": {}}, [{"a": 1}], DEEP)),
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(("id", "name", "value", "type", "")), SCALARS, max_size=3),
)


def mutated(value: Any, changes: Any) -> Any:
    """A copy with some of its parts dropped, doubled, or made into something else; ``changes`` draws them."""
    for _ in range(changes.draw(st.integers(1, 3))):
        places = list(_places(value, ()))
        place = changes.draw(st.sampled_from(places))
        value = _changed(value, place, changes)
    return value


def _places(value: Any, at: tuple[Any, ...]) -> Any:
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*at, key))
    elif isinstance(value, list):
        for nth, inner in enumerate(value[:20]):
            yield from _places(inner, (*at, nth))


def _changed(value: Any, place: tuple[Any, ...], changes: Any) -> Any:
    if not place:
        return changes.draw(VALUES)
    step, *rest = place
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[step] = _changed(value[step], tuple(rest), changes)
        return copy
    match changes.draw(st.sampled_from(("drop", "put", "put", "double"))):
        case "drop":
            del copy[step]
        case "double" if isinstance(copy, list):
            copy.append(copy[step])
        case _:
            copy[step] = changes.draw(VALUES)
    return copy
