"""Whether a message is from Amazon SNS and from a topic of ours; confirms the subscription of such a topic.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeGuard
from urllib.parse import SplitResult, parse_qs, urlsplit

from bot.vendors.kit.webhooks import Fetch, MalformedPayload, Unreachable, an_object, loaded

# Everybody with an account may put files under other names of amazonaws.com, so a certificate is SNS's own by its whole
# address: host and path, to the letter. https://sns.us-east-1.amazonaws.com/SimpleNotificationService-<hex>.pem
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]+\.pem")
_SUBJECT = r"sns(?:-signing)?(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
# SNS tries again for up to an hour after it has said a thing, and clocks differ a little.
# https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
OLDEST, AHEAD = timedelta(hours=1), timedelta(minutes=5)
CERTIFICATES_MAX = 16  # each region signs with one, and changes it once a year or so
NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
# What is signed, in this order: each name and value on a line of its own, where the message has it.
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED[CONFIRMATION]


class Proof:
    """Knows the topics that count, and keeps the certificates that it has seen.

    Everybody with an account at Amazon can have SNS sign a message to us, so the signature proves the topic, and the
    topic proves the sender. What is signed is taken while it is new.
    """

    def __init__(self, topics: frozenset[str]) -> None:
        self._topics = topics
        self._certificates: dict[str, bytes] = {}

    async def admit(
        self, headers: Mapping[str, str], body: bytes, proven: bool, fetch: Fetch, now: datetime
    ) -> bool:
        """Whether it is taken; a topic's confirmation is given before. Raises ``Unreachable``."""
        try:
            message = an_object(loaded(body))
        except MalformedPayload:
            return False
        # Raw message delivery leaves the envelope away; only a secret can prove such a message.
        topic = message.get("TopicArn") or headers.get("x-amz-sns-topic-arn")
        if topic not in self._topics:
            return False
        if not proven and not (_is_new(message, now) and await self._is_signed(message, str(topic), fetch, now)):
            return False
        if message.get("Type") == CONFIRMATION:
            return await self._confirm(message, str(topic), fetch)
        return True

    async def _is_signed(self, message: Mapping[str, Any], topic: str, fetch: Fetch, now: datetime) -> bool:
        signed = string_to_sign(message)
        url, version = message.get("SigningCertURL"), message.get("SignatureVersion")
        if signed is None or version not in ("1", "2") or not is_certificate(url, topic):
            return False
        try:
            signature = base64.b64decode(str(message.get("Signature")), validate=True)
        except (binascii.Error, ValueError):
            return False
        certificate = self._certificates.get(url) or await fetch(url)
        if not verifies(certificate, signature, signed, version, now):
            return False
        if len(self._certificates) >= CERTIFICATES_MAX:
            self._certificates.pop(next(iter(self._certificates)))
        self._certificates[url] = certificate
        return True

    async def _confirm(self, message: Mapping[str, Any], topic: str, fetch: Fetch) -> bool:
        url = message.get("SubscribeURL")
        if not is_confirmation(url, topic, message.get("Token")):
            return False
        await fetch(url)
        return True


def _is_new(message: Mapping[str, Any], now: datetime) -> bool:
    try:
        said_at = datetime.fromisoformat(str(message.get("Timestamp")))
    except ValueError:
        return False
    return said_at.tzinfo is not None and -AHEAD <= now - said_at <= OLDEST


def is_certificate(url: Any, topic: str) -> TypeGuard[str]:
    """Whether this is where SNS keeps what it signs a topic's messages with, and nothing else."""
    parts = _of_sns(url, topic)
    return (
        parts is not None and not parts.query and "?" not in url and _CERTIFICATE.fullmatch(parts.path) is not None
    )


def is_confirmation(url: Any, topic: str, token: Any) -> TypeGuard[str]:
    """Whether this subscribes to the topic by the token that is signed, and does nothing else."""
    parts = _of_sns(url, topic)
    if parts is None or parts.path != "/" or not isinstance(token, str):
        return False
    try:
        asked = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return False
    return asked == {"Action": ["ConfirmSubscription"], "TopicArn": [topic], "Token": [token]}


def _of_sns(url: Any, topic: str) -> SplitResult | None:
    """The parts of an https address of SNS itself in the topic's region; None where it is, or could be, another."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or "\\" in url or "#" in url:
        return None
    host = _host_of(topic)
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if host and url.startswith(f"https://{host}/") and parts.netloc == host else None


def _host_of(topic: str) -> str | None:
    """Where SNS is in the region of ``arn:<partition>:sns:<region>:<account>:<name>``."""
    parts = topic.split(":")
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "sns" or not _REGION.fullmatch(parts[3]):
        return None
    return f"sns.{parts[3]}.amazonaws.com{'.cn' if parts[1] == 'aws-cn' else ''}"


def string_to_sign(message: Mapping[str, Any]) -> bytes | None:
    """What SNS has signed of it, or None where it is no message of SNS's."""
    names = _SIGNED.get(str(message.get("Type")))
    values = {name: message[name] for name in names or () if message.get(name) is not None}
    if names is None or not all(isinstance(value, str) for value in values.values()):
        return None
    return "".join(f"{name}\n{value}\n" for name, value in values.items()).encode("utf-8", "replace")


def verifies(certificate: bytes, signature: bytes, signed: bytes, version: str, now: datetime) -> bool:
    """Whether the certificate's key made the signature: with SHA-1 in version 1, SHA-256 in version 2.

    It must be SNS's by its subject, and in force now. SNS gives it without the chain of who issued it, so that is not
    proven by itself: the TLS of the address that it is from, which is SNS's own, vouches for it. Raises
    ``Unreachable`` where it is no certificate: then something else has answered.
    """
    # Slow to load, and most teams have no topic.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256  # noqa: PLC0415

    try:
        read = x509.load_pem_x509_certificate(certificate)
        key, names = read.public_key(), read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    except ValueError:
        raise Unreachable("what SNS's address holds is no certificate") from None
    is_sns = any(re.fullmatch(_SUBJECT, str(name.value)) for name in names)
    is_in_force = read.not_valid_before_utc <= now <= read.not_valid_after_utc
    if not isinstance(key, rsa.RSAPublicKey) or not is_sns or not is_in_force:
        return False
    try:
        # SHA-1 is what Amazon's version 1 is; topics are told to use version 2, which not all do.
        key.verify(signature, signed, padding.PKCS1v15(), SHA1() if version == "1" else SHA256())  # noqa: S303
    except InvalidSignature:
        return False
    return True
