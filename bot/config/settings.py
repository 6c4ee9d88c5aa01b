"""What the environment says: tokens, addresses, the database. Every value may come from a file, ``<NAME>_FILE``."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from rapidfuzz import fuzz, process

from bot.config.addresses import parts_of, secrets_in
from bot.config.host_tokens import Tokens, host_tokens
from bot.config.registry_logins import registry_logins, secrets_of
from bot.config.serving import is_key, missing
from bot.core.host_tokens import GITHUB_HOST, GITLAB_HOST, HostTokens
from bot.sections.mistakes import Mistake, path_shown

HOOK_SECRET = "EIGHTBELLS_HOOK_SECRET_"  # noqa: S105  the beginning of a variable's name
OFREP_TOKEN = "EIGHTBELLS_OFREP_TOKEN_"  # noqa: S105  as above
SECRET_MIN = 8  # characters; shorter ones can be guessed, and cannot be told from ordinary words in a log
SLACK_API = "https://slack.com/api/"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_OURS = ("SLACK_", "EIGHTBELLS_")
PREFIXES = (HOOK_SECRET, OFREP_TOKEN)  # of variables that end in a name
_SECRETS = {"SLACK_SIGNING_SECRET", "SLACK_CLIENT_SECRET", "EIGHTBELLS_METRICS_TOKEN"}
_OF_TESTS = {"EIGHTBELLS_REQUIRE"}


class Settings(BaseModel):
    """The environment, typed. A field's alias is the variable's name."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bot_token: SecretStr | None = Field(
        None, alias="SLACK_BOT_TOKEN", description="xoxb-…, from OAuth & Permissions"
    )
    app_token: SecretStr | None = Field(
        None, alias="SLACK_APP_TOKEN", description="xapp-…, for Socket Mode: no public address is needed"
    )
    signing_secret: SecretStr | None = Field(
        None, alias="SLACK_SIGNING_SECRET", description="proves that a request over HTTP comes from Slack"
    )
    slack_api_url: str = Field(SLACK_API, alias="SLACK_API_URL", description="where Slack's Web API is")
    client_id: str | None = Field(
        None, alias="SLACK_CLIENT_ID", description="for several workspaces; not served yet"
    )
    client_secret: SecretStr | None = Field(None, alias="SLACK_CLIENT_SECRET", description="as above")
    database_url: SecretStr = Field(
        SecretStr("sqlite:///data/eightbells.db"),
        alias="DATABASE_URL",
        description="sqlite:///path or postgresql://user:password@host/name",
    )
    config: Path = Field(Path("eightbells.yml"), alias="EIGHTBELLS_CONFIG", description="the team file")
    templates: Path | None = Field(
        None, alias="EIGHTBELLS_TEMPLATES", description="a folder whose templates replace ours of the same name"
    )
    prefix: str = Field("", alias="EIGHTBELLS_PREFIX", description="begins every slash command")
    key: SecretStr | None = Field(
        None, alias="EIGHTBELLS_KEY", description="will encrypt stored tokens of several workspaces"
    )
    github_token: SecretStr | None = Field(
        None,
        alias="GITHUB_TOKEN",
        description="on github.com: reads private repositories, writes releases, starts deployments",
    )
    gitlab_token: SecretStr | None = Field(
        None,
        alias="GITLAB_TOKEN",
        description="on gitlab.com: reads private projects, writes releases, starts pipelines (scope api)",
    )
    github_tokens: Tokens = Field(
        default_factory=dict[str, SecretStr],
        alias="GITHUB_TOKENS",
        description="the same for servers of your own: `github.example.com=ghp_…`, several after commas",
    )
    gitlab_tokens: Tokens = Field(
        default_factory=dict[str, SecretStr],
        alias="GITLAB_TOKENS",
        description="the same for servers of your own: `git.example.com=glpat-…`, several after commas",
    )
    alertmanager_token: SecretStr | None = Field(
        None, alias="ALERTMANAGER_TOKEN", description="sent to the team file's Alertmanager as a bearer's"
    )
    registry_auth: SecretStr | None = Field(
        None,
        alias="EIGHTBELLS_REGISTRY_AUTH",
        description="docker's config.json, with logins to registries; `_FILE` names the one that you have",
    )
    url: str = Field("", alias="EIGHTBELLS_URL", description="where deployers elsewhere reach us, to report back")
    cdevents_token: SecretStr | None = Field(
        None, alias="EIGHTBELLS_CDEVENTS_TOKEN", description="sent to the team file's cdevents as a bearer's"
    )
    host: str = Field("127.0.0.1", alias="HOST", description="address to listen on")
    port: int = Field(3000, alias="PORT", ge=0, le=65_535, description="port to listen on; 0 takes a free one")
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = Field(
        None, alias="EIGHTBELLS_METRICS_PORT", description="a second port, for metrics; not to be published"
    )
    metrics_token: SecretStr | None = Field(
        None, alias="EIGHTBELLS_METRICS_TOKEN", description="gives its bearer the metrics on `PORT`"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="EIGHTBELLS_LOG_LEVEL", description="debug, info, warning or error"
    )
    hook_secrets: Mapping[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        alias=HOOK_SECRET,
        description="followed by a source's name (EIGHTBELLS_HOOK_SECRET_GITHUB): proves who sends a webhook",
    )
    ofrep_tokens: Mapping[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        alias=OFREP_TOKEN,
        description="followed by an environment (EIGHTBELLS_OFREP_TOKEN_PRODUCTION): lets applications ask for flags",
    )
    flagd_folder: Path | None = Field(
        None, alias="EIGHTBELLS_FLAGD_FOLDER", description="a folder for files with the flags, as flagd reads them"
    )

    @field_validator("slack_api_url")
    @classmethod
    def _ends_with_slash(cls, url: str) -> str:
        parts = parts_of(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"is no address; Slack's is {SLACK_API}")
        if "@" in parts.netloc:  # aiohttp refuses to send it together with the token
            raise ValueError("takes no user or password; the bot's token is what says who asks")
        return url if url.endswith("/") else f"{url}/"

    @field_validator("prefix")
    @classmethod
    def _begins_a_command(cls, prefix: str) -> str:
        if not re.fullmatch(r"[a-z0-9_-]{0,16}", prefix):
            raise ValueError("use at most 16 lower-case letters, digits, dashes and underscores")
        return prefix

    @field_validator("registry_auth")
    @classmethod
    def _holds_logins(cls, auth: SecretStr | None) -> SecretStr | None:
        if auth:
            registry_logins(auth.get_secret_value())
        return auth

    @property
    def registry_logins(self) -> dict[str, str]:
        """Base64 of ``user:password`` by registry."""
        return registry_logins(self.registry_auth.get_secret_value()) if self.registry_auth else {}

    @property
    def github(self) -> HostTokens:
        """Tokens for GitHub's API, each for its own host; ``GITHUB_TOKEN`` is github.com's."""
        return host_tokens({GITHUB_HOST: self.github_token}, self.github_tokens)

    @property
    def gitlab(self) -> HostTokens:
        """Tokens for GitLab's API, each for its own host; ``GITLAB_TOKEN`` is gitlab.com's."""
        return host_tokens({GITLAB_HOST: self.gitlab_token}, self.gitlab_tokens)

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is spoken to over a socket that we open, instead of Slack calling us."""
        return self.app_token is not None

    def secrets_for(self, sources: Collection[str]) -> dict[str, str]:
        """Secrets of these webhook sources, by a source's own name; one without a secret is missing."""
        found = {source: self.hook_secrets.get(source.replace("_", "-")) for source in sources}
        return {source: secret.get_secret_value() for source, secret in found.items() if secret}

    def ofrep_tokens_of(self, environments: Collection[str]) -> dict[str, str]:
        """Tokens of these environments by their names; one without a token is missing."""
        found = {name: self.ofrep_tokens.get(_folded(name)) for name in environments}
        return {name: token.get_secret_value() for name, token in found.items() if token}

    @property
    def secrets(self) -> frozenset[str]:
        """Every value that must never leave the process, for the log's redaction: of every field, also of a new one."""
        found = {secret for field in Settings.model_fields for secret in _secrets_of(field, getattr(self, field))}
        return frozenset(found | secrets_of(self.registry_logins))


