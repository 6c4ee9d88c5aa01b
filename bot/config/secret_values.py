"""What must not be seen of a configuration, be it right or wrong: for the redaction of logs and of what is printed."""

from collections.abc import Mapping
from pathlib import Path

from bot.config.addresses import secrets_in, secrets_within
from bot.config.registry_logins import registry_logins, secrets_of
from bot.config.settings import PREFIXES, Settings, given_values
from bot.core.team import Team
from bot.sections.mistakes import is_path

REGISTRY_AUTH = "EIGHTBELLS_REGISTRY_AUTH"
_OF_FILE = "_FILE"


def known_secrets(environ: Mapping[str, str], team: Team | None = None) -> frozenset[str]:
    """Secrets of these variables, also of those that cannot be used, of proxies, and of a team's addresses.

    Args:
        environ: the variables of the process.
        team: what the team file says; without it, which may be because it is wrong, the file's text is looked at.
    """
    values, _ = given_values(environ)
    found = {secret for name, value in values.items() for secret in _of_variable(name, value)}
    for name, value in environ.items():
        if name.lower().endswith("_proxy"):
            found |= secrets_in(value)
        elif name.endswith(_OF_FILE) and _is_secret(name.removesuffix(_OF_FILE)) and not is_path(value.strip()):
            found.add(value.strip())  # the secret itself, where a path was asked for
    file = Path(values.get("EIGHTBELLS_CONFIG") or Settings.model_fields["config"].default)
    return frozenset(found | (_in_file(file) if team is None else secrets_within(team)))


def _is_secret(name: str) -> bool:
    """Whether the whole value of this variable is secret, as it is not of an address with a password in it."""
    whole = {field.alias for key, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    return name.startswith(PREFIXES) or name in whole - {"DATABASE_URL"}


def _of_variable(name: str, value: str) -> set[str]:
    if not _is_secret(name):
        return secrets_in(value)
    found = {value, *value.split(",")}
    if name == REGISTRY_AUTH:
        try:
            found |= secrets_of(registry_logins(value))
        except ValueError:  # told as a mistake; its text as a whole is hidden
            return found
    return found


def _in_file(path: Path) -> set[str]:
    try:
        return secrets_in(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # told as a mistake, and then nothing of it is shown
        return set()
