"""users.* and usergroups.*: who is here, where they live and which groups they are in."""

from __future__ import annotations

from bot.playground import presenting
from bot.playground.calls import ApiError, Call, Json, method, page_of
from bot.playground.workspace import Person, UserGroup


def _user(call: Call, person: Person) -> Json:
    user = presenting.user(call.play.workspace, person)
    scopes = call.play.manifest.scopes
    if not person.is_bot and (scopes is None or "users:read.email" in scopes):
        user["profile"]["email"] = f"{person.name}@{call.play.workspace.team['domain']}.example"
    return user


@method("users.info", "users:read")
def info(call: Call) -> Json:
    return {"user": _user(call, call.person())}


@method("users.list", "users:read")
def list_all(call: Call) -> Json:
    everybody = [_user(call, person) for person in call.play.workspace.people.values()]
    return page_of(call, everybody, "members", limit=1_000) | {"cache_ts": int(call.play.clock.now())}


@method("users.lookupByEmail", "users:read.email")
def lookup_by_email(call: Call) -> Json:
    wanted = call.need("email").lower()
    for person in call.play.workspace.people.values():
        user = _user(call, person)
        if user["profile"].get("email") == wanted:
            return {"user": user}
    raise ApiError("users_not_found")


@method("users.getPresence", "users:read")
def get_presence(call: Call) -> Json:
    return {"presence": call.person().presence}


@method("users.profile.get", "users.profile:read")
def profile(call: Call) -> Json:
    return {"profile": _user(call, call.person())["profile"]}


def _group(call: Call, group: UserGroup, *, users: bool) -> Json:
    described: Json = {
        "id": group.id,
        "team_id": call.play.workspace.team["id"],
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "is_external": False,
        "date_create": 1_760_000_000,
        "date_update": 1_760_000_000,
        "date_delete": 0,
        "auto_type": None,
        "created_by": call.play.workspace.bot.id,
        "user_count": len(group.users),
        "prefs": {"channels": [], "groups": []},
    }
    return described | ({"users": list(group.users)} if users else {})


def _named(call: Call) -> UserGroup:
    group = call.play.workspace.groups.get(call.need("usergroup"))
    if group is None:
        raise ApiError("no_such_subteam")
    return group


@method("usergroups.list", "usergroups:read")
def list_groups(call: Call) -> Json:
    users = call.flag("include_users")
    return {"usergroups": [_group(call, group, users=users) for group in call.play.workspace.groups.values()]}


@method("usergroups.users.list", "usergroups:read")
def list_group_users(call: Call) -> Json:
    return {"users": list(_named(call).users)}


@method("usergroups.users.update", "usergroups:write")
def update_group_users(call: Call) -> Json:
    group, users = _named(call), call.listed("users")
    if not users or any(user not in call.play.workspace.people for user in users):
        raise ApiError("invalid_users")
    group.users = users
    return {"usergroup": _group(call, group, users=True)}
