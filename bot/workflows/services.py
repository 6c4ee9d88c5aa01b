"""Which service a thing from outside belongs to."""

from collections.abc import Mapping

from bot.domain.ports import Work
from bot.domain.presence import Presence
from bot.domain.references import GITHUB, GITLAB
from bot.domain.team import Team


def service_of_repository(team: Team, repository: str, source: str = "") -> str | None:
    """The service whose code lives in ``owner/name``, or in the GitLab project of this path; or None.

    ``source`` is who says so: GitHub means its own repositories, GitLab its own projects, and all others either.
    """
    host = source if source in (GITHUB, GITLAB) else ""
    return next((name for name, one in team.services.items() if one.repository.is_named(repository, host)), None)


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
