"""CDEvents, as CloudEvents over HTTP: structured, binary, in batches, or plain as CI systems post them.

https://cdevents.dev and https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md
"""

import json
from collections.abc import Callable
from typing import Any

from bot.core.events import Event
from bot.vendors.cdevents.meaning import events
from bot.vendors.kit.webhooks import (
    Delivery,
    MalformedPayload,
    Source,
    an_object,
    bearer_or_basic,
    by_header,
    loaded,
)


def parse(delivery: Delivery) -> list[Event]:
    """What each event of the body means, in its order."""
    if any(name.startswith("ce-") for name in delivery.headers):
        return events(_binary(delivery), delivery, "")
    body = loaded(delivery.body)
    if isinstance(body, list):
        return [
            event
            for number, each in enumerate(body)
            for event in events(_structured(each, f"{number}"), delivery, f"{number}.data")
        ]
    whole = an_object(body)
    if "specversion" not in whole and ("context" in whole or isinstance(whole.get("subject"), dict)):
        # A CDEvent by itself; a CloudEvent's subject is a word.
        return events(whole, delivery, "")
    return events(_structured(whole, ""), delivery, "data")


def _binary(delivery: Delivery) -> dict[str, Any]:
    """The body is the data, the headers are the rest."""
    from cloudevents.core.bindings.http import HTTPMessage, from_binary_event  # noqa: PLC0415  slow to load

    # Their instant is not read: a CDEvent has its own.
    headers = {name: value for name, value in delivery.headers.items() if name != "ce-time"}
    data = _made(lambda: from_binary_event(HTTPMessage(headers, delivery.body)).get_data(), "")
    return an_object(data)


def _structured(value: Any, at: str) -> dict[str, Any]:
    """The data of one event that is an object by itself."""
    from cloudevents.core.formats.json import JSONFormat  # noqa: PLC0415  slow to load

    attributes = {name: each for name, each in an_object(value, at).items() if name != "time"}
    data = _made(lambda: JSONFormat().read(None, json.dumps(attributes)).get_data(), at)
    where = f"{at}.data" if at else "data"
    return an_object(loaded(data, where) if isinstance(data, bytes) else data, where)


def _made(make: Callable[[], Any], at: str) -> Any:
    from cloudevents.core.exceptions import BaseCloudEventException, CloudEventValidationError  # noqa: PLC0415

    try:
        return make()
    except CloudEventValidationError as wrong:
        name, problems = next(iter(wrong.errors.items()))
        raise MalformedPayload(f"{at}.{name}" if at else name, str(problems[0])) from None
    # The library takes for granted that values are of the right type.
    except (BaseCloudEventException, ValueError, TypeError, AttributeError, RecursionError) as wrong:
        raise MalformedPayload(at, f"this is no CloudEvent ({wrong})") from None


source = Source(
    name="cdevents",
    title="CDEvents",
    how_to="Send CDEvents as CloudEvents over HTTP (structured, binary or batched), or as they are, to the address "
    "with `Authorization: Bearer <secret>`.",
    verify=bearer_or_basic(),
    identify=by_header("ce-id"),
    parse=parse,
    keeps=("ce-",),
    body_max=1 * 1024 * 1024,  # one event; brokers forward 64 KB
)
