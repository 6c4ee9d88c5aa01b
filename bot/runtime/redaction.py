"""Takes secrets out of whatever leaves the process as text: logs, findings, health, what deployments print."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from bot.config.addresses import HIDDEN
from bot.config.settings import SECRET_MIN

_KEYS = re.compile(
    r"authorization|cookie|password|passwd|secret|token|response_url|trigger_id|private_metadata|signature|api_?key",
    re.IGNORECASE,
)
_NAMED = r"password|passwd|secret|token|api_?key|access_?key|private_?key"


def _signed_token(found: re.Match[str]) -> str:
    return HIDDEN if found[2] and len(found[1]) >= 10 else found[0]


def _password(found: re.Match[str]) -> str:
    """Without the @ it is none; the text up to where one might have stood need not be read again."""
    return f"{found[1]}{HIDDEN}@" if found[2] else found[0]


# Each takes steps that grow with the text, whatever is in it: deployments print what they want.
_SHAPES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # Slack: tokens of every kind, rotated ones included; addresses by which anybody may answer or post.
    (re.compile(r"xox[a-z](?:\.xox[a-z])?-[\w.~+/=-]+|xapp-[\w-]+"), HIDDEN),
    (re.compile(r"https?://hooks\.slack\.com/[^\s\"'<>\\]+"), HIDDEN),
    (re.compile(r"\b\d{6,}\.\d{6,}\.[0-9a-f]{32}\b"), HIDDEN),  # trigger ids, good for 3 s
    # Code hosts.
    (re.compile(r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|gl(?:pat|ptt|cbt|dt|rt|soat)-[\w-]{16,})"), HIDDEN),
    # Registries of packages and images, payment, mail, maps and models: each by the beginning that its issuer gives.
    (re.compile(r"\b(?:npm_\w{30,}|pypi-[\w-]{30,}|dckr_pat_[\w-]{20,})"), HIDDEN),
    (
        re.compile(
            r"\b(?:[rs]k_(?:live|test)_\w{16,}|SG\.[\w-]{16,}\.[\w-]{16,}|AIza[\w-]{30,}|sk-ant-[\w-]{20,})"
        ),
        HIDDEN,
    ),
    # Who asks, in addresses (a token alone, and passwords with signs that should have been encoded), and what only
    # they and whom they ask should know.
    (re.compile(r"(\w://)[^\s/?#\"'<>]+@"), rf"\1{HIDDEN}@"),
    (
        re.compile(
            # It is looked ahead whether this is a parameter with a value: else its words would be tried one by one.
            r"([?&#;](?=[\w.%-]*+=[^\s&;#\"'<>])"
            r"[\w.%-]*(?:pass|pwd|secret|token|key|auth|sig|credential|session|jwt|assertion|code)[\w.%-]*=)"
            r"[^\s&;#\"'<>]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # Clouds, and signed tokens of any issuer (RFC 7519): {"… in base64. A first part that is not followed by the two
    # others is taken whole and kept: nothing within it is followed by them either.
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), HIDDEN),
    (re.compile(r"\beyJ([\w-]*+)(\.[\w-]{10,}+\.[\w-]{5,}+)?"), _signed_token),
    # Keys (RFC 7468), whole or cut off.
    (
        re.compile(
            r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----).*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)",
            re.DOTALL,
        ),
        rf"\1 {HIDDEN}",
    ),
    # Headers and assignments.
    (
        re.compile(
            r"(authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:(?:token|digest|apikey)\s{1,3})?)"
            r"(?!bearer\b|basic\b)[^\s\"',\\]{6,}",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(rf"((?:{_NAMED})[\w-]{{0,30}}[\"']?\s?=\s?[\"']?)[^\s\"'&,;\\]{{6,}}", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    # After a colon ordinary words follow too ("token: refreshed"); what has a digit in it is none.
    (
        re.compile(
            rf"((?:{_NAMED})[\w-]{{0,30}}[\"']?:\s{{0,3}}[\"']?)(?=[^\s\d]{{0,100}}\d)[^\s\"'&,;\\]{{8,}}",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b((?:ssl)?passw(?:or)?d=)(?:'[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)", re.IGNORECASE), rf"\1{HIDDEN}"),
    # Headers, and passwords within addresses.
    (re.compile(r"\b(bearer\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # Base64 of user and password; a word of letters alone, as in “Basic Information”, is none.
    (re.compile(r"\b((?i:basic)\s+)(?![A-Za-z][a-z]{1,30}(?![\w.~+/=-]))[\w.~+/=-]{6,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(\w://[^\s:/@\"']*:)[^\s@\"']++(@?)"), _password),
)


class Redaction:
    """Knows the secrets of this process, and what secrets of others look like."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # A secret of several lines (a key) is printed a line at a time.
        parts = {part for secret in secrets for part in (secret, *secret.splitlines())}
        forms = {form for part in parts if len(part) >= SECRET_MIN for form in _forms(part)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """Text without them."""
        if self._known:
            text = self._known.sub(HIDDEN, text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def values(self, node: Any) -> Any:
        """A structure in which what stands under a telling key is hidden, however deep."""
        if isinstance(node, Mapping):
            return {
                key: HIDDEN if value and isinstance(key, str) and _KEYS.search(key) else self.values(value)
                for key, value in node.items()
            }
        if isinstance(node, list | tuple | set | frozenset):
            return [self.values(value) for value in node]
        return node

    def rendering(self, renderer: Callable[[Any, str, Any], str | bytes]) -> Callable[[Any, str, Any], str]:
        """A structlog renderer around another one: whatever that one writes, secrets are taken out of it."""

        def redacted(logger: Any, name: str, event: Any) -> str:
            line = renderer(logger, name, self.values(event))
            return self.text(line if isinstance(line, str) else line.decode())

        return redacted


def _forms(secret: str) -> set[str]:
    """A secret as it stands, and as JSON, a repr or an address would write it."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
    }
