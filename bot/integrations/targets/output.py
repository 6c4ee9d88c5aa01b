"""Makes lines for people of the bytes that a command prints, however long, however many, whatever they hold."""

import re
from collections import deque

LINE_MAX = 500  # characters that are kept of a line
LINES_MAX = 5_000  # lines that are given on as they come; of what follows only the last ones are
TAIL = 50

# Colours and cursor movements: ECMA-48 control sequences, and the operating system commands of terminals.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BYTES_MAX = LINE_MAX * 8  # of one line; UTF-8 takes four at most, escapes some


class Lines:
    """Bytes in, lines out: decoded, cleaned of control sequences, cut, and capped when a command floods."""

    def __init__(self, *, most: int = LINES_MAX) -> None:
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
        if len(self._rest) < _BYTES_MAX:
            self._rest += part[: _BYTES_MAX - len(self._rest)]

    def _taken(self) -> list[str]:
        line = _clean(bytes(self._rest))
        self._rest.clear()
        if self._given < self._most:
            self._given += 1
            return [line]
        self._held.append(line)
        self._left_out += 1
        return []


def _clean(raw: bytes) -> str:
    text = _ESCAPES.sub("", raw.decode("utf-8", "replace"))
    # A progress bar draws over itself: what stands there at the end is what a person would see.
    shown = next((part for part in reversed(text.split("\r")) if part.strip()), "")
    shown = _CONTROLS.sub("�", shown.rstrip())
    return shown if len(shown) <= LINE_MAX else shown[: LINE_MAX - 1] + "…"
