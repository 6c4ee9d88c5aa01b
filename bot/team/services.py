"""Which service a thing from outside belongs to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from bot.core.events import FromRepository
from bot.core.ports import Work
from bot.core.run_references import GITHUB, GITLAB
from bot.core.team import Team
from bot.team.people.model.presence import Presence

E = TypeVar("E", bound=FromRepository)


def service_of_repository(team: Team, event: FromRepository) -> str | None:
    """The service whose code lives in the repository that an event is of; or None.

    GitHub means its own repositories, GitLab its own projects, and all others either.
    """
    kind = event.source if event.source in (GITHUB, GITLAB) else ""
    host = _told_host(team, event)
    named = (name for name, one in team.services.items() if one.repository.is_named(event.repository, kind, host))
    return next(named, None)


def placed(team: Team, event: E) -> E:
    """The event with the code host that it is of; from one that does not tell, that of the service which it means."""
    host = _told_host(team, event)
    service = None if host else service_of_repository(team, event)
    return replace(event, host=team.services[service].repository.web if service else host)


def is_of_another_host(team: Team, service: str, event: FromRepository) -> bool:
    """Whether an event is of a repository of the same path as the service's, on another code host."""
    known = team.services.get(service)
    path, host = event.repository, placed(team, event).host
    return known is not None and known.repository.is_named(path) and not known.repository.is_named(path, host=host)


def _told_host(team: Team, event: FromRepository) -> str:
    """As a code host says, or others of one that a service is on; what else they name is their own address."""
    is_known = event.source in (GITHUB, GITLAB) or any(one.web == event.host for one in team.repositories.values())
    return event.host if is_known else ""


def service_of_labels(team: Team, labels: Mapping[str, str]) -> str | None:
    """The service that an alert's labels name, where the team file knows it."""
    for label in ("service", "app", "application", "job"):
        value = labels.get(label, "")
        if value in team.services:
            return value
    return None


def environment_of(team: Team, word: str) -> str | None:
    """The environment that a word from outside means: its name, or a beginning of only one ("prod")."""
    word = word.strip().casefold()
    if not word:
        return None
    fits = [name for name in team.environments if name.casefold().startswith(word)]
    exact = [name for name in fits if name.casefold() == word]
    return exact[0] if exact else (fits[0] if len(fits) == 1 else None)


async def person_of_login(work: Work, login: str) -> str:
    """The Slack user id behind a login of a code host: as the team file says, else as they said; or ""."""
    wanted = login.casefold()
    for known, user_id in work.team.logins.items():
        if known.casefold() == wanted:
            return user_id
    told = await work.find(Presence, github_login=wanted, limit=1) if wanted else []
    return told[0].id if told else ""
