"""Segmentation: cuts the words of a text at the keywords of its usage line, in time that grows with the text alone."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.core.command import Kind
from bot.slack.grammar.tokens import Word
from bot.slack.grammar.usage import Segment

MayBe = Callable[[Segment, tuple[Word, ...]], bool]
"""Whether words may be what a segment wants: False only where reading them would certainly refuse."""


LOOKED_AT = 100  # words; no value but a text has as many


class Part(NamedTuple):
    """The words of one segment: where its keyword stands, and the number of the segment before it in the text."""

    words: tuple[Word, ...]
    word_at: int
    after: int


class Cutting:
    """Where the keywords of a line stand in a text; each counts once, so that a text may hold it again.

    Which of several counts is settled from left to right: ``settle`` makes one of them a word like any other. No step
    looks at all words again, since anybody may send a text that is nothing but keywords.
    """

    def __init__(
        self, segments: Sequence[Segment], openers: Mapping[str, Sequence[int]], words: tuple[Word, ...]
    ) -> None:
        self._segments = segments
        self._words = words
        self._places: list[list[int]] = [[] for _ in segments]  # of each segment's keyword, rising
        self._firsts: dict[str, list[int]] = {word: [] for word in openers}  # of each keyword's first word
        keys = [word.key for word in words]
        for at, key in enumerate(keys):
            if key not in openers:
                continue
            self._firsts[key].append(at)
            for index in openers[key]:
                keyword = segments[index].keyword
                if len(keyword) == 1 or tuple(keys[at : at + len(keyword)]) == keyword:
                    self._places[index].append(at)

    def settle(self, *at: int) -> None:
        """The words there are words of the text around them, and no part of a keyword."""
        settled = set(at)
        for index, segment in enumerate(self._segments):
            reach = range(len(segment.keyword))
            self._places[index] = [
                place for place in self._places[index] if not any(place + step in settled for step in reach)
            ]
        for word in {self._words[place].key for place in settled}:
            self._firsts[word] = [place for place in self._firsts.get(word, ()) if place not in settled]

    def parts(self) -> dict[int, Part]:
        """The words by the numbers of their segments."""
        found: dict[int, Part] = {0: Part((), 0, 0)}
        current = start = 0
        while opened := self._next(found, start):
            at, index = opened
            found[current] = found[current]._replace(words=self._words[start:at])
            found[index] = Part((), at, current)
            current, start = index, at + len(self._segments[index].keyword)
        found[current] = found[current]._replace(words=self._words[start:])
        if not found[0].words and not self._segments[0].slots:
            del found[0]
        return found

    def settle_idle(self, may_be: MayBe, *, sparing: bool) -> None:
        """Settle the keywords after which nothing stands that their segment could want.

        One that comes only once is left to the reader, who can tell what was probably meant; but where many were
        tried in vain (``sparing`` is False), it is settled too.
        """
        found: dict[int, None] = {0: None}
        idle: list[int] = []
        current = start = at = 0
        while opened := self._next(found, at):
            place, index = opened
            segment, begin = self._segments[index], place + len(self._segments[index].keyword)
            if self._may_be_text(segment, current, place > start):
                after = self._next({**found, index: None}, begin)
                end = after[0] if after else len(self._words)
                again = self._stands_again(segment.keyword[0], begin, end)
                wanted = self._words[begin : min(end, begin + LOOKED_AT)]
                if (again or not sparing) and wanted and not may_be(segment, wanted):
                    idle.append(place)
                    at = place + 1
                    continue
            found[index] = None
            current, start, at = index, begin, begin
        if idle:
            self.settle(*idle)

    def stands_again(self, keyword: str, part: Part) -> bool:
        """Whether the first word of a keyword is among the words of the part that it opens."""
        return self._stands_again(keyword, part.word_at + 1, part.word_at + 1 + len(part.words))

    def _stands_again(self, word: str, begin: int, end: int) -> bool:
        places = self._firsts[word]
        at = bisect_left(places, begin)
        return at < len(places) and places[at] < end

    def _may_be_text(self, segment: Segment, before: int, has_words: bool) -> bool:
        """Whether the keyword may as well be a word of the text before it."""
        slots = self._segments[before].slots
        return has_words and segment.group is not None and bool(slots) and slots[-1].parameter.kind is Kind.TEXT

    def _next(self, found: Mapping[int, object], at: int) -> tuple[int, int] | None:
        """The next keyword of a segment that was not found yet: where it stands, and the segment's number."""
        best: tuple[int, int] | None = None
        for index, places in enumerate(self._places):
            if not places or index in found:
                continue
            nth = bisect_left(places, at)
            if nth < len(places) and (best is None or places[nth] < best[0]):
                best = places[nth], index
        return best
