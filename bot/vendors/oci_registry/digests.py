"""Asks registries what a tag is now, over the OCI distribution API.

A ``bot.stages.deploy.model.registry_port.Artifacts``.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
https://distribution.github.io/distribution/spec/auth/token/
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from aiohttp import ClientError, ClientResponse, ClientSession

from bot.core.image_names import HUB, Image
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.registry_port import ArtifactUnknown
from bot.vendors.kit import json_text

LIMIT = timedelta(seconds=1)  # for all requests of a look-up: a person waits in Slack, which gives up after 3 s
MANIFEST_MAX = 4 * 1024 * 1024  # bytes; what registries take, by the specification
TOKEN_MAX = 64 * 1024  # bytes

# An index first: of an image for several platforms, it is what the tag names.
KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_HERE = frozenset({"localhost", "127.0.0.1"})
_NO_HEAD = frozenset({405, 501})


class Registries:
    """Any registry that a name names.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        logins: base64 of ``user:password`` by registry, or by registry and the beginning of a path.
        limit: how long one look-up may take.
    """

    def __init__(
        self, session: ClientSession, logins: Mapping[str, str] | None = None, *, limit: timedelta = LIMIT
    ) -> None:
        self._session = session
        self._logins = logins or {}
        self._limit = limit

    async def digest(self, name: str) -> str:
        """See ``Artifacts.digest``. A name that is none is asked nowhere."""
        image = Image.read(name)
        if image is None:
            raise ArtifactUnknown(name)
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                found = await _Lookup(self._session, image, _login_for(image, self._logins)).digest()
        except TimeoutError as error:
            seconds = f"{self._limit.total_seconds():g} s"
            raise HostUnreachable(f"{image.registry} did not answer within {seconds}") from error
        except ClientError as error:
            raise HostUnreachable(f"{image.registry} cannot be reached ({type(error).__name__})") from error
        if found is None:
            raise ArtifactUnknown(name)
        return found


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    digest: str | None
    challenges: tuple[str, ...]
    body: bytes


class _Lookup:
    """One look-up: it logs in once, where it is asked to."""

    def __init__(self, session: ClientSession, image: Image, login: str | None) -> None:
        self._session, self._image, self._login = session, image, login
        self._is_here = image.registry.partition(":")[0] in _HERE
        host = "registry-1.docker.io" if image.registry == HUB else image.registry
        scheme = "http" if self._is_here else "https"
        self._url = f"{scheme}://{host}/v2/{image.path}/manifests/{image.tag}"
        self._authorization: str | None = None

    async def digest(self) -> str | None:
        """None where there is no such tag."""
        # Docker Hub counts a GET as a pull, of which one has a hundred: docs.docker.com/docker-hub/usage/pulls
        answer = await self._ask("HEAD")
        if answer.status in _NO_HEAD or (answer.status == 200 and not answer.digest):
            answer = await self._ask("GET")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise HostUnreachable(f"{self._image.registry} {self._why(answer.status)}")
        return answer.digest or self._digest_of(answer.body)

    async def _ask(self, method: str) -> _Answer:
        answer = await self._request(method)
        if answer.status == 401 and self._authorization is None:
            self._authorization = await self._authorize(answer.challenges)
            if self._authorization is not None:
                answer = await self._request(method)
        return answer

    async def _request(self, method: str) -> _Answer:
        headers = {"Accept": ", ".join(KINDS)}
        if self._authorization is not None:
            headers["Authorization"] = self._authorization
        # Whom it might send us on to must not get our login, and answers for another host than the one named.
        async with self._session.request(method, self._url, headers=headers, allow_redirects=False) as answer:
            told = answer.headers.get("Docker-Content-Digest", "")
            digest = told if _DIGEST.fullmatch(told) else None
            challenges = tuple(answer.headers.getall("WWW-Authenticate", ()))
            needs_body = method == "GET" and answer.status == 200 and digest is None
            body = await self._body(answer, MANIFEST_MAX) if needs_body else b""
            return _Answer(answer.status, digest, challenges, body)

    async def _authorize(self, challenges: Sequence[str]) -> str | None:
        """What to send along, as the registry asks for it; None where we have nothing that it would take."""
        parts = (challenge.strip().partition(" ") for challenge in challenges)
        asked = {scheme.lower(): parameters for scheme, _, parameters in parts}
        if "bearer" in asked:
            return f"Bearer {await self._token(_parameters(asked['bearer']))}"
        return f"Basic {self._login}" if "basic" in asked and self._login else None

    async def _token(self, asked: Mapping[str, str]) -> str:
        """A token from where the registry says; it is asked for by our login, or without any."""
        realm = asked.get("realm", "")
        host = _safe_host(realm, self._is_here)
        if host is None:
            raise HostUnreachable(f"{self._image.registry} wants our login at an address that is not over https")
        if self._login and not same_site(self._image.registry, host):
            raise HostUnreachable(f"{self._image.registry} wants our login at {host}, which is not its own")
        scopes = (asked.get("scope") or f"repository:{self._image.path}:pull").split()
        query = [("service", asked["service"])] if "service" in asked else []
        query += [("scope", scope) for scope in scopes]
        headers = {"Authorization": f"Basic {self._login}"} if self._login else {}
        async with self._session.get(realm, params=query, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                raise HostUnreachable(f"{host} {self._why(answer.status)}")
            body = await self._body(answer, TOKEN_MAX)
        read = _object_in(body)
        token = read.get("token") or read.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise HostUnreachable(f"{host} answers without a token")
        return token

    async def _body(self, answer: ClientResponse, most: int) -> bytes:
        body = b""
        async for chunk in answer.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > most:
                raise HostUnreachable(f"{answer.host} answers with more than {most // 1024} KiB")
        return body

    def _digest_of(self, manifest: bytes) -> str:
        # A login page, or whatever a proxy shows, has a digest too.
        if "schemaVersion" not in _object_in(manifest):
            raise HostUnreachable(f"{self._image.registry} answers with something that is no manifest")
        return f"sha256:{hashlib.sha256(manifest).hexdigest()}"

    def _why(self, status: int) -> str:
        path = self._image.path
        if status == 401 and not self._login:
            return f"wants a login for {path}, and we have none"
        if status == 401:
            return f"does not accept our login for {path}"
        if status == 403:
            return f"does not let us read {path}"
        if status == 429:
            return "asks us to slow down"
        if 300 <= status < 400:
            return f"sends us elsewhere ({status}), where we do not follow"
        return f"answered {status}"


def _login_for(image: Image, logins: Mapping[str, str]) -> str | None:
    """The one that is nearest to the image: podman's may be for a part of a registry."""
    steps = [image.registry, *image.path.split("/")]
    places = ("/".join(steps[:count]) for count in range(len(steps), 0, -1))
    return next((logins[place] for place in places if place in logins), None)


