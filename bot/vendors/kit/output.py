"""Makes lines for people of the bytes that a command prints, however long, however many, whatever they hold."""

import re
from collections import deque
from collections.abc import Callable, Sequence

LINE_MAX = 500  # characters that are kept of a line
LINES_MAX = 5_000  # lines that are given on as they come; of what follows only the last ones are
TAIL = 50

# Colours and cursor movements: ECMA-48 control sequences, and the operating system commands of terminals.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
# Signs of no width: a secret with one within is read as it is, and known by nothing.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BYTES_MAX = LINE_MAX * 8  # of one line; UTF-8 takes four at most, escapes some


Redact = Callable[[str], str]
_KEY_BEGINS, _KEY_ENDS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"), "PRIVATE KEY-----"
_KEY_LINE = re.compile(r"\s*(?:[A-Za-z0-9+/=]*|[\w-]+: .*)\s*")  # base64, and headers of old ones (RFC 1421)


def as_it_is(text: str) -> str:
    """Nothing is taken out."""
    return text


def redacted(lines: Sequence[str], redact: Redact) -> tuple[str, ...]:
    """Lines that belong together, without secrets, also where one goes over several of them."""
    return tuple(redact("\n".join(lines)).split("\n")) if lines else ()


class Lines:
    """Bytes in, lines out: decoded, cleaned of control sequences and secrets, cut, and capped when a command floods.

    Args:
        most: how many lines are given on as they come.
        redact: takes secrets out of a line, before it is cut.
    """

    def __init__(self, *, most: int = LINES_MAX, redact: Redact = as_it_is) -> None:
        self._redact = redact
        self._in_key = False
        self._is_cut = False
        self._rest = bytearray()
        self._given = 0
        self._most = most
        self._held: deque[str] = deque(maxlen=TAIL)
        self._left_out = 0

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that this chunk ends."""
        ended: list[str] = []
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            self._append(part)
            if line := self._taken():
                ended += line
        self._append(rest)
        return ended

    def finish(self) -> list[str]:
        """What is left: the last line if it had no end, and after a flood how much was left out, and its tail."""
        ended = self._taken() if self._rest else []
        if not self._held:
            return ended
        left_out = self._left_out - len(self._held)
        note = [f"… {left_out:,} lines left out …"] if left_out else []
        return [*ended, *note, *self._held]

    def _append(self, part: bytes) -> None:
        left = _BYTES_MAX - len(self._rest)
        self._rest += part[:left]
        self._is_cut |= len(part) > left

    def _taken(self) -> list[str]:
        text = _clean(bytes(self._rest))
        if self._is_cut and self._redact is not as_it_is:
            text = text.rpartition(" ")[0]  # its last word may be half a secret, which is known by nothing
        line = self._without_keys(self._redact(text))
        line = line if len(line) <= LINE_MAX else line[: LINE_MAX - 1] + "…"
        self._rest.clear()
        self._is_cut = False
        if self._given < self._most:
            self._given += 1
            return [line]
        self._held.append(line)
        self._left_out += 1
        return []

    def _without_keys(self, line: str) -> str:
        """A private key goes over many lines, and only the first one says so."""
        if self._redact is as_it_is:
            return line
        if self._in_key:
            self._in_key = _KEY_ENDS not in line and bool(_KEY_LINE.fullmatch(line))
            return self._redact("-----BEGIN PRIVATE KEY-----") if self._in_key or _KEY_ENDS in line else line
        begins = _KEY_BEGINS.search(line)
        self._in_key = bool(begins) and "-----END" not in line
        return line


def _clean(raw: bytes) -> str:
    text = _UNSEEN.sub("", _ESCAPES.sub("", raw.decode("utf-8", "replace")))
    # A progress bar draws over itself: what stands there at the end is what a person would see.
    shown = next((part for part in reversed(text.split("\r")) if part.strip()), "")
    return _CONTROLS.sub("�", shown.rstrip())
