"""Draws charts as PNGs, away from the event loop; the library that draws is loaded when the first one is wanted."""

import asyncio
import io
import threading
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, date
from typing import Any

from bot.core.curves import Curve

WIDTH, HEIGHT, DPI = 8.0, 3.6, 100  # inches and dots an inch: what a phone shows whole
LINE, GRID = "#1b2a41", "#c9ced6"
LIMIT = "#b3261e"
LABELS_MAX = 12  # days that are named below
ROWS_MAX = 15
STYLES = (("#1b2a41", "-"), ("#2a7f62", "-."), ("#8a5a00", ":"), ("#6a4c93", "-"), ("#4a6fa5", "-."))
CURVES_MAX = len(STYLES)
TITLE_MAX, NAME_MAX = 90, 60  # characters
TITLE_MAX = 90  # characters

_one_at_a_time = threading.Lock()  # drawing is not safe in several threads, and takes a core


class PngCharts:
    """``bot.core.ports.Charts`` by matplotlib."""

    async def percents(self, title: str, points: Sequence[tuple[date, int]]) -> bytes:
        """A PNG of percentages over days, in the order of the days."""
        ordered = sorted(points)
        return await asyncio.to_thread(_drawn, title, lambda axes: _percents(axes, ordered))

    async def shares(self, title: str, parts: tuple[str, str], rows: Sequence[tuple[str, int, int]]) -> bytes:
        """A PNG of one bar a row, which is its two ``parts`` one after the other; the first ``ROWS_MAX`` of them."""
        return await asyncio.to_thread(_drawn, title, lambda axes: _shares(axes, parts, rows[:ROWS_MAX]))

    async def curves(self, title: str, curves: Sequence[Curve], threshold: float | None) -> bytes:
        """A PNG of values over time, with the threshold as a line across; the first ``CURVES_MAX`` of them."""
        return await asyncio.to_thread(_drawn, title, lambda axes: _curves(axes, curves[:CURVES_MAX], threshold))


def _drawn(title: str, draw: Callable[[Any], None]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - takes a second to load
    from matplotlib.figure import Figure  # noqa: PLC0415

    with _one_at_a_time, warnings.catch_warnings():
        # A sign that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        draw(axes)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        # A title is somebody's words: as they stand, not as the library's formulas.
        axes.set_title(title[:TITLE_MAX], loc="left", fontsize=11, parse_math=False)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Title": title, "Software": None})
        return out.getvalue()


def _percents(axes: Any, points: Sequence[tuple[date, int]]) -> None:
    places = range(len(points))
    axes.bar(places, [percent for _, percent in points], color=LINE, width=0.7)
    axes.set_ylim(0, 105)
    axes.set_yticks([0, 25, 50, 75, 100], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    every = -(-len(points) // LABELS_MAX) if points else 1
    named = [place for place in places if place % every == 0]
    axes.set_xticks(named, [f"{points[place][0]:%-d %b}" for place in named])
    axes.grid(axis="y", color=GRID, linewidth=0.6)


def _shares(axes: Any, parts: tuple[str, str], rows: Sequence[tuple[str, int, int]]) -> None:
    places = range(len(rows))
    first, others = [one for _, one, _ in rows], [other for _, _, other in rows]
    axes.barh(places, first, color=LINE, label=parts[0])
    # Told apart by its pattern too, not by its colour alone.
    axes.barh(places, others, left=first, color=GRID, hatch="//", edgecolor="white", label=parts[1])
    axes.set_yticks(list(places), [_plain(name) for name, _, _ in rows], parse_math=False)
    axes.invert_yaxis()
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.legend(loc="lower right", frameon=False, fontsize=9)


def _curves(axes: Any, curves: Sequence[Curve], threshold: float | None) -> None:
    from matplotlib.dates import ConciseDateFormatter  # noqa: PLC0415

    for curve, style in zip(curves, STYLES, strict=False):
        times, values = [at for at, _ in curve.points], [value for _, value in curve.points]
        axes.plot(times, values, color=style[0], linestyle=style[1], linewidth=1.6, label=_plain(curve.name))
    if threshold is not None:
        axes.axhline(threshold, color=LIMIT, linestyle="--", linewidth=1.4, label=f"limit {threshold:g}")
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator(), tz=UTC))
    axes.grid(color=GRID, linewidth=0.6)
    if curves or threshold is not None:
        legend = axes.legend(loc="upper left", frameon=False, fontsize=8)
        for text in legend.get_texts():
            text.set_parse_math(False)


def _plain(name: str) -> str:
    """A name that the library takes as it is: one that begins with "_" is left out of its legends."""
    return f" {name}"[:NAME_MAX] if name.startswith("_") else name[:NAME_MAX]
