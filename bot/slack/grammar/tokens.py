"""Turns what a person typed, as Slack sends it, into words: quotes, mentions, links, odd spaces, entities."""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from bot.core.refusals import NotUnderstood

TEXT_MAX = 12_000  # characters; far beyond what Slack's composer lets anybody type after a slash command

_NEWLINES = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# Zero-width and direction marks come along with pasted text and make equal words unequal. The joiners U+200C and
# U+200D stay: emoji and several scripts are written with them.
_INVISIBLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
_D = '"“”„‟'  # any of these opens or closes; iOS and macOS turn one into the other while people type
_S = "'‘’‚‛"
_WORD = re.compile(
    rf"""(?P<gap>\s*)(?:
        [{_D}](?P<double>(?:[^{_D}]|([{_D}])\3)*)[{_D}](?=\s|$)
      | «(?P<angle>[^«»]*)»(?=\s|$)
      | [{_S}](?P<single>[^{_S}]*)[{_S}](?=\s|$)
      | (?P<word>(?:[^\s<]++|<[^<>\n]*+>|<)++)
    )""",
    re.VERBOSE,
)
_DOUBLED = re.compile(rf"([{_D}])\1")
_TOKEN = re.compile(r"<([^<>\n]*)>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>\n]*)?>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))

_MARKS_MAX = 30  # in a row; no language needs half as many
_JOINER = "\u034f"  # combining grapheme joiner, which nobody sees

NameOf = Callable[[str], str | None]


class Word(NamedTuple):
    """One word, or several in quotes.

    Attributes:
        text: what it means: without its quotes, links as addresses, mentions as @name, entities undone.
        shown: the same as it stands among other words of a text: its quotes are kept.
        quoted: never a keyword, then.
        user_id: of the person mentioned, where the whole word is a mention.
        gap: what stood before it: "", a space, or a newline.
    """

    text: str
    shown: str
    quoted: bool = False
    user_id: str = ""
    gap: str = ""

    @property
    def key(self) -> str:
        """The word for comparing with a keyword; nothing where it is quoted or a mention."""
        return "" if self.quoted or self.user_id else self.text.casefold()


def split(text: str, name_of: NameOf) -> tuple[Word, ...]:
    """The words of a text. ``name_of`` gives the name of a user id. Raises ``NotUnderstood`` if too long."""
    if len(text) > TEXT_MAX:
        raise NotUnderstood(f"That is {len(text):,} characters; I read {TEXT_MAX:,} at most. Say it shorter.")
    plain = clean(text)
    return tuple(_word(found, name_of) for found in _WORD.finditer(plain))


def clean(text: str) -> str:
    """The text in one form of Unicode, with plain spaces and newlines and without invisible characters."""
    if not text.isascii():
        # Half a surrogate pair can come out of JSON, and no database takes it.
        text = _composed(text.encode("utf-8", "replace").decode("utf-8"))
    text = _SPACES.sub(" ", _NEWLINES.sub("\n", text))
    return _INVISIBLE.sub("", text).strip()


def _composed(text: str) -> str:
    """The text in normalisation form C, in time that grows with its length alone.

    Python sorts the marks on one letter with as many steps as the square of their number (40,000 take 1.2 s), so
    more than 30 in a row get a joiner after each 30, as the Stream-Safe Text Format has it: unicode.org/reports/tr15.
    """
    if unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", _stream_safe(text))


def _stream_safe(text: str) -> str:
    parts: list[str] = []
    marks = begun = 0
    for at, letter in enumerate(text):
        if not unicodedata.combining(letter):
            marks = 0
            continue
        marks += 1
        if marks > _MARKS_MAX:
            parts.append(text[begun:at])
            begun, marks = at, 1
    return _JOINER.join([*parts, text[begun:]])


def meaning(marked: str, name_of: NameOf) -> str:
    """A text without Slack's markup: links as addresses, mentions as @name, entities undone (last)."""
    if "<" in marked:
        marked = _TOKEN.sub(lambda token: _plain(token[1], token[0], name_of), marked)
    return _ENTITY.sub(lambda entity: _ENTITIES[entity[1]], marked) if "&" in marked else marked


def join(words: tuple[Word, ...]) -> str:
    """The text that these words make: of one in quotes what is inside, of several as they were written."""
    if len(words) == 1:
        return words[0].text
    return "".join((word.gap if at else "") + word.shown for at, word in enumerate(words))


def quote(text: str) -> str:
    """The text in quotes, so that ``split`` gives it back as one word."""
    return '"' + re.sub(rf"([{_D}])", r"\1\1", text) + '"'


def _word(found: re.Match[str], name_of: NameOf) -> Word:
    space, double, _, angle, single, marked = found.groups()
    gap = "\n" if "\n" in space else " " if space else ""
    if marked is not None:
        text = meaning(marked, name_of)
        mention = _MENTION.fullmatch(marked.rstrip(",;")) if marked.startswith("<@") else None
        return Word(text, text, False, mention[1] if mention else "", gap)
    inner = _DOUBLED.sub(r"\1", double) if double is not None else angle if angle is not None else single
    shown = found[0][len(space) :]
    return Word(meaning(inner, name_of), meaning(shown, name_of), True, "", gap)


def _plain(inside: str, whole: str, name_of: NameOf) -> str:
    target, _, label = inside.partition("|")
    match target[:1]:
        case "@":
            return "@" + (name_of(target[1:]) or label or target[1:])
        case "#":
            return "#" + (label or name_of(target[1:]) or target[1:])
        case "!":
            return label or "@" + target[1:].partition("^")[0]
    if target.startswith("mailto:"):
        return target.removeprefix("mailto:")
    if target == f"http://{label}":
        return label  # Slack made a link of "web.example" by itself; the person typed no address
    return target if "://" in target or target.startswith("tel:") else whole
