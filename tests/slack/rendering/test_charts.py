"""Charts: a PNG that is one, drawn without holding anybody up, with words taken as they stand."""

import asyncio
import struct
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.curves import Curve
from bot.slack.rendering.charts import DPI, HEIGHT, WIDTH, PngCharts

DAYS = [(date(2026, 11, 2) + timedelta(days=n), n * 7 % 101) for n in range(40)]


@pytest.mark.parametrize("points", [[], DAYS[:1], DAYS])
async def test_a_chart_is_a_png_of_one_size(points):
    picture = await PngCharts().percents("Team web", points)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) == (int(WIDTH * DPI), int(HEIGHT * DPI))


@pytest.mark.parametrize("title", ["$\\frac{1}{0", "Tëam 漢字 <web> & 'co'", "x" * 300, "🚢"])
async def test_a_title_is_drawn_whatever_it_says(title):
    assert (await PngCharts().percents(title, DAYS[:3]))[:4] == b"\x89PNG"


async def test_several_at_once_are_drawn_one_after_the_other():
    pictures = await asyncio.gather(*(PngCharts().percents("Team web", DAYS) for _ in range(3)))
    assert len(set(pictures)) == 1


def test_the_library_is_loaded_when_the_first_one_is_wanted():
    code = "import sys, bot.app; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"False"


NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CURVES = [
    Curve(name, tuple((NOON + timedelta(minutes=n), float(n % 17)) for n in range(61)))
    for name in ("web-1", "_hidden", "$\\frac{1}{0", "漢字" * 80, "e", "f", "g")
]


@pytest.mark.parametrize("curves", [[], CURVES[:1], CURVES, [Curve("one", ((NOON, 3.0),))]])
@pytest.mark.parametrize("threshold", [None, 0.01, 1e12])
async def test_curves_are_drawn_with_their_limit(curves, threshold):
    assert (await PngCharts().curves("5xx", curves, threshold))[:4] == b"\x89PNG"


@pytest.mark.parametrize("rows", [[], [("web", 3, 0)], [(f"$route_{n}^{{", n, 40 - n) for n in range(40)]])
async def test_shares_are_drawn_whatever_they_are_called(rows):
    assert (await PngCharts().shares("Alerts", ("acted on", "not"), rows))[:4] == b"\x89PNG"
