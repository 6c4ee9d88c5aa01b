"""Amazon SNS: only its own signature over a topic of ours counts, and only such a topic is subscribed to."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import AF_INET
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from bot.core.events import AlertFired, AlertResolved
from bot.core.team import Team
from bot.vendors.kit.fetch import BODY_MAX, PATIENCE, WebFetch
from bot.vendors.kit.team_settings import SourceSettings
from bot.vendors.kit.webhooks import Unreachable, for_team
from bot.vendors.sns.proof import is_certificate, string_to_sign
from bot.vendors.sns.webhook import source
from tests.vendors import captured

HOST = "sns.eu-west-1.amazonaws.com"
PEM = f"https://{HOST}/SimpleNotificationService-0123456789abcdef.pem"
OURS = "arn:aws:sns:eu-west-1:123456789012:harbor-alarms"
THEIRS = "arn:aws:sns:eu-west-1:999999999999:harbor-alarms"
# The order of Amazon's page, https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
TO_SIGN = (
    b"Message\nHi\nMessageId\nm-1\nSubject\nS\nTimestamp\nt\nTopicArn\n" + OURS.encode() + b"\nType\nNotification\n"
)
KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey, subject: str = HOST, ends: timedelta = timedelta(days=1)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


CERTIFICATE = certificate(KEY)


@dataclass
class Amazon:
    """The stand-in: serves the certificate, takes confirmations, and remembers what it was asked."""

    pem: bytes = CERTIFICATE
    status: int = 200
    location: str = "https://example.com/"
    chunks: int = 0  # of 64 KiB, without a length
    hangs: asyncio.Event | None = None  # until then nothing more comes after the headers
    asked: list[str] = field(default_factory=list[str])
    sent: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        headers = {"Location": self.location} if self.status in range(300, 400) else {}
        if not self.chunks and self.hangs is None:
            return web.Response(status=self.status, body=self.pem, headers=headers)
        slow = web.StreamResponse()
        await slow.prepare(request)
        with suppress(ConnectionError):
            for _ in range(self.chunks):
                await slow.write(b"x" * 65_536)
                self.sent += 1
            if self.hangs is not None:
                await slow.write(self.pem[:100])
                await self.hangs.wait()
        return slow


class Local(AbstractResolver):
    """Every name is this machine, at one port."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: Any = AF_INET) -> list[ResolveResult]:
        del port, family
        return [
            {"hostname": host, "host": "127.0.0.1", "port": self._port, "family": AF_INET, "proto": 0, "flags": 0}
        ]

    async def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


@pytest.fixture
async def fetch(amazon: Amazon, tmp_path: Path) -> AsyncIterator[WebFetch]:
    """What the bot fetches with, for which SNS's host is the stand-in: over TLS, as in life."""
    private = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "tls.pem").write_bytes(CERTIFICATE + private)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(tmp_path / "tls.pem")
    trusting = ssl.create_default_context(cadata=CERTIFICATE.decode())
    app = web.Application()
    app.router.add_get("/{path:.*}", amazon.answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=serving)
    connector = TCPConnector(resolver=Local(server.port or 0), ssl=trusting)
    async with ClientSession(connector=connector) as session:
        yield WebFetch(session)
    await server.close()


def said(ago: timedelta = timedelta()) -> str:
    """As SNS writes it: ``2026-11-30T12:00:00.000Z``."""
    return (datetime.now(UTC) - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message(**changes: Any) -> dict[str, Any]:
    """A notification; ``...`` takes a field away."""
    whole = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": OURS,
        "Subject": "S",
        "Message": "Hi",
        "Timestamp": said(),
        "SignatureVersion": "2",
        "SigningCertURL": PEM,
    }
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def confirmation(**changes: Any) -> dict[str, Any]:
    url = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={OURS}&Token=2336412f37"
    return message(Type="SubscriptionConfirmation", Subject=..., Token="2336412f37", SubscribeURL=url, **changes)


