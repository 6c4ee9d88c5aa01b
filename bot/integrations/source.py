"""What a webhook source is: who signs how, what names a delivery, and what it means in our words."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from bot.domain.events import Event


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request from a source, raw. Header names are in lower case."""

    source: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


class MalformedPayload(Exception):
    """A body that is JSON but not what this source sends; ``path`` is the field's, ``problem`` what is wrong."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


Verify: TypeAlias = Callable[[Mapping[str, str], bytes, str], bool]
Parse: TypeAlias = Callable[[Delivery], list[Event]]
Identify: TypeAlias = Callable[[Mapping[str, str], bytes], str]


def hmac_sha256(header: str, prefix: str = "") -> Verify:
    """The header holds the hexadecimal HMAC of the bytes received, after this prefix."""

    def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        want = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(want.encode(), headers.get(header, "").encode())

    return verify


def bearer_or_basic() -> Verify:
    """The secret is the bearer token, or the password of HTTP basic authentication (the user does not matter)."""

    def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(secret.encode(), given.strip().encode())

    return verify


def by_header(header: str) -> Identify:
    """The sender names its deliveries; one without a name is named after its body."""
    return lambda headers, body: headers.get(header) or by_body(headers, body)


def by_body(headers: Mapping[str, str], body: bytes) -> str:
    """The sender names nothing, so that the same bytes are the same delivery (Alertmanager's re-posts)."""
    del headers
    return hashlib.sha256(body).hexdigest()


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody who sends webhooks to ``/hooks/<name>``; the secret is ``EIGHTBELLS_HOOK_SECRET_<NAME>``.

    Attributes:
        how_to: one sentence for the docs: where to paste the address and the secret.
        parse: pure; raises ``MalformedPayload``. An event kind that we do not use gives an empty list.
    """

    name: str
    title: str
    how_to: str
    verify: Verify
    identify: Identify
    parse: Parse

    @property
    def secret_variable(self) -> str:
        """The environment variable that holds the secret."""
        return f"EIGHTBELLS_HOOK_SECRET_{self.name.upper()}"


M = TypeVar("M", bound=BaseModel)


def read(model: type[M], body: bytes | Mapping[str, Any]) -> M:
    """The body as this model. Raises ``MalformedPayload`` naming the first field that is wrong."""
    try:
        return model.model_validate(body if isinstance(body, Mapping) else json.loads(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise MalformedPayload(".".join(str(part) for part in first["loc"]), first["msg"]) from None
    except (ValueError, RecursionError):
        raise MalformedPayload("", "the body is not JSON") from None
