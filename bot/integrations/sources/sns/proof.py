"""Whether a message is from Amazon SNS and from a topic of ours; confirms the subscription of such a topic.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from bot.integrations.source import Fetch, MalformedPayload, Unreachable, an_object, loaded

HOST = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-\d{1,2}\.amazonaws\.com(\.cn)?")
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
    topic proves the sender.
    """

    def __init__(self, topics: frozenset[str]) -> None:
        self._topics = topics
        self._certificates: dict[str, bytes] = {}

    async def admit(self, headers: Mapping[str, str], body: bytes, proven: bool, fetch: Fetch) -> bool:
        """Whether it is taken; a topic's confirmation is given before. Raises ``Unreachable``."""
        try:
            message = an_object(loaded(body))
        except MalformedPayload:
            return False
        # Raw message delivery leaves the envelope away; only a secret can prove such a message.
        topic = message.get("TopicArn") or headers.get("x-amz-sns-topic-arn")
        if topic not in self._topics:
            return False
        if not proven and not await self._is_signed(message, fetch):
            return False
        if message.get("Type") == CONFIRMATION:
            return await self._confirm(message, fetch)
        return True

    async def _is_signed(self, message: Mapping[str, Any], fetch: Fetch) -> bool:
        signed = string_to_sign(message)
        url, version = message.get("SigningCertURL"), message.get("SignatureVersion")
        if (
            signed is None
            or version not in ("1", "2")
            or not is_of_sns(url)
            or not urlsplit(url).path.endswith(".pem")
        ):
            return False
        try:
            signature = base64.b64decode(str(message.get("Signature")), validate=True)
        except (binascii.Error, ValueError):
            return False
        certificate = self._certificates.get(url) or await fetch(url)
        if not verifies(certificate, signature, signed, version):
            return False
        if len(self._certificates) >= CERTIFICATES_MAX:
            self._certificates.pop(next(iter(self._certificates)))
        self._certificates[url] = certificate
        return True

    async def _confirm(self, message: Mapping[str, Any], fetch: Fetch) -> bool:
        url = message.get("SubscribeURL")
        if not is_of_sns(url):
            return False
        await fetch(url)
        return True


def is_of_sns(url: Any) -> TypeGuard[str]:
    """Whether this is an https address of SNS itself, and leads nowhere else."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and HOST.fullmatch(parts.netloc) is not None
    except ValueError:
        return False


def string_to_sign(message: Mapping[str, Any]) -> bytes | None:
    """What SNS has signed of it, or None where it is no message of SNS's."""
    names = _SIGNED.get(str(message.get("Type")))
    values = {name: message[name] for name in names or () if message.get(name) is not None}
    if names is None or not all(isinstance(value, str) for value in values.values()):
        return None
    return "".join(f"{name}\n{value}\n" for name, value in values.items()).encode("utf-8", "replace")


def verifies(certificate: bytes, signature: bytes, signed: bytes, version: str) -> bool:
    """Whether the certificate's key made the signature: with SHA-1 in version 1, SHA-256 in version 2.

    Who issued the certificate is vouched for by the TLS of the address that it is from, which is SNS's own. Raises
    ``Unreachable`` where it is no certificate: then something else has answered.
    """
    # Slow to load, and most teams have no topic.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256  # noqa: PLC0415

    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        raise Unreachable("what SNS's address holds is no certificate") from None
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        # SHA-1 is what Amazon's version 1 is; topics are told to use version 2, which not all do.
        key.verify(signature, signed, padding.PKCS1v15(), SHA1() if version == "1" else SHA256())  # noqa: S303
    except InvalidSignature:
        return False
    return True