def signed(what: dict[str, Any], key: rsa.RSAPrivateKey = KEY) -> bytes:
    """As SNS signs it: with SHA-1 in version 1, with SHA-256 in version 2."""
    used = hashes.SHA1() if what.get("SignatureVersion") == "1" else hashes.SHA256()  # noqa: S303
    signature = key.sign(string_to_sign(what) or b"", padding.PKCS1v15(), used)
    return json.dumps(what | {"Signature": base64.b64encode(signature).decode()}).encode()


async def admitted(fetch: WebFetch, *bodies: bytes, proven: bool = False, headers: Any = ()) -> list[bool]:
    """Whether each is taken by one bot that listens to our topic."""
    admit = for_team({"sns": source}, Team().with_parts(SourceSettings(topics=frozenset({OURS}))))["sns"].admit
    assert admit is not None
    return [await admit(dict(headers), body, proven, fetch, datetime.now(UTC)) for body in bodies]


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_message_that_sns_signed_is_taken_and_a_changed_one_is_not(fetch: WebFetch, version: str) -> None:
    right = signed(message(SignatureVersion=version))
    forged = [
        right.replace(b'"Hi"', b'"Ho"'),
        right.replace(b'"m-1"', b'"m-2"'),
        right.replace(b'"S"', b"null"),
        right.replace(b'"Subject"', b'"subject"'),
        signed(message(SignatureVersion=version), OTHER_KEY),
    ]
    assert await admitted(fetch, right, *forged) == [True, False, False, False, False, False]


async def test_the_signature_of_one_version_is_none_in_the_other(fetch: WebFetch) -> None:
    body = json.loads(signed(message(SignatureVersion="1")))
    bodies = [json.dumps(body | {"SignatureVersion": version}).encode() for version in ("2", "3", 1, None)]

    assert await admitted(fetch, *bodies) == [False] * 4


