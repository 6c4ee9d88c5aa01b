"""What people do with modals: sending them off, and closing them; and what the bot's answer does to them."""

from __future__ import annotations

import json
from typing import Any

from bot.playground import payloads
from bot.playground.blocks import input_problems
from bot.playground.calls import ApiError
from bot.playground.gestures import Gestures, failed
from bot.playground.given import Impossible
from bot.playground.playground import Playground
from bot.playground.workspace import Person

Json = dict[str, Any]

CONNECTION_ERROR = (
    "We had some trouble connecting. Try again?"  # what Slack's client says to an answer it cannot use
)


class Forms:
    """The life of a modal after the bot opened it."""

    def __init__(self, play: Playground, gestures: Gestures) -> None:
        self._play = play
        self._gestures = gestures

    async def submit(self, person: Person, view_id: str, state: Json | None) -> Json:
        """Send a form off; what the page should do then, as `response_action`, or nothing to close it."""
        view = self._gestures.view(person, view_id)
        if view_id not in self._play.views.stacks.get(person.id, [])[-1:]:
            raise Impossible("view_not_found", "That form is not the one on top.", 404)
        self._play.views.keep_state(view, state)
        if problems := input_problems(view["blocks"], view["state"]["values"]):
            return {"ok": True, "response_action": "errors", "errors": problems}
        payload = payloads.view_submission(self._play, person, view)
        what = f"view_submission {view['callback_id']}".strip()
        answer = await self._play.transport.deliver("interactive", payload, what=what)
        if not answer.ok:
            return failed(answer, "The form")
        if answer.payload is None and answer.text.strip():
            return {"ok": False, "error": "invalid_response", "text": CONNECTION_ERROR}
        try:
            return self._apply(person, view, answer.payload or {})
        except ApiError as error:
            told = "; ".join(error.extra.get("response_metadata", {}).get("messages", []))
            text = f"{CONNECTION_ERROR} (The app's view was refused: {error.code}. {told})"
            return {"ok": False, "error": error.code, "text": text}

    def _apply(self, person: Person, view: Json, response: Json) -> Json:
        """Do what the answer says.

        Raises:
            ApiError: the view in it would be refused by Slack.
        """
        chosen = response.get("response_action")
        views = self._play.views
        if chosen is None and not response:
            shown = views.close_top(person.id)
            return {"ok": True} if shown else {"ok": True, "response_action": "clear"}
        if chosen == "clear":
            views.clear(person.id)
            return {"ok": True, "response_action": "clear"}
        if chosen == "errors":
            return self._errors(view, response.get("errors"))
        if chosen in ("update", "push"):
            given = response.get("view")
            checked = views.check(given, len(json.dumps(given, ensure_ascii=False).encode()))
            if chosen == "update":
                shown = views.update(view["id"], None, checked, None)
            else:
                shown = views.push(person.id, checked)
            return {"ok": True, "response_action": chosen, "view": shown}
        return {"ok": False, "error": "invalid_response", "text": CONNECTION_ERROR}

    @staticmethod
    def _errors(view: Json, errors: Any) -> Json:
        inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        fits = isinstance(errors, dict) and errors and all(isinstance(item, str) for item in errors.values())
        if not fits or not set(errors) <= inputs:
            text = f"{CONNECTION_ERROR} (Errors must be keyed by the block_id of an input block.)"
            return {"ok": False, "error": "invalid_response", "text": text}
        return {"ok": True, "response_action": "errors", "errors": errors}

    async def close(self, person: Person, view_id: str, *, is_cleared: bool) -> Json:
        """Close the uppermost modal, or with `is_cleared` the whole stack; the bot hears if it asked to."""
        view = self._gestures.view(person, view_id)
        views = self._play.views
        root = views.open_views.get(view["root_view_id"], view)
        is_cleared = is_cleared or view["clear_on_close"]
        told = root if is_cleared else view
        if is_cleared:
            views.clear(person.id)
        else:
            while view["id"] in views.stacks.get(person.id, []):
                views.close_top(person.id)
        if told["notify_on_close"]:
            payload = payloads.view_closed(self._play, person, told, is_cleared=is_cleared)
            what = f"view_closed {told['callback_id']}".strip()
            answer = await self._play.transport.deliver("interactive", payload, what=what)
            if not answer.ok:
                return failed(answer, "Closing the form")
        return {"ok": True}
