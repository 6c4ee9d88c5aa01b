"""What a webhook source is: who signs how, what names a delivery, and what it means in our words."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.core.events import Event
from bot.core.team import Team
from bot.vendors.kit import json_text

# Alertmanager sends a whole group in one body, about 510 bytes an alert: 10,000 alerts are 5 MB. GitHub's largest push
# names 2,048 commits, about 2 MB.
BODY_MAX = 6 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request from a source, raw. Header names are in lower case; ``source`` is its path after ``/hooks/``."""

    source: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Weight:
    """What of a delivery is known before it is worked on. Those ``about`` the same keep their order.

    Attributes:
        about: what names the group of alerts, of the same source; "" where there is none.
        urgent: whether it goes before others, with what came before it about the same.
    """

    about: str = ""
    urgent: bool = False


ORDINARY = Weight()


class UnknownSource(Exception):
    """A delivery of a source that this version does not have, or has no more; it is kept for one that has."""


class MalformedPayload(Exception):
    """A body that is JSON but not what this source sends; ``path`` is the field's, ``problem`` what is wrong."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class Unreachable(Exception):
    """What a delivery needs from the network cannot be had now; its sender is asked to send it again."""


class Fetch(Protocol):
    """The port through which a source may look something up while its sender waits."""

    async def __call__(self, url: str) -> bytes:
        """What an https address holds. Raises ``Unreachable``."""
        ...


Verify: TypeAlias = Callable[[Mapping[str, str], bytes, str], bool]
Admit: TypeAlias = Callable[[Mapping[str, str], bytes, bool, Fetch, datetime], Awaitable[bool]]
Parse: TypeAlias = Callable[[Delivery], list[Event]]
Weigh: TypeAlias = Callable[[Delivery, Any], Weight]
Identify: TypeAlias = Callable[[Mapping[str, str], bytes], str]


def hmac_sha256(header: str, prefix: str = "") -> Verify:
    """The header holds the hexadecimal HMAC of the bytes received, after this prefix."""

    def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        want = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return _same(want, headers.get(header, ""))

    return verify


@dataclass(frozen=True, slots=True)
class ByHeaders:
    """A proof that stands in the headers alone, so that it is asked for before the body is read."""

    proves: Callable[[Mapping[str, str], str], bool]

    def __call__(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """As every ``Verify``."""
        del body
        return self.proves(headers, secret)


def token_header(header: str) -> ByHeaders:
    """The header holds the secret itself, so that nothing but TLS keeps it secret on its way."""
    return ByHeaders(lambda headers, secret: _same(secret, headers.get(header, "")))


def bearer_or_basic() -> ByHeaders:
    """The secret is the bearer token, or the password of HTTP basic authentication (the user does not matter)."""

    def proves(headers: Mapping[str, str], secret: str) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return _same(secret, given.strip())

    return ByHeaders(proves)


def _same(want: str, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(want.encode(), given.encode())


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
        keeps: how the names of those headers begin that ``parse`` reads; others are not stored, a proxy's least of all.
        admit: where the network is needed to tell whether a delivery is genuine: gets headers, body, whether
            the secret proved it, and what fetches; says whether it is taken. Raises ``Unreachable``.
        of_team: where the team file sets it up: its forms by their path after ``/hooks/``, none where it does not.
        secret_is_optional: whether a delivery can be genuine without a secret (``admit`` says so then).
        body_max: bytes of a body that are read.
        values_max: values of a body that are read; see ``bot.vendors.kit.json_text``.
        weigh: whether it is urgent; gets what ``parse`` will get, and the JSON of the body. Pure and cheap, since its
            sender waits, and it never raises.
    """

    name: str
    title: str
    how_to: str
    verify: Verify
    identify: Identify
    parse: Parse
    keeps: tuple[str, ...] = ()
    admit: Admit | None = None
    of_team: Callable[[Team], Mapping[str, "Source"]] | None = None
    secret_is_optional: bool = False
    body_max: int = BODY_MAX
    values_max: int = json_text.VALUES_MAX
    weigh: Weigh | None = None

    @property
    def secret_variable(self) -> str:
        """The environment variable that holds the secret."""
        return f"EIGHTBELLS_HOOK_SECRET_{self.name.upper()}"


def for_team(sources: Mapping[str, Source], team: Team) -> dict[str, Source]:
    """The sources as this team uses them, by their path after ``/hooks/``."""
    found: dict[str, Source] = {}
    for name, source in sources.items():
        found |= {name: source} if source.of_team is None else source.of_team(team)
    return found


class Model(BaseModel):
    """What a body is read as. Built when the first body comes: most teams hear few of the sources."""

    model_config = ConfigDict(defer_build=True)


M = TypeVar("M", bound=BaseModel)


def read(model: type[M], body: bytes | Mapping[str, Any], at: str = "") -> M:
    """The body as this model. Raises ``MalformedPayload`` naming the first field that is wrong, below ``at``."""
    try:
        return model.model_validate(body if isinstance(body, Mapping) else loaded(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        steps = [at, *(str(part) for part in first["loc"])]
        raise MalformedPayload(".".join(step for step in steps if step), first["msg"]) from None


def loaded(body: bytes | str, at: str = "") -> Any:
    """What JSON holds. Raises ``MalformedPayload``."""
    try:
        return json_text.loaded(body)
    except json_text.TooMuch as problem:
        raise MalformedPayload(at, str(problem)) from None
    except ValueError:
        raise MalformedPayload(at, "it is not JSON" if at else "the body is not JSON") from None


def an_object(value: Any, at: str = "") -> dict[str, Any]:
    """The value as what has fields. Raises ``MalformedPayload``."""
    if not isinstance(value, dict):
        raise MalformedPayload(at, "it should be an object" if at else "the body should be an object")
    return value
