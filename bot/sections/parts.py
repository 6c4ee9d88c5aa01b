"""The team file's shape, as people write it; ``team_file`` makes the domain's ``Team`` of it."""

import re
from datetime import time, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.core.deploy_targets import PLACEHOLDERS
from bot.core.stages import Stage

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|w)")
_UNITS = {
    "s": "seconds",
    "sec": "seconds",
    "m": "minutes",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
_CHANNEL = re.compile(r"#[^\s#@,.<>A-Z]{1,80}|[CG][A-Z0-9]{4,}")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
CHANNEL_KEYS = ("default", "standup", *(stage.value for stage in Stage))


def duration(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("write a duration with its unit, such as 15m or 4h")
    found = _DURATION.findall(value)
    if not found or _DURATION.sub("", value).strip():
        raise ValueError(f"{value!r} is no duration; write 45s, 15m, 4h, 2d or 1h 30m")
    try:
        return sum((timedelta(**{_UNITS[unit]: float(amount)}) for amount, unit in found), timedelta())
    except OverflowError:
        raise ValueError(f"{value!r} is too long for a duration") from None


def clock(value: object) -> object:
    """A time of day as people write it. Raises ``ValueError``."""
    # YAML reads an unquoted 10:30 as a number in base 60, which is the minute of the day.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return time(value // 60, value % 60)
    if isinstance(value, str) and re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value):
        hour, minute = value.split(":")
        return time(int(hour), int(minute))
    raise ValueError(f'{value!r} is no time of day; write it in quotes, such as "09:30"')


def _channel(value: str) -> str:
    if not _CHANNEL.fullmatch(value):
        raise ValueError(f"{value!r} is no channel; write #name in quotes, as Slack shows it, or its id")
    return value


def _member_id(value: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{2,}", value):
        raise ValueError(f"{value!r} is no member id; those begin with U or W (profile, “Copy member ID”)")
    return value


def _slug(value: str) -> str:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", value):
        raise ValueError(f"{value!r} is no repository on GitHub; write owner/name")
    return value


def _project(value: str) -> str:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+", value):
        raise ValueError(f"{value!r} is no project on GitLab; write its path, such as group/name or group/sub/name")
    return value


def _address(value: str) -> str:
    if not re.match(r"https?://[^/]", value):
        raise ValueError("is no address; write https://…")
    return value.rstrip("/")


def _web_host(value: str) -> str:
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*(:[0-9]{1,5})?", value):
        raise ValueError(f"{value!r} is no host; write it as it stands in addresses of pages: git.example.com")
    return value.casefold()


def _argument(value: object) -> object:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(text, str):
        for name in _PLACEHOLDER.findall(text):
            if name not in PLACEHOLDERS:
                raise ValueError(f"{{{name}}} is never filled in; there is {', '.join(sorted(PLACEHOLDERS))}")
    return text


def one_or_more(value: object) -> object:
    """A single word in short for a list of one."""
    return [value] if isinstance(value, str) else value


def repository_in(value: object) -> object:
    """``org/web`` in short for ``{github: org/web}``, ``gitlab:org/web`` for ``{gitlab: org/web}``; anything that
    looks like a path is a local repository.
    """
    if isinstance(value, str) and value.startswith("gitlab:"):
        return {"gitlab": value.removeprefix("gitlab:")}
    if isinstance(value, str):
        return {"git": value} if value.startswith((".", "/", "~")) else {"github": value}
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
Channel = Annotated[str, AfterValidator(_channel)]
MemberId = Annotated[str, AfterValidator(_member_id)]
Slug = Annotated[str, AfterValidator(_slug)]
ProjectPath = Annotated[str, AfterValidator(_project)]
WebHost = Annotated[str, AfterValidator(_web_host)]
Address = Annotated[str, AfterValidator(_address)]
Several = Annotated[list[str], BeforeValidator(one_or_more)]
Argument = Annotated[str, BeforeValidator(_argument)]


class Part(BaseModel):
    """A part of the file, in which an unknown key is a mistake."""

    # Only the whole file is ever read, so that its parts need no reader of their own.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class PersonPart(Part):
    """Somebody, under the name that the rest of the file uses as ``@name``."""

    slack: MemberId
    github: str | None = None
    gitlab: str | None = None


class RepositoryPart(Part):
    """Where a service's code lives."""

    git: str | None = None
    github: Slug | None = None
    github_api: Address = "https://api.github.com"
    gitlab: ProjectPath | None = None
    gitlab_api: Address = "https://gitlab.com/api/v4"
    web_host: WebHost = ""

    @model_validator(mode="after")
    def _one_host(self) -> Self:
        if self.github and self.gitlab:
            raise ValueError("name the repository on GitHub or the project on GitLab, not both")
        return self


class RulePart(Part):
    """Who may do what, and where."""

    name: str | None = None
    verbs: Several = Field(min_length=1)
    environments: Several = []
    roles: Several = Field(min_length=1)