async def test_a_certificate_is_fetched_once_and_only_for_our_topics(fetch: WebFetch, amazon: Amazon) -> None:
    assert await admitted(fetch, signed(message(TopicArn=THEIRS)), b"{}", b"[]", b"\xff") == [False] * 4
    assert amazon.asked == []
    assert await admitted(fetch, signed(message()), signed(message(Message="Again"))) == [True, True]
    assert amazon.asked == ["/SimpleNotificationService-0123456789abcdef.pem"]


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/x.pem",
        "https://sns.eu-west-1.amazonaws.com.example.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@example.com/x.pem",
        "https://example.com#sns.eu-west-1.amazonaws.com/x.pem",
        f"https://{HOST}:8443/x.pem",
        f"https://user@{HOST}/x.pem",
        PEM.replace("https://", "https://user@"),
        PEM.replace("https://", "https://user:password@"),
        PEM.replace("https://", "https://@"),
        PEM.replace("https://", "https://:@"),
        PEM.replace(HOST, f"{HOST}@example.com"),
        PEM.replace(HOST, f"{HOST}:443@example.com"),
        PEM.replace(HOST, f"{HOST}%2f@example.com"),
        PEM.replace(HOST, f"{HOST}%00.example.com"),
        PEM.replace(HOST, f"{HOST}%2eexample.com"),
        PEM.replace(HOST, HOST.upper()),
        PEM.replace(HOST, HOST.title()),
        PEM.replace("sns.", "SNS."),
        PEM.replace("sns.", "sns%2e"),
        PEM.replace("sns.", "%73ns."),
        PEM.replace("sns.", "ſns."),
        PEM.replace("SimpleNotificationService", "simplenotificationservice"),
        PEM.replace("SimpleNotificationService", "%53impleNotificationService"),
        PEM.replace("0123456789abcdef", "0123456789ABCDEF"),
        PEM.replace("0123456789abcdef", "%30123456789abcdef"),
        PEM.replace(".pem", "%2epem"),
        PEM.replace(".pem", ".PEM"),
        PEM.replace(".pem", ".pem%00"),
        PEM.replace("/Simple", "//Simple"),
        PEM.replace("/Simple", "/./Simple"),
        PEM.replace("/Simple", "/x/../Simple"),
        PEM.replace("/Simple", "/%2e%2e/Simple"),
        f"\t{PEM}",
        PEM.replace("/Simple", "/\tSimple"),
        PEM.replace(HOST, f"{HOST}:"),
        PEM.replace(HOST, f"{HOST}:0443"),
        "https://sns.amazonaws.com/x.pem",
        "https://evil-sns.eu-west-1.amazonaws.com/x.pem",
        "https://s3.eu-west-1.amazonaws.com/sns/x.pem",
        f"https://{HOST}\\.example.com/x.pem",
        f"https://{HOST}\n.example.com/x.pem",
        "https://sns.eu\u2010west-1.amazonaws.com/x.pem",
        "https://[sns.eu-west-1.amazonaws.com/x.pem",
        f"https://{HOST}/x.txt",
        f"https://{HOST}/x.pem",
        f"https://{HOST}/uploads/SimpleNotificationService-0123456789abcdef.pem",
        f"https://{HOST}/SimpleNotificationService-0123456789abcdef.pem/x.pem",
        f"https://{HOST}/SimpleNotificationService-0123456789ABCDEG.pem",
        f"https://{HOST}/SimpleNotificationService-.pem",
        f"https://{HOST}/..%2fSimpleNotificationService-0123456789abcdef.pem",
        f"{PEM}?x=1",
        f"{PEM}?",
        f"{PEM}#x",
        f"{PEM};x",
        f"{PEM} ",
        f"//{HOST}/SimpleNotificationService-0123456789abcdef.pem",
        PEM.replace("https", "HTTPS"),
        PEM.replace(HOST, f"{HOST}:443"),
        PEM.replace(HOST, f"{HOST}."),
        PEM.replace(HOST, "sns.us-east-1.amazonaws.com"),  # another region than the topic's
        PEM.replace(HOST, f"{HOST}.cn"),
        PEM.replace(HOST, "sns-eu-west-1.s3.amazonaws.com"),
        PEM.replace(HOST, "sns.eu-west-1.amazonaws.com.s3.amazonaws.com"),
        "",
        7,
        None,
    ],
)
async def test_a_certificate_from_elsewhere_is_not_even_asked_for(
    fetch: WebFetch, amazon: Amazon, url: Any
) -> None:
    assert await admitted(fetch, signed(message(SigningCertURL=url))) == [False]
    assert amazon.asked == []


def test_the_hosts_of_every_partition_are_sns() -> None:
    file = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
    for partition, region in (
        ("aws", "us-east-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws", "ap-southeast-2"),
        ("aws", "mx-central-1"),
    ):
        topic = f"arn:{partition}:sns:{region}:123456789012:a"
        assert is_certificate(f"https://sns.{region}.amazonaws.com/{file}", topic)
    assert is_certificate(
        f"https://sns.cn-north-1.amazonaws.com.cn/{file}", "arn:aws-cn:sns:cn-north-1:123456789012:a"
    )
    assert not is_certificate(f"https://sns.eu-west-1.amazonaws.com/{file}", "arn:aws:sqs:eu-west-1:123456789012:a")


@pytest.mark.parametrize("ago", [timedelta(hours=1, minutes=1), -timedelta(minutes=6), timedelta(days=400)])
async def test_what_was_said_long_ago_or_is_yet_to_be_said_is_not_taken(
    fetch: WebFetch, amazon: Amazon, ago: timedelta
) -> None:
    stamps = [said(ago), "yesterday", "", 7, None, said()[:-1]]
    assert await admitted(fetch, *(signed(message(Timestamp=stamp)) for stamp in stamps)) == [False] * 6
    assert amazon.asked == []
    assert await admitted(fetch, signed(message(Timestamp=said(timedelta(minutes=59))))) == [True]