def variables() -> dict[str, str]:
    """Every variable by name and what it is for, in the order of the documentation."""
    return {field.alias or name: field.description or "" for name, field in Settings.model_fields.items()}


def read_settings(environ: Mapping[str, str], *, serving: bool) -> tuple[Settings | None, list[Mistake]]:
    """The settings, if they can be read at all, and everything that is wrong with them."""
    values, mistakes = given_values(environ)
    by_name = {
        prefix: {
            _folded(name.removeprefix(prefix)): value for name, value in values.items() if name.startswith(prefix)
        }
        for prefix in PREFIXES
    }
    given: dict[str, Any] = {name: value for name, value in values.items() if name in variables()}
    try:
        settings = Settings.model_validate(given | by_name)
    except ValidationError as fault:
        mistakes += [
            Mistake(str(error["loc"][0]), _decapitalized(error["msg"].removeprefix("Value error, ")))
            for error in fault.errors(include_input=False)
        ]
        settings = None
    mistakes += _shapes(values)
    if serving:
        mistakes += missing(values)
    return settings, mistakes


def given_values(environ: Mapping[str, str]) -> tuple[dict[str, str], list[Mistake]]:
    """What is set, from the environment or a file. Empty is not set: compose files leave variables so."""
    known = set(variables())
    values: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for name, value in environ.items():
        plain = name.removesuffix("_FILE")
        ours = (plain in known or plain.startswith(PREFIXES)) and plain not in PREFIXES
        if not value.strip():
            continue
        if not ours:
            mistakes += _misspelt(name, known)
        elif name == plain:
            values[name] = value.strip()
        elif environ.get(plain, "").strip():
            mistakes.append(Mistake(name, f"{plain} is set as well; keep one of them"))
        else:
            try:
                # No shell expands what stands in a compose file or in a unit's Environment=.
                values[plain] = Path(value).expanduser().read_text(encoding="utf-8").strip()
            except OSError as fault:
                mistakes.append(Mistake(name, f"{path_shown(value)} cannot be read ({fault.strerror})"))
            except UnicodeDecodeError:
                mistakes.append(Mistake(name, f"{path_shown(value)} cannot be read (it is not text)"))
            except RuntimeError:  # "~" without a home, or somebody's who is not known here
                mistakes.append(Mistake(name, f"{path_shown(value)} cannot be read (no such home)"))
            except ValueError:  # a zero byte
                mistakes.append(Mistake(name, "the file that it names cannot be read (it is no path)"))
    return values, mistakes


