"""One usage line, compiled: reads a text into arguments and writes arguments as a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.command import Kind, Parameter
from bot.core.refusals import NotUnderstood, Refusal
from bot.slack.grammar import usage as usages
from bot.slack.grammar import values
from bot.slack.grammar.cutting import Cutting, Part
from bot.slack.grammar.dates import NoTime
from bot.slack.grammar.tokens import Word, join, quote, split
from bot.slack.grammar.usage import GREEDY, Segment, Slot
from bot.slack.grammar.values import Around, NoName

TRIES_MAX = 4  # keywords that are read in vain until a person is asked to use quotes
_SPARING_TRIES = 2  # of these, until what only looks like a name is taken for a word of the text


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text gave: arguments by name, and the names of required ones that it did not give."""

    args: Mapping[str, Any]
    missing: tuple[str, ...] = ()


class Misread(NotUnderstood):
    """The words did not fit the usage line, which ``usage`` shows."""

    def __init__(self, sentence: str, usage: str, *, field: str | None = None) -> None:
        super().__init__(sentence, field=field)
        self.usage = usage


class Line:
    """A compiled usage line. ``called`` is the command as people type it: ``/deploy``."""

    def __init__(self, usage: str, parameters: Mapping[str, Parameter], *, called: str = "") -> None:
        self.usage = usage
        self.called = called
        self.parameters = parameters
        self.segments = usages.parse(usage, parameters)
        self.slots: tuple[Slot, ...] = tuple(slot for segment in self.segments for slot in segment.slots)
        self._names = [
            name for segment in self.segments for name in (segment.name, *(s.name for s in segment.slots))
        ]
        self._openers: dict[str, list[int]] = {}
        for at, segment in enumerate(self.segments):
            if segment.keyword:
                self._openers.setdefault(segment.keyword[0], []).append(at)

    @property
    def whole(self) -> str:
        """The line as help shows it: ``/deploy lock <environment> …``."""
        return f"{self.called} {self.usage}".strip()

    def read(self, text: str | tuple[Word, ...], around: Around) -> Reading:
        """The arguments that the text gives.

        Raises ``Misread`` where words are left over or do not fit, ``Unknown`` for names we do not know.
        """
        words = split(text, around.names.name_of) if isinstance(text, str) else text
        cutting = Cutting(self.segments, self._openers, words)
        tried = 0
        while True:
            cutting.settle_idle(
                lambda segment, words: _may_be(segment, words, around), sparing=tried < _SPARING_TRIES
            )
            given = cutting.parts()
            try:
                return self._reading(given, around)
            except Refusal as refusal:
                # "Fix login in Safari": where "in <service>" may follow a text and what follows "in" looks like no
                # service at all, it was a word of the text. Each turn settles one word, and there are few turns.
                word_at = self._in_a_text(refusal, given, cutting)
                if word_at is None:
                    if isinstance(refusal, NoTime):
                        raise Misread(refusal.sentence, self.whole, field=refusal.field) from None
                    raise
                tried += 1
                if tried > TRIES_MAX:
                    raise Misread(
                        f"“{words[word_at].text[:20]}” stands there more often than I can try. Put the text in quotes.",
                        self.whole,
                        field=refusal.field,
                    ) from None
                cutting.settle(word_at)

    def _reading(self, given: Mapping[int, Part], around: Around) -> Reading:
        args: dict[str, Any] = {}
        missing: list[str] = []
        spare: tuple[Word, ...] = ()
        # In the order of the text, so that a word that turns out to be no keyword joins the text before it.
        for at in sorted(given, key=lambda at: (given[at].word_at, at)):
            segment = self.segments[at]
            if not segment.slots and segment.group is not None:
                args[segment.name] = True
            left = self._fill(segment, given[at].words, around, args, missing)
            spare = spare or left
        for at, segment in enumerate(self.segments):
            if at in given or not self._is_due(segment, given):
                continue
            if segment.keyword and not segment.slots:
                missing.append(segment.name)
            # "web v1 production" lacks only its "to": what is left over goes to what is missing.
            elif segment.slots:
                spare = self._fill(segment, spare, around, args, missing)
        if spare:
            raise self._puzzled(spare)
        return Reading(args, tuple(sorted(missing, key=self._names.index)))

    def write(self, args: Mapping[str, Any], around: Around) -> str:
        """A text that ``read`` gives these arguments for."""
        parts: list[str] = []
        for segment in self.segments:
            named = [slot for slot in segment.slots if slot.name in args]
            if segment.group is not None and not named and not (not segment.slots and args.get(segment.name)):
                continue
            parts += segment.keyword
            parts += [self._written(slot, args[slot.name], around) for slot in named]
        return " ".join(parts)

    def _written(self, slot: Slot, value: Any, around: Around) -> str:
        written = values.write(slot.parameter, value, around)
        return quote(written) if written.casefold() in self._openers else written

    def _in_a_text(self, refusal: Refusal, given: Mapping[int, Part], cutting: Cutting) -> int | None:
        """Where the keyword before the refused words stands, if it may as well be a word of the text before it."""
        slot_name = refusal.field
        for at, part in given.items():
            segment, before = self.segments[at], self.segments[part.after]
            if (
                segment.group is None
                or not segment.keyword
                or slot_name not in {slot.name for slot in segment.slots}
            ):
                continue
            again = cutting.stands_again(segment.keyword[0], part)
            if not (again or isinstance(refusal, NoName | NoTime)):
                continue
            if before.slots and before.slots[-1].parameter.kind is Kind.TEXT and given[part.after].words:
                return part.word_at
        return None

    def _is_due(self, segment: Segment, given: Mapping[int, Any]) -> bool:
        """Whether the segment must be there: always, or because the rest of its brackets is."""
        if segment.group is None:
            return True
        return any(self.segments[at].group == segment.group for at in given)

    def _fill(
        self,
        segment: Segment,
        words: tuple[Word, ...],
        around: Around,
        args: dict[str, Any],
        missing: list[str],
    ) -> tuple[Word, ...]:
        """Read the segment's slots from its words; gives back the words that no slot took."""
        for at, slot in enumerate(segment.slots):
            later = segment.slots[at + 1 :]
            room = len(words) - sum(not other.optional for other in later)
            if words and not slot.optional:
                room = max(room, 1)  # of too few words the first slots get theirs, the last are missing
            if room <= 0:
                if not slot.optional:
                    missing.append(slot.name)
                continue
            take = _takes(slot, words, room, bool(later))
            try:
                if not join(words[:take]).strip():
                    raise NotUnderstood(f"<{slot.name}> is empty.", field=slot.name)
                args[slot.name] = values.read(slot.name, slot.parameter, words[:take], around)
            except NotUnderstood as refusal:
                if slot.optional and later:
                    continue
                if isinstance(refusal, NoTime):
                    raise
                raise Misread(refusal.sentence, self.whole, field=slot.name) from None
            except Refusal:
                if slot.optional and later:
                    continue
                raise
            words = words[take:]
        return words

    def _puzzled(self, spare: tuple[Word, ...]) -> Misread:
        from bot.slack.grammar.suggest import nearest  # noqa: PLC0415 - only once somebody errs

        keywords = [segment.name for segment in self.segments if segment.keyword]
        near = nearest(spare[0].text, keywords, 1)
        hint = f" Did you mean “{near[0]}”?" if near else ""
        return Misread(f"I do not know what “{join(spare)[:80]}” means here.{hint}", self.whole)


def _takes(slot: Slot, words: tuple[Word, ...], room: int, more: bool) -> int:
    if slot.parameter.kind not in GREEDY:
        return 1
    if slot.parameter.kind is Kind.PERSON:
        # "owner Ana Silva" ends the segment; with more to come, a name is one word, or several in quotes.
        first = words[0]
        return 1 if more or first.user_id or first.quoted or first.key in {"me", "myself"} else room
    return room


def _may_be(segment: Segment, words: tuple[Word, ...], around: Around) -> bool:
    """Whether the words may give the segment's one value; a segment of several is left to its reading."""
    if len(segment.slots) != 1 or segment.slots[0].optional:
        return True
    slot = segment.slots[0]
    return values.may_be(slot.parameter, words if slot.parameter.kind in GREEDY else words[:1], around)


def compile(usage: str, parameters: Mapping[str, Parameter], *, called: str = "") -> Line:
    """The usage line as a parser. Raises ``ValueError`` where the line makes none."""
    return Line(usage, parameters, called=called)
