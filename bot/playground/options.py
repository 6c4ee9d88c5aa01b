"""What the playground is started with, and the refusals that keep it away from real workspaces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
BOT_TOKEN_PREFIX = "xoxb-playground-"  # noqa: S105
APP_TOKEN_PREFIX = "xapp-playground-"  # noqa: S105
DEFAULT_SEED = Path(__file__).with_name("seed.json")


class UnsafeOptions(ValueError):
    """The playground was about to be started with something that belongs to the outside world."""


@dataclass
class Options:
    """Settings of one playground; every one has a default that works on a laptop."""

    bot_url: str | None = None
    signing_secret: str = "playground-signing-secret"  # noqa: S105
    bot_token: str = BOT_TOKEN_PREFIX + "token"
    app_token: str = APP_TOKEN_PREFIX + "token"
    hook_secrets: dict[str, str] = field(default_factory=dict)
    clock_hook: str | None = None
    manifest: Path | None = None
    seed: Path = DEFAULT_SEED
    deliveries: Path | None = None
    strict_pace: bool = False
    ack_seconds: float = 3.0  # what Slack gives an app to answer
    look_seconds: float = 2.0  # between looks for the bot, while somebody has the page open
    # Slack waits about 0, 60 and 300 s before its three repeats of an event; nobody at a desk would.
    retry_delays_seconds: tuple[float, ...] = (0.2, 1.0, 3.0)

    def __post_init__(self) -> None:
        """Refuse what could reach a real workspace.

        Raises:
            UnsafeOptions: with a sentence that says what to change.
        """
        if not self.bot_token.startswith(BOT_TOKEN_PREFIX):
            raise UnsafeOptions(
                f"PLAYGROUND_BOT_TOKEN must start with {BOT_TOKEN_PREFIX}: "
                "the playground never takes the token of a real workspace."
            )
        if not self.app_token.startswith(APP_TOKEN_PREFIX):
            raise UnsafeOptions(
                f"PLAYGROUND_APP_TOKEN must start with {APP_TOKEN_PREFIX}: "
                "the playground never takes the token of a real app."
            )
        for name, url in (("--bot-url", self.bot_url), ("PLAYGROUND_CLOCK_HOOK", self.clock_hook)):
            if url and urlsplit(url).hostname not in LOOPBACK_HOSTS:
                raise UnsafeOptions(f"{name} must point at this machine (127.0.0.1 or localhost), not at {url}.")

    def hook_secret(self, source: str) -> str:
        """The secret that signs replayed deliveries of one webhook source."""
        return self.hook_secrets.get(source, f"playground-{source}-secret")


def environment(environ: Mapping[str, str]) -> dict[str, object]:
    """The options that come from environment variables, as keyword arguments of `Options`.

    Raises:
        UnsafeOptions: PLAYGROUND_HOOK_SECRETS is not a JSON object of strings.
    """
    names = {
        "signing_secret": "PLAYGROUND_SIGNING_SECRET",
        "bot_token": "PLAYGROUND_BOT_TOKEN",
        "app_token": "PLAYGROUND_APP_TOKEN",
        "clock_hook": "PLAYGROUND_CLOCK_HOOK",
    }
    found: dict[str, object] = {key: environ[name] for key, name in names.items() if environ.get(name)}
    if raw := environ.get("PLAYGROUND_HOOK_SECRETS"):
        try:
            secrets = json.loads(raw)
        except ValueError:
            secrets = None
        if not isinstance(secrets, dict) or not all(isinstance(value, str) for value in secrets.values()):
            raise UnsafeOptions('PLAYGROUND_HOOK_SECRETS must be a JSON object such as {"github": "secret"}.')
        found["hook_secrets"] = secrets
    return found