def _misspelt(name: str, known: set[str]) -> Iterator[Mistake]:
    if name.startswith(_OURS) and name not in _OF_TESTS:
        found = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=85)
        if found:
            yield Mistake(name, f"no such variable; did you mean {found[0]}?")


def _shapes(values: Mapping[str, str]) -> Iterator[Mistake]:
    """What is there but cannot be right; said without showing it."""
    for name, beginning in (("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")):
        if not values.get(name, beginning).startswith(beginning):
            yield Mistake(name, f"a token of this kind begins with {beginning}; this one does not")
    for name, value in values.items():
        signing = name.startswith(PREFIXES) or name in _SECRETS
        if signing and len(value) < SECRET_MIN:
            yield Mistake(name, f"is too short to be a secret; use {SECRET_MIN} characters or more")
    tokens: dict[str, str] = {}
    for name, value in values.items():
        if name.startswith(OFREP_TOKEN) and tokens.setdefault(value, name) != name:
            yield Mistake(name, f"is the same as {tokens[value]}; the token says which environment is asked about")
    yield from _database(values.get("DATABASE_URL", "sqlite:///data/eightbells.db"))
    api = parts_of(values.get("SLACK_API_URL", SLACK_API))
    if api.scheme == "http" and api.hostname not in _LOOPBACK:
        yield Mistake("SLACK_API_URL", "would send the token unencrypted; use https, or an address of this machine")
    if not all(is_key(key) for key in values.get("EIGHTBELLS_KEY", "").split(",") if key):
        yield Mistake(
            "EIGHTBELLS_KEY",
            "is not 32 bytes in URL-safe base64; make one with `openssl rand -base64 32 | tr '+/' '-_'`",
        )
    if "EIGHTBELLS_URL" in values and parts_of(values["EIGHTBELLS_URL"]).scheme not in {"http", "https"}:
        yield Mistake("EIGHTBELLS_URL", "is no address; write https://host or https://host/path")
    folder = values.get("EIGHTBELLS_TEMPLATES")
    if folder and not Path(folder).is_dir():
        yield Mistake("EIGHTBELLS_TEMPLATES", f"there is no folder {folder}")


def _database(url: str) -> Iterator[Mistake]:
    scheme = url.partition("://")[0].partition("+")[0]
    if "://" not in url or scheme not in {"sqlite", "postgresql", "postgres"}:
        yield Mistake(
            "DATABASE_URL", "is no database; write sqlite:///path, or postgresql://host/name with who asks"
        )


def _folded(name: str) -> str:
    """A source's or an environment's name as the end of a variable stands for it."""
    return re.sub(r"[^a-z0-9]", "-", name.lower())


def _secrets_of(field: str, value: object) -> set[str]:
    """Secrets as they are, and what is secret in addresses: of those, who looks into a log sees the host."""
    if isinstance(value, Mapping):
        return {secret for one in value.values() for secret in _secrets_of(field, one)}
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")
    if isinstance(value, SecretStr) and field != "database_url":
        return {text, *text.split(",")}  # rotated keys stand side by side
    return secrets_in(text)


def _decapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]
