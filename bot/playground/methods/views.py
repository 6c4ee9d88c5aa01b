"""views.*: modals and Home tabs, as the bot asks for them."""

from __future__ import annotations

import json
from typing import Any

from bot.playground.calls import ApiError, Call, Json, invalid_arguments, method


def _view(call: Call, *, kind: str) -> Json:
    view: Any = call.structure("view")
    if view is None:
        raise invalid_arguments("missing required field: view")
    checked = call.play.views.check(view, len(json.dumps(view, ensure_ascii=False).encode()))
    if checked["type"] != kind:
        raise invalid_arguments(f"unsupported type: {checked['type']} [json-pointer:/view/type]")
    return checked


@method("views.open", note="a trigger lives 3 s and opens one view")
def open_view(call: Call) -> Json:
    trigger_id, view = call.need("trigger_id"), _view(call, kind="modal")
    return {"view": call.play.views.open(call.play.views.exchange(trigger_id), view)}


@method("views.push", note="stack of three")
def push(call: Call) -> Json:
    trigger_id, view = call.need("trigger_id"), _view(call, kind="modal")
    return {"view": call.play.views.push(call.play.views.exchange(trigger_id), view)}


@method("views.update", note="hash conflicts; inputs with the same ids keep what was typed")
def update(call: Call) -> Json:
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not view_id and not external_id:
        raise invalid_arguments("missing required field: view_id")
    found = call.play.views.find(view_id or None, external_id or None)
    view = _view(call, kind=found["type"] if found else "modal")
    return {"view": call.play.views.update(view_id or None, external_id or None, view, call.text("hash") or None)}


@method("views.publish", note="hash conflicts; not_enabled when the manifest has no Home tab")
def publish(call: Call) -> Json:
    view = _view(call, kind="home")
    if not call.play.manifest.home_enabled:
        raise ApiError("not_enabled")
    return {"view": call.play.views.publish(call.person("user_id").id, view, call.text("hash") or None)}
