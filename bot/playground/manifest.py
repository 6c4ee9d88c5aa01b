"""The app's manifest as the playground needs it: read anew whenever the file changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

# Without a manifest every scope is granted and these arrive, the ones a command bot lives on.
DEFAULT_EVENTS = frozenset(
    {"app_home_opened", "app_mention", "message.im", "member_joined_channel", "reaction_added", "reaction_removed"}
)


class Manifest:
    """Commands, shortcuts, scopes and events of the app under test."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._content: Json = {}
        self.problem: str | None = None

    def _section(self, *names: str) -> Any:
        self._refresh()
        found: Any = self._content
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def _refresh(self) -> None:
        """Read the file if it is new; a file that cannot be read counts as absent and says why."""
        if self._path is None:
            return
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return
            content = yaml.safe_load(self._path.read_text(encoding="utf-8"))
            self._stamp, self.problem = stamp, None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            content, self._stamp, self.problem = {}, None, f"{self._path.name} cannot be read: {error}"
        self._content = content if isinstance(content, dict) else {}

    @property
    def known(self) -> bool:
        """Whether there is a manifest to hold the app to."""
        self._refresh()
        return bool(self._content)

    @property
    def commands(self) -> list[Json]:
        return self._section("features", "slash_commands") or []

    @property
    def shortcuts(self) -> list[Json]:
        return self._section("features", "shortcuts") or []

    @property
    def scopes(self) -> list[str] | None:
        """Scopes of the bot token; None when there is no manifest and nothing is checked."""
        return (self._section("oauth_config", "scopes", "bot") or []) if self.known else None

    @property
    def events(self) -> frozenset[str]:
        if not self.known:
            return DEFAULT_EVENTS
        return frozenset(self._section("settings", "event_subscriptions", "bot_events") or [])

    @property
    def home_enabled(self) -> bool:
        return not self.known or bool(self._section("features", "app_home", "home_tab_enabled"))

    @property
    def bot_name(self) -> str | None:
        return self._section("features", "bot_user", "display_name")

    def command(self, name: str) -> Json | None:
        return next((entry for entry in self.commands if entry.get("command") == name), None)
