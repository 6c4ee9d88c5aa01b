"""Modals and Home tabs: triggers that live three seconds, stacks of three, and a hash for every change."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.playground.blocks import fill, state_of
from bot.playground.calls import ApiError, invalid_arguments
from bot.playground.limits import view_problems

if TYPE_CHECKING:
    from bot.playground.playground import Playground

Json = dict[str, Any]

TRIGGER_SECONDS = 3.0  # on the machine's clock: a trigger does not age when the workspace's clock is moved
STACK_MAX = 3
VIEW_BYTES_MAX = 250_000


@dataclass(slots=True)
class Trigger:
    person_id: str
    born: float
    used: bool = False


class Views:
    """Every view that is open, and each person's Home."""

    def __init__(self, play: Playground) -> None:
        self._play = play
        self._triggers: dict[str, Trigger] = {}
        self.open_views: dict[str, Json] = {}
        self.owners: dict[str, str] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, Json] = {}

    def trigger(self, person_id: str) -> str:
        """A new trigger id for a gesture that was made just now."""
        now = time.monotonic()
        if len(self._triggers) > 1_000:
            fresh = {key: t for key, t in self._triggers.items() if now - t.born < 60}
            self._triggers = fresh
        trigger_id = f"{int(now * 1_000)}.{self._play.ids.count('trigger')}.{self._play.ids.secret(32)}"
        self._triggers[trigger_id] = Trigger(person_id, now)
        return trigger_id

    def exchange(self, trigger_id: str) -> str:
        """Use a trigger up; whose gesture it was.

        Raises:
            ApiError: `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if time.monotonic() - trigger.born > TRIGGER_SECONDS:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger.person_id

    def check(self, view: Any, size: int) -> Json:
        """A view that Slack would take.

        Raises:
            ApiError: `view_too_large`, or `invalid_arguments` with every problem found.
        """
        if size > VIEW_BYTES_MAX:
            raise ApiError("view_too_large")
        if problems := view_problems(view):
            raise invalid_arguments(*problems)
        return view

    def _build(self, view: Json, **places: Any) -> Json:
        workspace = self._play.workspace
        blocks = fill(view["blocks"], self._play.ids)
        kind = view["type"]
        default_title = {"type": "plain_text", "text": "View Title", "emoji": True}
        built: Json = {
            "team_id": workspace.team["id"],
            "type": kind,
            "blocks": blocks,
            "private_metadata": view.get("private_metadata") or "",
            "callback_id": view.get("callback_id") or "",
            "state": {"values": {}},
            "hash": f"{int(self._play.clock.now())}.{self._play.ids.secret(8)}",
            "title": view.get("title") or default_title,
            "clear_on_close": bool(view.get("clear_on_close")),
            "notify_on_close": bool(view.get("notify_on_close")),
            "close": view.get("close"),
            "submit": view.get("submit"),
            "previous_view_id": None,
            "app_id": workspace.app_id,
            "external_id": view.get("external_id") or "",
            "app_installed_team_id": workspace.team["id"],
            "bot_id": workspace.bot_id,
        } | places
        for name in ("title", "close", "submit"):
            if isinstance(built[name], dict):
                built[name].setdefault("emoji", True)
        return built

    def open(self, person_id: str, view: Json) -> Json:
        """Show a modal in place of whatever this person had open."""
        self._refuse_duplicate(view, None)
        for view_id in self.stacks.pop(person_id, []):
            self._forget(view_id, person_id)
        return self._place(person_id, view, previous=None, event="view_opened")

    def push(self, person_id: str, view: Json) -> Json:
        """Show a modal on top of the open one.

        Raises:
            ApiError: `push_limit_reached`; or `not_found` when no modal is open.
        """
        stack = self.stacks.get(person_id, [])
        if not stack:
            raise ApiError("not_found")
        if len(stack) >= STACK_MAX:
            raise ApiError("push_limit_reached")
        self._refuse_duplicate(view, None)
        return self._place(person_id, view, previous=stack[-1], event="view_pushed")

    def _place(self, person_id: str, view: Json, *, previous: str | None, event: str) -> Json:
        view_id = self._play.ids.take("V")
        root = self.open_views[previous]["root_view_id"] if previous else view_id
        built = self._build(view, id=view_id, previous_view_id=previous, root_view_id=root)
        built["state"]["values"] = state_of(built["blocks"], None)
        self.open_views[view_id] = built
        self.owners[view_id] = person_id
        self.stacks.setdefault(person_id, []).append(view_id)
        self._play.stream.tell({"type": event, "view": built}, to=person_id)
        return built

    def update(self, view_id: str | None, external_id: str | None, view: Json, known_hash: str | None) -> Json:
        """Replace an open view; inputs whose ids stay keep what was typed.

        Raises:
            ApiError: `not_found`, `hash_conflict` or `duplicate_external_id`.
        """
        old = self.find(view_id, external_id)
        if old is None:
            raise ApiError("not_found")
        if known_hash and known_hash != old["hash"]:
            raise ApiError("hash_conflict")
        self._refuse_duplicate(view, old["id"])
        person_id = self.owners[old["id"]]
        kept = {name: old[name] for name in ("id", "previous_view_id", "root_view_id")}
        new = self._build(view, **kept)
        new["state"]["values"] = state_of(new["blocks"], old["state"]["values"])
        if old["type"] == "home":
            self.homes[person_id] = new
        self.open_views[new["id"]] = new
        event = "home" if old["type"] == "home" else "view_updated"
        self._play.stream.tell({"type": event, "view": new}, to=person_id)
        return new

    def publish(self, person_id: str, view: Json, known_hash: str | None) -> Json:
        """Replace a person's Home.

        Raises:
            ApiError: `hash_conflict`.
        """
        old = self.homes.get(person_id)
        if known_hash and (old is None or known_hash != old["hash"]):
            raise ApiError("hash_conflict")
        view_id = old["id"] if old else self._play.ids.take("V")
        built = self._build(view, id=view_id, root_view_id=view_id)
        built["state"]["values"] = state_of(built["blocks"], old["state"]["values"] if old else None)
        self.homes[person_id] = self.open_views[view_id] = built
        self.owners[view_id] = person_id
        self._play.stream.tell({"type": "home", "view": built}, to=person_id)
        return built

    def find(self, view_id: str | None, external_id: str | None = None) -> Json | None:
        if view_id:
            return self.open_views.get(view_id)
        return next((v for v in self.open_views.values() if external_id and v["external_id"] == external_id), None)

    def _refuse_duplicate(self, view: Json, own_id: str | None) -> None:
        found = self.find(None, view.get("external_id") or None)
        if found and found["id"] != own_id:
            raise ApiError("duplicate_external_id")

    def keep_state(self, view: Json, given: Json | None) -> None:
        """Take over what the person's page says was typed so far."""
        if given is not None:
            view["state"]["values"] = state_of(view["blocks"], given)

    def close_top(self, person_id: str) -> Json | None:
        """Close the uppermost modal; the one that shows now, if any."""
        stack = self.stacks.get(person_id, [])
        if stack:
            self._forget(stack.pop(), person_id)
        return self.open_views[stack[-1]] if stack else None

    def clear(self, person_id: str) -> None:
        """Close every modal of a person, uppermost first."""
        for view_id in reversed(self.stacks.pop(person_id, [])):
            self._forget(view_id, person_id)

    def _forget(self, view_id: str, person_id: str) -> None:
        self.open_views.pop(view_id, None)
        self.owners.pop(view_id, None)
        self._play.stream.tell({"type": "view_closed", "view_id": view_id}, to=person_id)
