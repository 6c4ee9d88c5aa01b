"""Digests from a real registry, with and without logins; and what registries may answer instead."""

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession, TCPConnector, ThreadedResolver, web
from aiohttp.abc import ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.registry_port import ArtifactUnknown
from bot.vendors.oci_registry.digests import MANIFEST_MAX, Registries
from tests.needs import needs
from tests.vendors.oci_registry.registries import INDEX, MANIFEST, Pusher, StandIn, digest_of, real_registry

PASSWORD = "hunter-secret"
LOGIN = base64.b64encode(f"bot:{PASSWORD}".encode()).decode()
WRONG_LOGIN = base64.b64encode(f"bot:not-{PASSWORD}".encode()).decode()
# `htpasswd -nbB -C 4 bot hunter-secret`
HTPASSWD = "bot:$2y$04$Nsv44CUFOwGFMerdb.Bnl.gTLMzxXzNuUQCExCpwByerr.MS2HDq6"
TOKEN = "token-secret"
PATIENT = timedelta(seconds=30)  # on a machine that is busy with other tests
BODY = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST}).encode()
FOUND = {"Docker-Content-Digest": digest_of(BODY)}


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


@pytest.fixture
async def registry(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[str]:
    async with real_registry(tmp_path, unused_tcp_port) as host:
        yield host


def registries(session: ClientSession, logins: dict[str, str] | None = None) -> Registries:
    return Registries(session, logins, limit=PATIENT)


async def why(asked: Registries, name: str) -> str:
    """What is said where there is no answer; never with a secret, nor in what caused it."""
    with pytest.raises(HostUnreachable) as told:
        await asked.digest(name)
    seen = repr(told.value) + repr(told.value.__cause__)
    assert PASSWORD not in seen
    assert LOGIN not in seen
    assert TOKEN not in seen
    return str(told.value)


@needs("registry")
async def test_a_tag_that_is_pushed_anew_has_another_digest(session: ClientSession, registry: str) -> None:
    pusher, asked = Pusher(session, registry), registries(session)
    first = await pusher.image("shop/web", "v1.4.0", "first")
    assert await asked.digest(f"{registry}/shop/web:v1.4.0") == first
    assert await asked.digest(f"{registry}/shop/web:v1.4.0") == first

    second = await pusher.image("shop/web", "v1.4.0", "second")
    assert await asked.digest(f"{registry}/shop/web:v1.4.0") == second != first


@needs("registry")
async def test_an_image_for_several_platforms_is_known_by_its_index(session: ClientSession, registry: str) -> None:
    pusher = Pusher(session, registry)
    of_one = await pusher.image("web", "amd64", "says")
    child = {
        "mediaType": MANIFEST,
        "digest": of_one,
        "size": 300,
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    index = await pusher.manifest("web", "v1", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]})

    assert await registries(session).digest(f"{registry}/web:v1") == index != of_one


@needs("registry")
async def test_what_is_not_there_is_unknown(session: ClientSession, registry: str) -> None:
    await Pusher(session, registry).image("shop/web", "v1.4.0", "says")
    for name in (f"{registry}/shop/web:v1.4.1", f"{registry}/shop/wbe:v1.4.0"):
        with pytest.raises(ArtifactUnknown) as unknown:
            await registries(session).digest(name)
        assert unknown.value.name == name


@needs("registry")
async def test_a_registry_with_users_is_shown_ours_and_only_where_it_has_one(
    session: ClientSession, tmp_path: Path, unused_tcp_port: int
) -> None:
    (tmp_path / "users").write_text(f"{HTPASSWD}\n", encoding="utf-8")
    auth = {"htpasswd": {"realm": "shop", "path": str(tmp_path / "users")}}
    async with real_registry(tmp_path, unused_tcp_port, auth) as registry:
        pushed = await Pusher(session, registry, f"Basic {LOGIN}").image("shop/web", "v1", "says")
        name = f"{registry}/shop/web:v1"

        assert await registries(session, {registry: LOGIN}).digest(name) == pushed
        assert await registries(session, {registry: WRONG_LOGIN, f"{registry}/shop": LOGIN}).digest(name) == pushed
        with pytest.raises(ArtifactUnknown):
            await registries(session, {registry: LOGIN}).digest(f"{registry}/shop/web:v2")
        assert await why(registries(session, {registry: WRONG_LOGIN}), name) == (
            f"{registry} does not accept our login for shop/web"
        )
        assert await why(registries(session, {"elsewhere.example.com": LOGIN}), name) == (
            f"{registry} wants a login for shop/web, and we have none"
        )


