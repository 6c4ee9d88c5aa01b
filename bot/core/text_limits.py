"""What people wrote, before we keep it: not nothing, and not a novel."""

from bot.core.refusals import Refusal

TITLE_MAX = 150  # characters; what a Slack header holds, and what a card's first line can carry
TEXT_MAX = 3_000  # characters; what a Slack section and a form's input hold


def line(words: str, field: str, what: str) -> str:
    """One line, trimmed. Raises ``Refusal`` where it is empty or longer than ``TITLE_MAX``; ``what`` names it."""
    return _sized(" ".join(words.split()), field, what, TITLE_MAX, "Keep to what one line can hold.")


def required(words: str, field: str, what: str) -> str:
    """Trimmed text. Raises ``Refusal`` where it is empty or longer than ``TEXT_MAX``; ``what`` names it."""
    return _sized(words.strip(), field, what, TEXT_MAX, "Shorten it, or link to where the whole of it is.")


def optional(words: str | None, field: str, what: str) -> str:
    """Trimmed text, or "". Raises ``Refusal`` where it is longer than ``TEXT_MAX``."""
    return required(words, field, what) if words and words.strip() else ""


def first_line(words: str, most: int = TITLE_MAX) -> str:
    """The first line that says something, cut at a word to ``most`` characters."""
    line = next((" ".join(each.split()) for each in words.split("\n") if each.strip()), "")
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def _sized(words: str, field: str, what: str, most: int, advice: str) -> str:
    if not words:
        raise Refusal(f"The {what} is empty. Write at least a word.", field=field)
    if len(words) > most:
        raise Refusal(f"The {what} has {len(words):,} characters, and {most:,} is the most. {advice}", field=field)
    return words