@pytest.mark.parametrize(
    "pem",
    [certificate(KEY, "files.example.com"), certificate(KEY, ends=-timedelta(minutes=1))],
    ids=["somebody else's", "expired"],
)
async def test_a_certificate_that_is_not_snss_or_not_in_force_proves_nothing(
    fetch: WebFetch, amazon: Amazon, pem: bytes
) -> None:
    amazon.pem = pem
    assert await admitted(fetch, signed(message()), signed(message(SignatureVersion="1"))) == [False, False]


@pytest.mark.parametrize("subject", ["sns.amazonaws.com", "sns-signing.af-south-1.amazonaws.com", HOST])
async def test_every_name_that_sns_signs_by_is_its_own(fetch: WebFetch, amazon: Amazon, subject: str) -> None:
    amazon.pem = certificate(KEY, subject)
    assert await admitted(fetch, signed(message())) == [True]


async def test_a_subscription_is_confirmed_for_a_topic_of_ours_alone(fetch: WebFetch, amazon: Amazon) -> None:
    assert await admitted(fetch, signed(confirmation()), signed(confirmation(TopicArn=THEIRS))) == [True, False]
    assert amazon.asked[1:] == [f"/?Action=ConfirmSubscription&TopicArn={OURS}&Token=2336412f37"]


async def test_a_confirmation_that_leads_elsewhere_is_not_followed(fetch: WebFetch, amazon: Amazon) -> None:
    right = confirmation()["SubscribeURL"]
    elsewhere = [
        "https://example.com/?Action=ConfirmSubscription",
        right.replace(HOST, "sns.us-east-1.amazonaws.com"),
        right.replace(HOST, f"{HOST}:444"),
        right.replace("ConfirmSubscription", "Unsubscribe"),
        right.replace("2336412f37", "another"),
        right.replace(OURS, THEIRS),
        f"{right}&Action=Publish",
        f"{right}&AuthenticateOnUnsubscribe=true",
        right.replace("/?", "/x?"),
        right.partition("?")[0],
    ]
    bodies = [signed(confirmation() | {"SubscribeURL": url}) for url in elsewhere]

    assert await admitted(fetch, *bodies) == [False] * len(bodies)
    assert len(amazon.asked) == 1  # for the certificate


async def test_nothing_is_confirmed_before_it_is_proven(fetch: WebFetch, amazon: Amazon) -> None:
    forged = signed(confirmation(), OTHER_KEY)
    assert await admitted(fetch, forged) == [False]
    assert [path for path in amazon.asked if "Confirm" in path] == []


@pytest.mark.parametrize(
    ("status", "pem", "says"),
    [
        (503, b"", "answers 503"),
        (302, b"", "answers 302"),
        (200, b"<html>", "no certificate"),
        (200, b"x" * (BODY_MAX + 1), "more than 64 KiB"),
    ],
)
async def test_a_certificate_that_cannot_be_had_means_send_it_again(
    fetch: WebFetch, amazon: Amazon, status: int, pem: bytes, says: str
) -> None:
    amazon.status, amazon.pem = status, pem
    with pytest.raises(Unreachable, match=says):
        await admitted(fetch, signed(message()))
    amazon.status, amazon.pem = 200, CERTIFICATE

    assert await admitted(fetch, signed(message())) == [True]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to", [PEM.replace("0123", "4567"), f"https://{HOST}:8443/x", "https://example.com/x", "/x"]
)
async def test_a_certificate_that_lies_elsewhere_by_now_is_not_followed(
    fetch: WebFetch, amazon: Amazon, status: int, to: str
) -> None:
    amazon.status, amazon.location = status, to
    with pytest.raises(Unreachable, match=f"answers {status}"):
        await admitted(fetch, signed(message()))
    assert len(amazon.asked) == 1