def self_signed(*hosts: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key, and a certificate for these hosts by the key itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


class Issuer:
    """Whom the real registry trusts to say who may do what, by tokens that it signs."""

    def __init__(self) -> None:
        self._key, self.certificate = self_signed("tokens")

    def token(self, service: str, scope: str) -> str:
        """As the registry's specification has it; the scope is granted as it is asked for."""
        kind, path, actions = scope.split(":")
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": "tokens", "sub": "bot", "aud": service, "nbf": now - 60, "iat": now, "exp": now + 300}
        access = [{"type": kind, "name": path, "actions": actions.split(",")}]
        chain = [base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()]
        return jwt.encode(claims | {"jti": "1", "access": access}, self._key, "ES256", headers={"x5c": chain})

    def __call__(self, request: web.Request) -> web.Response:
        """A token for those whom it knows."""
        if request.headers.get("Authorization") != f"Basic {LOGIN}":
            return web.Response(status=401)
        return web.json_response({"token": self.token(request.query["service"], request.query["scope"])})


@needs("registry")
async def test_a_registry_that_wants_a_token_gets_one_for_reading_alone(
    session: ClientSession, tmp_path: Path, unused_tcp_port: int
) -> None:
    issuer = Issuer()
    stand_in = StandIn(issuer)
    (tmp_path / "certificate.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    async with stand_in.listening() as tokens:
        auth = {
            "token": {
                "realm": f"http://{tokens}/token",
                "service": "shop",
                "issuer": "tokens",
                "rootcertbundle": str(tmp_path / "certificate.pem"),
            }
        }
        async with real_registry(tmp_path, unused_tcp_port, auth) as registry:
            bearer = f"Bearer {issuer.token('shop', 'repository:shop/web:push,pull')}"
            pushed = await Pusher(session, registry, bearer).image("shop/web", "v1", "says")
            name = f"{registry}/shop/web:v1"

            assert await registries(session, {registry: LOGIN}).digest(name) == pushed
            assert stand_in.lines == [f"GET /token?service=shop&scope=repository:shop/web:pull Basic {LOGIN}"]
            assert await why(registries(session, {registry: WRONG_LOGIN}), name) == (
                "127.0.0.1 does not accept our login for shop/web"
            )
            assert await why(registries(session), name) == (
                "127.0.0.1 wants a login for shop/web, and we have none"
            )


async def test_a_registry_that_is_away_is_said_in_words(session: ClientSession, unused_tcp_port: int) -> None:
    registry = f"127.0.0.1:{unused_tcp_port}"
    told = await why(registries(session, {registry: LOGIN}), f"{registry}/shop/web:v1")
    assert told == f"{registry} cannot be reached (ClientConnectorError)"


async def test_a_person_who_waits_is_not_kept_waiting(session: ClientSession) -> None:
    stand_in = StandIn(lambda _: web.Response(headers=FOUND), gate=asyncio.Event())
    async with stand_in.listening() as registry:
        asked = Registries(session, limit=timedelta(milliseconds=50))
        assert await why(asked, f"{registry}/shop/web:v1") == f"{registry} did not answer within 0.05 s"


HOSTILE = [
    "shop/web:v1 ",
    "shop/web: v1",
    "shop/web:v1\n",
    "shop/web:v1\r\nX-Evil: 1",
    "shop/web:v1\x00",
    "shop/web:../../admin",
    "shop/web:..",
    "shop/../web:v1",
    "shop//web:v1",
    "shop/web:feature/x",
    "shop/web:v1:v2",
    "shop/web:v1@sha256:abc",
    "shop/web@sha256:abc",
    "shop/web:v1?x=1",
    "shop/web:v1#x",
    "shop/web:%2e%2e",
    "shop/web:ｖ１",
    "shop/web:" + "v" * 129,
    "shop/" * 60 + "web:v1",
    "shop/web:",
    "shop/web",
    "Shop/web:v1",
    "",
]


@pytest.mark.parametrize("rest", HOSTILE)
async def test_a_hostile_name_is_sent_nowhere(session: ClientSession, rest: str) -> None:
    stand_in = StandIn(lambda _: web.Response(headers=FOUND))
    async with stand_in.listening() as registry:
        with pytest.raises(ArtifactUnknown):
            await registries(session).digest(f"{registry}/{rest}")
        assert stand_in.lines == []
        assert await registries(session).digest(f"{registry}/shop/web:v1") == digest_of(BODY)


@pytest.mark.parametrize(
    "name", ["web:v1", "shop/web:v1", "a b/web:v1", "user@127.0.0.1/web:v1", "/web:v1", ".x/web:v1"]
)
async def test_a_name_without_a_registry_is_none(session: ClientSession, name: str) -> None:
    with pytest.raises(ArtifactUnknown):
        await registries(session).digest(name)


def on_get(*, body: bytes = BODY, **kept: Any) -> Any:
    """Answers a GET alone."""
    return lambda request: web.Response(status=405) if request.method == "HEAD" else web.Response(body=body, **kept)


@pytest.mark.parametrize("told", [{}, {"Docker-Content-Digest": "md5:1"}, {"Docker-Content-Digest": ""}])
async def test_a_registry_that_tells_no_digest_is_asked_for_the_manifest(
    session: ClientSession, told: dict[str, str]
) -> None:
    stand_in = StandIn(lambda _: web.Response(body=BODY, headers=told))
    async with stand_in.listening() as registry:
        assert await registries(session).digest(f"{registry}/web:v1") == digest_of(BODY)
    assert stand_in.lines == ["HEAD /v2/web/manifests/v1", "GET /v2/web/manifests/v1"]
    assert INDEX in stand_in.asked[0].headers["Accept"]


async def test_a_registry_that_knows_no_head_is_asked_otherwise(session: ClientSession) -> None:
    async with StandIn(on_get()).listening() as registry:
        assert await registries(session).digest(f"{registry}/web:v1") == digest_of(BODY)


async def test_a_login_page_has_no_digest(session: ClientSession) -> None:
    for page in (b"<html>Please log in</html>", b'{"errors": []}', b"[" * 100_000):
        async with StandIn(on_get(body=page)).listening() as registry:
            told = await why(registries(session), f"{registry}/web:v1")
            assert told == f"{registry} answers with something that is no manifest"


async def test_an_endless_manifest_is_not_read_to_its_end(session: ClientSession) -> None:
    async with StandIn(on_get(body=BODY + b" " * MANIFEST_MAX)).listening() as registry:
        assert await why(registries(session), f"{registry}/web:v1") == "127.0.0.1 answers with more than 4096 KiB"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (403, "does not let us read shop/web"),
        (429, "asks us to slow down"),
        (503, "answered 503"),
        (401, "does not accept our login for shop/web"),
    ],
)
async def test_what_a_registry_refuses_is_said_in_words(session: ClientSession, status: int, says: str) -> None:
    async with StandIn(lambda _: web.Response(status=status)).listening() as registry:
        asked = registries(session, {registry: LOGIN})
        assert await why(asked, f"{registry}/shop/web:v1") == f"{registry} {says}"


