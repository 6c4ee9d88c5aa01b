"""Logins to registries, as docker, podman and Kubernetes (``dockerconfigjson``) write them down.

https://github.com/docker/cli/blob/master/cli/config/configfile/file.go; a key may also be a part of a registry
(``quay.io/shop``), as in containers-auth.json(5).
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.core.image_names import registry_named

_HOST = re.compile(r"(?:https?://)?(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:/[\w./-]*)?")


def registry_logins(text: str) -> dict[str, str]:
    """Base64 of ``user:password`` by registry. Raises ``ValueError``, whose sentence shows no secret."""
    try:
        read: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is no docker config.json; name yours with EIGHTBELLS_REGISTRY_AUTH_FILE") from None
    auths = read.get("auths") if isinstance(read, dict) else None
    if not isinstance(auths, dict):
        raise ValueError("is no docker config.json: it has no auths")
    logins = [(place, _login(_named(place, nth), entry)) for nth, (place, entry) in enumerate(auths.items(), 1)]
    found = {_registry(place): login for place, login in logins if login}
    if not found:
        raise ValueError(
            "holds no user with a password; docker keeps them elsewhere where config.json names a credsStore: "
            "take that line out, and log in again"
        )
    return found


def secrets_of(logins: Mapping[str, str]) -> set[str]:
    """What must not be seen of them: the passwords, plain and as they are sent."""
    return {*logins.values(), *(base64.b64decode(login).decode().partition(":")[2] for login in logins.values())}


def _registry(place: str) -> str:
    """``https://index.docker.io/v1/`` and the like are hosts with a version's path; without a scheme, a path counts."""
    scheme, _, rest = place.rpartition("://")
    host, slash, path = rest.strip("/").partition("/")
    is_plain = not scheme and not re.fullmatch(r"v[12]", path)
    return registry_named(host) + (slash + path if is_plain else "")


def _named(place: str, nth: int) -> str:
    """Where an entry stands; what is no host may be a login in the wrong place."""
    return f"auths.{place}" if _HOST.fullmatch(place) else f"entry {nth} of auths"


def _login(where: str, entry: Any) -> str | None:
    """None where it holds no password: docker leaves ``{}`` for what is in its credentials store."""
    if not isinstance(entry, dict):
        raise ValueError(f"is no docker config.json: {where} should be a group of keys")
    user, password = entry.get("username"), entry.get("password")
    if encoded := entry.get("auth"):
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (TypeError, ValueError, binascii.Error):
            raise ValueError(f"{where}.auth is not user:password in base64") from None
    if not isinstance(user, str) or not isinstance(password, str) or not user or not password:
        return None
    return base64.b64encode(f"{user}:{password}".encode()).decode()
