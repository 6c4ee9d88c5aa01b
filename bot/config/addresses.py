"""What is secret in an address (URL) and what may be read: passwords, tokens and queries, and the host and path."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

HIDDEN = "[hidden]"

_WHOLE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+")  # spaces should have been encoded, and may not have been
_WITHIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_DATABASE = re.compile(r"(?:sqlite|postgres(?:ql)?)(?:\+\w+)?", re.IGNORECASE)
_QUERY = re.compile(r"[?&][^?&=#/@]+=")
# Parameters that say where a database is and how it is spoken to, never who asks;
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_PLAIN = frozenset(
    {
        *("host", "hostaddr", "port", "dbname", "database", "sslmode", "mode"),
        *("connect_timeout", "application_name", "target_session_attrs"),
    }
)
_PLACEHOLDER = re.compile(r"\{\w+\}")  # filled later, as in a ticket's address
_NO_PASSWORDS = frozenset({"", "x-oauth-basic"})  # beside which the user's name is the token, as on GitHub


def readable(address: str) -> str:
    """An address without its secrets: who asks, what is asked and the fragment are hidden, where it is stays."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return HIDDEN
    if _DATABASE.fullmatch(scheme) and _is_ambiguous(rest):
        return f"{scheme}://{HIDDEN}"
    rest, has_fragment, _ = _around_fragment(scheme, rest)
    before, after = _around_query(rest)
    user, _, place = before.rpartition("@")
    place, asks, bare = place.partition("?")  # a query without a name
    shown = f"{scheme}://{HIDDEN + '@' if user else ''}{place}"
    shown += f"?{HIDDEN}" if asks and bare else ""
    shown += "?" + "&".join(_shown(pair) for pair in _pairs(after)) if after else ""
    return f"{shown}#{HIDDEN}" if has_fragment else shown


def parts_of(address: str) -> SplitResult:
    """The parts of an address; of what is none (a port that is no number, [ without ]) each is empty."""
    try:
        parts = urlsplit(address)
        return parts if parts.port != 0 else urlsplit("")
    except ValueError:
        return urlsplit("")


def secrets_in(text: str) -> set[str]:
    """Passwords, tokens, and values of queries and fragments of every address in a text, as written and decoded."""
    whole = text.strip()
    found = [*([whole] if _WHOLE.fullmatch(whole) else []), *_WITHIN.findall(text)]
    raw = {secret for address in found for secret in _secrets(address)}
    decoded = {form for secret in raw for form in (unquote(secret), unquote_plus(secret))}
    return {secret for secret in raw | decoded if secret and not _PLACEHOLDER.fullmatch(secret)}


def secrets_within(node: Any) -> set[str]:
    """The same of every address anywhere in a structure: a team file's, a dataclass, a list."""
    return {secret for text in _texts(node) for secret in secrets_in(text)}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            yield from _texts(getattr(node, field.name))
    elif isinstance(node, Mapping):
        for key, value in cast(Mapping[Any, Any], node).items():
            yield from (*_texts(key), *_texts(value))
    elif isinstance(node, list | tuple | set | frozenset):
        for value in cast(list[Any], node):
            yield from _texts(value)


def _secrets(address: str) -> Iterator[str]:
    scheme, _, rest = address.partition("://")
    rest, _, fragment = _around_fragment(scheme, rest)
    before, after = _around_query(rest)
    yield fragment
    yield from (pair.partition("=")[2] for pair in _pairs(fragment))
    yield before.rpartition("@")[2].partition("?")[2]
    for pair in _pairs(after):
        name, has_value, value = pair.partition("=")
        if not has_value:
            yield name
        elif name.lower() not in _PLAIN and not (name == "user" and _DATABASE.fullmatch(scheme)):
            yield value
    for user_info in _user_infos(scheme, rest):
        user, _, password = user_info.partition(":")
        yield password
        # A database's user is a name, often that of the database; that of a web address may be a token.
        if password in _NO_PASSWORDS and not _DATABASE.fullmatch(scheme):
            yield user


def _is_ambiguous(rest: str) -> bool:
    """Whether signs that should have been encoded leave open where a password ends and a host begins."""
    return rest.count("@") > 1 or "@" in _around_query(rest)[1]


def _user_infos(scheme: str, rest: str) -> set[str]:
    """What may be meant as ``user:password``: every reading, where there are several."""
    if not _DATABASE.fullmatch(scheme):
        try:
            return {urlsplit(f"//{rest}").netloc.rpartition("@")[0]}
        except ValueError:  # "[" without "]"
            return {rest.rpartition("@")[0]}
    return {rest.rpartition("@")[0], rest.partition("@")[0]} if "@" in rest else set()


def _around_fragment(scheme: str, rest: str) -> tuple[str, str, str]:
    """As ``partition``; what stands before a database's host is a password, even with signs of other parts in it."""
    user, at, place = rest.rpartition("@") if _DATABASE.fullmatch(scheme) else ("", "", rest)
    place, sign, fragment = place.partition("#")
    return user + at + place, sign, fragment


def _around_query(rest: str) -> tuple[str, str]:
    begins = _QUERY.search(rest)
    return (rest[: begins.start()], rest[begins.start() + 1 :]) if begins else (rest, "")


def _pairs(query: str) -> list[str]:
    return [pair for pair in re.split("[&;]", query) if pair]


def _shown(pair: str) -> str:
    name, has_value, value = pair.partition("=")
    if not has_value:
        return HIDDEN
    return f"{name}={value if name.lower() in _PLAIN else HIDDEN}"