async def test_a_certificate_without_an_end_is_read_no_further_than_the_limit(
    fetch: WebFetch, amazon: Amazon
) -> None:
    amazon.chunks = 1_000
    with pytest.raises(Unreachable, match="more than 64 KiB"):
        await admitted(fetch, signed(message()))
    assert amazon.sent < amazon.chunks


async def test_a_certificate_that_does_not_come_is_given_up(
    fetch: WebFetch, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PATIENCE.total is not None
    assert PATIENCE.total <= 10  # SNS waits 15 s for our answer
    monkeypatch.setattr("bot.vendors.kit.fetch.PATIENCE", ClientTimeout(total=0.05))
    amazon.hangs = asyncio.Event()
    try:
        with pytest.raises(Unreachable, match=r"does not answer .TimeoutError"):
            await admitted(fetch, signed(message()))
    finally:
        amazon.hangs.set()


async def test_nothing_is_fetched_unencrypted(fetch: WebFetch, amazon: Amazon) -> None:
    with pytest.raises(Unreachable, match="https"):
        await fetch(f"http://{HOST}/x.pem")

    assert amazon.asked == []


async def test_raw_delivery_is_proven_by_the_secret_and_the_topic_beside_it(fetch: WebFetch) -> None:
    raw = captured.delivery("sns", "cloudwatch_alarm_raw")

    assert await admitted(fetch, raw.body, proven=True, headers=raw.headers) == [True]
    assert await admitted(fetch, raw.body, proven=False, headers=raw.headers) == [False]
    assert await admitted(fetch, raw.body, proven=True, headers={"x-amz-sns-topic-arn": THEIRS}) == [False]


def test_what_is_signed_is_what_amazons_page_says() -> None:
    assert string_to_sign(message(Timestamp="t")) == TO_SIGN
    assert string_to_sign(message(Timestamp="t", Subject=...)) == TO_SIGN.replace(b"Subject\nS\n", b"")
    assert string_to_sign(message(Subject=7)) is None
    assert string_to_sign(message(Type="Other")) is None


def test_without_topics_there_is_no_such_source() -> None:
    assert for_team({"sns": source}, Team()) == {}


def test_cloudwatchs_alarm_goes_off_and_is_over() -> None:
    fired, raw, over = (
        source.parse(captured.delivery("sns", name))[0]
        for name in ("cloudwatch_alarm", "cloudwatch_alarm_raw", "cloudwatch_ok")
    )

    assert isinstance(fired, AlertFired)
    assert fired == raw
    assert isinstance(over, AlertResolved)
    assert fired.fingerprint == over.fingerprint
    assert (fired.starts_at, over.ends_at) == (captured.NOW, captured.NOW)
    assert fired.labels["region"] == "eu-west-1"
    assert fired.url.endswith("region=eu-west-1#alarmsV2:alarm/web-cpu-high")


@pytest.mark.parametrize(
    "changes",
    [
        {"Message": "Your budget is used up"},
        {"Message": '{"Event": "s3:TestEvent"}'},
        {"Message": '{"AlarmName": "x", "NewStateValue": "INSUFFICIENT_DATA"}'},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "UnsubscribeConfirmation"},
    ],
)
def test_what_is_no_alarm_is_nothing_to_us(changes: Any) -> None:
    received = captured.delivery("sns", "cloudwatch_alarm")

    assert source.parse(replace(received, body=json.dumps(message(**changes)).encode())) == []


def test_a_raw_message_that_is_no_alarm_is_nothing_to_us() -> None:
    raw = captured.delivery("sns", "cloudwatch_alarm_raw")

    assert source.parse(replace(raw, body=b'{"hello": "world"}')) == []


def test_a_message_keeps_its_id_however_it_is_sent() -> None:
    body = json.dumps(message()).encode()

    assert source.identify({"x-amz-sns-message-id": "another"}, body) == source.identify({}, body) == "m-1"
    assert source.identify({"x-amz-sns-message-id": "raw-1"}, b'{"AlarmName": "x"}') == "raw-1"