async def test_nobody_is_led_elsewhere(session: ClientSession) -> None:
    elsewhere = StandIn(lambda _: web.Response(headers=FOUND))
    async with elsewhere.listening() as other:
        there = {"Location": f"http://{other}/v2/web/manifests/v1"}
        async with StandIn(lambda _: web.Response(status=307, headers=there)).listening() as registry:
            told = await why(registries(session, {registry: LOGIN}), f"{registry}/web:v1")
    assert told == f"{registry} sends us elsewhere (307), where we do not follow"
    assert elsewhere.lines == []


async def test_a_login_is_not_led_elsewhere_either(session: ClientSession) -> None:
    elsewhere = StandIn(lambda _: web.json_response({"token": TOKEN}))
    async with elsewhere.listening() as other:
        there = {"Location": f"http://{other}/token"}
        asks = wants_token()

        def answer(request: web.Request) -> web.StreamResponse:
            is_token = request.path == "/token"
            return web.Response(status=307, headers=there) if is_token else asks(request)

        async with StandIn(answer).listening() as registry:
            told = await why(registries(session, {registry: LOGIN}), f"{registry}/web:v1")
    assert told == "127.0.0.1 sends us elsewhere (307), where we do not follow"
    assert elsewhere.lines == []


def wants_token(realm: str = "", token: Any = TOKEN) -> Any:
    """Answers whoever has the token, and sends others to the realm; it is at ``/token`` itself."""

    def answer(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response(token if isinstance(token, dict) else {"access_token": token})
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return web.Response(headers=FOUND)
        asks = f'Bearer realm="{realm or f"http://{request.host}/token"}",service="a, b"'
        return web.Response(status=401, headers={"WWW-Authenticate": asks})

    return answer


async def test_a_token_for_everybody_is_asked_for_without_a_login(session: ClientSession) -> None:
    stand_in = StandIn(wants_token())
    async with stand_in.listening() as registry:
        assert await registries(session).digest(f"{registry}/shop/web:v1") == digest_of(BODY)
    assert stand_in.lines == [
        "HEAD /v2/shop/web/manifests/v1",
        "GET /token?service=a,+b&scope=repository:shop/web:pull",
        "HEAD /v2/shop/web/manifests/v1 Bearer token-secret",
    ]


class Everywhere(ThreadedResolver):
    """Every host is the one that listens on this port of ours."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """As it would be in a world of one machine."""
        found = await super().resolve("127.0.0.1", self._port, socket.AF_INET)
        for one in found:
            one["hostname"] = host
        return found


@asynccontextmanager
async def the_world(stand_in: StandIn, folder: Path) -> AsyncIterator[ClientSession]:
    """A session to which the stand-in is every host, over TLS."""
    key, certificate = self_signed("registry.example.com", "registry-1.docker.io", "auth.docker.io")
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "both.pem").write_bytes(plain + certificate.public_bytes(Encoding.PEM))
    ours, theirs = ssl.create_default_context(cafile=folder / "both.pem"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(folder / "both.pem")
    async with stand_in.listening(theirs) as registry:
        connector = TCPConnector(resolver=Everywhere(int(registry.partition(":")[2])), ssl=ours)
        async with ClientSession(connector=connector) as session:
            yield session


async def test_docker_hub_is_asked_where_it_is_and_by_the_login_that_docker_keeps(
    tmp_path: Path,
) -> None:
    stand_in = StandIn(wants_token("https://auth.docker.io/token"))
    async with the_world(stand_in, tmp_path) as world:
        assert await registries(world, {"docker.io": LOGIN}).digest("docker.io/redis:7") == digest_of(BODY)
        assert await registries(world).digest("index.docker.io/shop/web:v1") == digest_of(BODY)
    assert [
        f"{one.scheme}://{one.host} {line}" for one, line in zip(stand_in.asked, stand_in.lines, strict=True)
    ] == [
        "https://registry-1.docker.io HEAD /v2/library/redis/manifests/7",
        f"https://auth.docker.io GET /token?service=a,+b&scope=repository:library/redis:pull Basic {LOGIN}",
        "https://registry-1.docker.io HEAD /v2/library/redis/manifests/7 Bearer token-secret",
        "https://registry-1.docker.io HEAD /v2/shop/web/manifests/v1",
        "https://auth.docker.io GET /token?service=a,+b&scope=repository:shop/web:pull",
        "https://registry-1.docker.io HEAD /v2/shop/web/manifests/v1 Bearer token-secret",
    ]


async def test_a_registry_elsewhere_is_trusted_by_its_certificate_alone(tmp_path: Path) -> None:
    stand_in = StandIn(wants_token("http://127.0.0.1/token"))
    async with the_world(stand_in, tmp_path) as world:
        asked = registries(world, {"registry.example.com": LOGIN, "other.example.com": LOGIN})
        assert await why(asked, "registry.example.com/web:v1") == (
            "registry.example.com wants our login at an address that is not over https"
        )
        assert await why(asked, "other.example.com/web:v1") == (
            "other.example.com cannot be reached (ClientConnectorCertificateError)"
        )
    assert stand_in.lines == ["HEAD /v2/web/manifests/v1"]


@pytest.mark.parametrize("token", ["token-secret\r\nX: 1", "", 7, {}, {"token": None}, "token secret"])
async def test_what_is_no_token_is_not_sent(session: ClientSession, token: object) -> None:
    async with StandIn(wants_token(token=token)).listening() as registry:
        told = await why(registries(session, {registry: LOGIN}), f"{registry}/web:v1")
    assert told == "127.0.0.1 answers without a token"


async def test_a_token_that_is_not_taken_is_tried_once(session: ClientSession) -> None:
    stand_in = StandIn(wants_token(token="another-token"))
    async with stand_in.listening() as registry:
        told = await why(registries(session, {registry: LOGIN}), f"{registry}/web:v1")
    assert told == f"{registry} does not accept our login for web"
    assert len(stand_in.lines) == 3


@pytest.mark.parametrize(
    "realm",
    [
        "http://tokens.example.com/token",
        "ftp://127.0.0.1/token",
        "//127.0.0.1/token",
        "https://bot@tokens.example.com/token",
        "https:///token",
        "https://[::1/token",
        "token",
    ],
)
async def test_a_login_is_shown_over_https_alone(session: ClientSession, realm: str) -> None:
    async with StandIn(wants_token(realm)).listening() as registry:
        told = await why(registries(session, {registry: LOGIN}), f"{registry}/web:v1")
    assert told == f"{registry} wants our login at an address that is not over https"


@pytest.mark.parametrize(
    "asks", ["Bearer", "Bearer realm", "Negotiate", "", 'Bearer realm=""', 'Bearer realm="x', "Bearer ="]
)
async def test_a_challenge_that_cannot_be_met_is_said_in_words(session: ClientSession, asks: str) -> None:
    answer = web.Response
    stand_in = StandIn(lambda _: answer(status=401, headers={"WWW-Authenticate": asks}))
    async with stand_in.listening() as registry:
        told = await why(registries(session, {registry: LOGIN}), f"{registry}/web:v1")
    assert told.startswith(registry)
    assert len(stand_in.lines) == 1