def _parameters(challenge: str) -> Mapping[str, str]:
    """``realm="…",service="…"``; nothing where it cannot be read."""
    try:
        return {name.lower(): value for name, value in parse_keqv_list(parse_http_list(challenge)).items()}
    except (ValueError, IndexError):  # without "=", or with nothing behind it
        return {}


def _safe_host(realm: str, is_here: bool) -> str | None:
    """The host of an address at which a password may be shown, else None."""
    try:
        parts = urlsplit(realm)
        host = parts.hostname
    except ValueError:
        return None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_here and host in _HERE)
    return host if host and is_safe and "@" not in parts.netloc else None


def same_site(registry: str, host: str) -> bool:
    """Whether a host is a registry's own, or beside it under one domain, as registries and their log-ins are."""
    name = urlsplit(f"//{registry}").hostname or ""
    if name == host or {name, host} <= _HERE:
        return True
    return not _is_address(name) and _domain(name) == _domain(host)


def _is_address(name: str) -> bool:
    return ":" in name or name.rpartition(".")[2].isdigit()


def _domain(name: str) -> str:
    """``gitlab.com`` of ``registry.gitlab.com`` and of itself."""
    return name.partition(".")[2] if name.count(".") > 1 else name


def _object_in(body: bytes) -> Mapping[str, Any]:
    """The JSON object; an empty one where it is none."""
    try:
        read = json_text.loaded(body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
