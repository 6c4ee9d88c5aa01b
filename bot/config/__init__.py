"""Reads what operators wrote, in the environment and in the team file, and names every mistake at once."""

from collections.abc import Mapping
from pathlib import Path

from bot.config.secret_values import known_secrets
from bot.config.settings import Settings, read_settings
from bot.config.team_file import read_team
from bot.core.team import Team
from bot.sections.mistakes import ConfigErrors, Mistake

__all__ = ["ConfigErrors", "Mistake", "Settings", "known_secrets", "load", "read_settings", "read_team"]


def load(environ: Mapping[str, str], *, serving: bool = True) -> tuple[Settings, Team]:
    """The settings and the team.

    Args:
        environ: the variables of the process, ``os.environ`` in life.
        serving: whether Slack is to be served, so that its tokens must be there; ``migrate`` needs none.

    Raises:
        ConfigErrors: with every mistake of both; no secret's value is in any of them.
    """
    settings, wrong = read_settings(environ, serving=serving)
    team, also_wrong = read_team(
        settings.config if settings else Path(environ.get("EIGHTBELLS_CONFIG", "eightbells.yml"))
    )
    if settings is None or team is None or wrong or also_wrong:
        raise ConfigErrors([*wrong, *also_wrong])
    return settings, team
