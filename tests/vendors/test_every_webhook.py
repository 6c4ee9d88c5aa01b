"""What holds for every source, by being there: signatures, hostile bodies, and the deliveries that were captured."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import discovery
from bot.core.events import AlertFired, AlertResolved
from bot.vendors.kit.webhooks import Delivery, MalformedPayload
from tests.vendors import captured

# What is answered, and leads to nothing: GitHub's greeting.
SILENT = {("github", "ping")}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
each_delivery = pytest.mark.parametrize(("folder", "name"), captured.names())
any_delivery = st.sampled_from(captured.names())


def parsed(delivery: Delivery) -> list[Any]:
    return captured.SOURCES[delivery.source].parse(delivery)


def paths_of(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path into a JSON value, but not into the second and later items of a list."""
    if at:
        yield at
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths_of(inner, (*at, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with something else at this path (``...`` takes it away)."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if new is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return copy


def problem_of(delivery: Delivery) -> MalformedPayload | None:
    """What a source finds wrong with a delivery; any other exception is a failed test."""
    try:
        parsed(delivery)
    except MalformedPayload as problem:
        return problem
    return None


def test_every_source_has_captured_deliveries_each_with_a_title() -> None:
    assert {folder for folder, _ in captured.names()} == set(discovery.sources())
    titles = [captured.text(*each).split("\n", 1)[0] for each in captured.names()]
    assert [title for title in titles if not title.startswith("# ")] == []
    assert len(set(titles)) == len(titles)


@each_delivery
def test_a_captured_delivery_is_signed_and_understood(folder: str, name: str) -> None:
    received = captured.delivery(folder, name)
    events = parsed(received)

    assert captured.SOURCES[received.source].verify(received.headers, received.body, captured.SECRET)
    assert bool(events) is ((folder, name) not in SILENT)


@each_delivery
def test_a_wrong_secret_a_changed_body_or_no_signature_is_not_verified(folder: str, name: str) -> None:
    received = captured.delivery(folder, name)
    verify = captured.SOURCES[received.source].verify
    signs = ("authorization", "signature", "token")
    proofs = [header for header in received.headers if any(sign in header for sign in signs)]
    unsigned = {header: value for header, value in received.headers.items() if header not in proofs}

    assert not verify(received.headers, received.body, "another")
    assert not verify(unsigned, received.body, captured.SECRET)
    for garbage in ("", "v1=", "Bearer", "Basic %%%", "Basic Zm9v", "sha256=\xe9", ",,,", "\x00"):
        assert not verify(unsigned | dict.fromkeys(proofs, garbage), received.body, captured.SECRET)
    if any("signature" in header for header in proofs):
        assert not verify(received.headers, received.body + b" ", captured.SECRET)


@each_delivery
def test_a_delivery_is_named_and_sent_again_it_is_the_same(folder: str, name: str) -> None:
    received = captured.delivery(folder, name)
    identify = captured.SOURCES[received.source].identify

    assert identify(received.headers, received.body) == identify(received.headers, received.body) != ""
    assert identify({}, b"\xff not json") != ""


@each_delivery
def test_no_proof_is_stored_and_what_is_stored_is_enough(folder: str, name: str) -> None:
    received = captured.delivery(folder, name)
    keeps = (*captured.SOURCES[received.source].keeps, "content-type", "user-agent")
    kept = {header: value for header, value in received.headers.items() if header.startswith(keeps)}
    kept = {header: value for header, value in kept.items() if "signature" not in header and "token" not in header}

    assert parsed(replace(received, headers=kept)) == parsed(received)
    assert captured.SECRET not in str(kept)


@each_delivery
def test_a_missing_or_wrong_field_names_its_path_or_does_no_harm(folder: str, name: str) -> None:
    received = captured.delivery(folder, name)
    body = json.loads(received.body)
    refused = 0
    for path in paths_of(body):
        for new in (..., None, 7, [], {"a": 1}, "x", ["x"], True):
            problem = problem_of(replace(received, body=json.dumps(changed(body, path, new)).encode()))
            if problem is not None:
                refused += 1
                assert problem.problem
                # Of the team's own readings it is the expression that is named.
                assert problem.path.split(".")[0] in ("sources", *map(str, path), str(path[0]))
    assert refused or (folder, name) in SILENT


@given(st.binary(max_size=200), any_delivery)
def test_any_bytes_are_malformed_or_understood(body: bytes, which: tuple[str, str]) -> None:
    problem_of(replace(captured.delivery(*which), body=body))


@given(JSON, any_delivery)
def test_any_json_is_malformed_or_understood(value: Any, which: tuple[str, str]) -> None:
    problem_of(replace(captured.delivery(*which), body=json.dumps(value).encode()))


@given(JSON, any_delivery, st.data())
def test_any_value_anywhere_is_malformed_or_understood(value: Any, which: tuple[str, str], data: Any) -> None:
    received = captured.delivery(*which)
    body = json.loads(received.body)
    path = data.draw(st.sampled_from(list(paths_of(body))))
    problem_of(replace(received, body=json.dumps(changed(body, path, value)).encode()))


@pytest.mark.parametrize("folder", sorted(discovery.sources()))
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deeply_nested_json_is_malformed_and_not_a_crash(folder: str, opening: bytes) -> None:
    names = [name for of, name in captured.names() if of == folder and (of, name) not in SILENT]
    received = captured.delivery(folder, names[0])

    assert problem_of(replace(received, body=opening * 100_000)) is not None


@each_delivery
def test_an_alert_is_known_by_its_fingerprint_and_belongs_to_a_group(folder: str, name: str) -> None:
    for event in parsed(captured.delivery(folder, name)):
        if isinstance(event, AlertFired | AlertResolved):
            assert event.fingerprint
            assert event.group
            assert event.labels["alertname"]
            assert all(isinstance(value, str) for value in (*event.labels.values(), *event.annotations.values()))


@each_delivery
def test_alerts_of_the_demo_belong_to_a_service_of_the_demo(folder: str, name: str) -> None:
    for event in parsed(captured.delivery(folder, name)):
        if isinstance(event, AlertFired | AlertResolved):
            assert event.labels.get("service") in ("web", "payments")
            assert event.annotations.get("summary")
