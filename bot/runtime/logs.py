"""Logs: one JSON object a line for machines, words for a person at a terminal, secrets in neither."""

import logging
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars, merge_contextvars
from structlog.typing import Processor

from bot.runtime.redaction import Redaction

# Libraries that say on INFO what nobody asked for.
_QUIET = logging.WARNING


def configure(
    level: str = "info",
    secrets: Iterable[str] = (),
    *,
    stream: TextIO | None = None,
    human: bool | None = None,
) -> None:
    """Send all logs, those of libraries too, to one stream.

    Args:
        level: ours; libraries are heard from WARNING on, whatever it is, and from DEBUG on with ``debug``.
        secrets: values that must not appear, such as ``Settings.secrets``.
        stream: standard error, if not given.
        human: whether a person reads it; by default, where the stream is a terminal.
    """
    out = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering = _rendering(Redaction(secrets), human=out.isatty() if human is None else human)
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=number if number <= logging.DEBUG else _QUIET, force=True)
    logging.captureWarnings(capture=True)


@contextmanager
def correlated(reference: str = "", **more: Any) -> Iterator[str]:
    """Put one reference on every line logged within, by whichever part; an outer one is kept.

    Gives the reference, which is what a person is told when something breaks.
    """
    # A new one finds lines and guards nothing, so it need not be hard to guess.
    known = reference or get_contextvars().get("reference") or f"{random.getrandbits(32):08x}"
    with bound_contextvars(reference=known, **more):
        yield known


class Seldom:
    """Rate limit of a line in the log that a stranger can cause: each of few things once in ``every`` seconds."""

    def __init__(self, every: float = 60.0, now: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._now = now
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def says(self, what: str) -> int:
        """How often it has happened since it was last said, where it is to be said now; else 0."""
        times = self._unsaid.get(what, 0) + 1
        now = self._now()
        if what in self._said and now - self._said[what] < self._every:
            self._unsaid[what] = times
            return 0
        self._said[what], self._unsaid[what] = now, 0
        return times


def _rendering(redaction: Redaction, *, human: bool) -> list[Processor]:
    if human:
        # Not rich's tracebacks: they show local variables.
        console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        return [redaction.rendering(console)]
    return [
        structlog.processors.format_exc_info,
        redaction.rendering(structlog.processors.JSONRenderer(default=str)),
    ]
