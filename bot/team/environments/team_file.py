"""The team file's ``environments``: in which order a version travels, and what has to be so before it starts."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bot.core.freezes import Moment, Window
from bot.core.incident_severity import IncidentSeverity
from bot.core.refusals import NotUnderstood
from bot.core.team import Environment, IncidentHold
from bot.sections.mistakes import Found
from bot.sections.parts import Duration, Part, Several


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is no zone; write one such as Europe/Berlin") from None
    return value


def _moment(value: object) -> object:
    """YAML reads ``2026-12-20`` as a date."""
    text = str(value)
    try:
        Moment.read(text)
    except NotUnderstood as fault:
        raise ValueError(fault.sentence[:1].lower() + fault.sentence[1:]) from None
    return text


def _severity(value: str) -> str:
    known = [str(one) for one in IncidentSeverity]
    if value not in known:
        raise ValueError(f"{value!r} is no severity; there is {', '.join(known)}")
    return value


When = Annotated[str, BeforeValidator(_moment)]
Zone = Annotated[str, AfterValidator(_zone)]


class FreezePart(Part):
    """A stretch of every week, or one of the year, in which nothing new is deployed."""

    name: str = Field(min_length=1, max_length=60)
    from_: When = Field(alias="from")
    until: When
    zone: Zone = "UTC"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        try:
            self.window()
        except NotUnderstood as fault:
            raise ValueError(fault.sentence) from None
        return self

    def window(self) -> Window:
        """The domain's."""
        return Window(self.name, Moment.read(self.from_), Moment.read(self.until), self.zone)


class IncidentsPart(Part):
    """Which open incidents of a service keep it still."""

    severity: Annotated[str, AfterValidator(_severity)] = "major"
    do: Literal["warn", "hold"] = "warn"


class EnvironmentPart(Part):
    """An environment; those without ``order`` travel in the order of the file."""

    order: int | None = None
    approvals: int = Field(0, ge=0, le=20)
    expires_after: Duration = timedelta(hours=4)
    after: str = ""
    soak: Duration = timedelta()
    checks: Several = Field(default_factory=list)
    watch: Duration = timedelta(minutes=15)
    freezes: list[FreezePart] = Field(default_factory=list[FreezePart])
    incidents: IncidentsPart = IncidentsPart()

    def environment(self, name: str, order: int) -> Environment:
        """The domain's."""
        return Environment(
            name,
            order,
            self.approvals,
            self.expires_after,
            self.after,
            self.soak,
            tuple(self.checks),
            self.watch,
            tuple(part.window() for part in self.freezes),
            IncidentHold(self.incidents.severity, self.incidents.do == "hold"),
        )


def environment_mistakes(environments: dict[str, EnvironmentPart], known: set[str]) -> Found:
    """What each is fine with and all together are not; ``known`` are all that the file names."""
    for name, part in environments.items():
        if part.after and part.after not in known:
            there = ", ".join(sorted(known - {name})) or "no other"
            yield ("environments", name, "after"), f"no environment {part.after}; there is {there}"
        elif _comes_back(environments, name):
            yield ("environments", name, "after"), "comes after itself, so nothing could ever be deployed there"
        if part.soak and not part.after:
            yield (
                ("environments", name, "soak"),
                "needs `after`: the environment in which a commit has to have been",
            )
        taken: set[str] = set()
        for number, freeze in enumerate(part.freezes):
            if freeze.name in taken:
                yield ("environments", name, "freezes", number, "name"), f"another one is called {freeze.name}"
            taken.add(freeze.name)


def _comes_back(environments: dict[str, EnvironmentPart], name: str) -> bool:
    seen, at = {name}, environments[name].after
    while at in environments:
        if at in seen:
            return True
        seen.add(at)
        at = environments[at].after
    return False
