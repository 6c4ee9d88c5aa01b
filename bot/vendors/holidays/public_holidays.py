"""Public holidays, as the library ``holidays`` knows them."""

import asyncio
import difflib
import importlib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from bot.core.refusals import Unknown
from bot.team.people.model.presence import Place

CACHED = 1_000  # places and years


class PublicHolidays:
    """A ``bot.core.ports.Holidays``. The library is slow to load, so that is done when first needed, in a thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[Place, int], Mapping[date, str]] = {}

    async def place(self, text: str) -> Place:
        """The country (and part of it) that somebody means. Raises ``Unknown``."""
        return await asyncio.to_thread(_place, text)

    async def of(self, place: Place, years: Iterable[int]) -> Mapping[date, str]:
        """The public holidays of a place in these years."""
        wanted = sorted(set(years))
        for year in wanted:
            if (place, year) not in self._known:
                if len(self._known) >= CACHED:
                    self._known.clear()
                self._known[place, year] = await asyncio.to_thread(_of, place, year)
        if len(wanted) == 1:
            return self._known[place, wanted[0]]
        return {day: name for year in wanted for day, name in self._known[place, year].items()}


def _library() -> Any:
    return importlib.import_module("holidays")


def _of(place: Place, year: int) -> Mapping[date, str]:
    countries = _library().list_supported_countries()
    if place.country not in countries or (place.subdivision and place.subdivision not in countries[place.country]):
        return {}
    calendar = _calendar(place.country)
    english = next((one for one in ("en_US", "en_GB", "en") if one in calendar.supported_languages), None)
    found = _library().country_holidays(
        place.country, subdiv=place.subdivision or None, years=year, language=english
    )
    return {day: str(name) for day, name in found.items()}


@lru_cache(maxsize=300)
def _calendar(country: str) -> Any:
    return _library().country_holidays(country)


def _place(text: str) -> Place:
    whole = text.strip()
    countries = _countries()
    if (code := countries.get(_plain(whole))) is not None:
        return Place(code)
    for separator in (",", "-", "/", " "):
        # From the right, since names of countries have spaces and hyphens too.
        first, found, last = whole.rpartition(separator)
        if found and (code := countries.get(_plain(first))) is not None:
            return _subdivision(code, last.strip())
    near = difflib.get_close_matches(_plain(whole), countries, 5)
    names = tuple(dict.fromkeys(f"{_title(name)} ({countries[name]})" for name in near if len(name) > 3))
    raise Unknown("country", whole, names or ("DE", "FR", "GB", "IN", "US"), field="country")


def _subdivision(code: str, text: str) -> Place:
    calendar = _calendar(code)
    known = {_plain(part): part for part in calendar.subdivisions}
    known |= {_plain(alias): part for alias, part in calendar.subdivisions_aliases.items()}
    if (part := known.get(_plain(text))) is not None:
        return Place(code, part)
    near = difflib.get_close_matches(_plain(text), known, 5) or list(known)[:5]
    raise Unknown(
        f"part of {code}", text, tuple(dict.fromkeys(f"{code}-{known[one]}" for one in near)), field="country"
    )


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Names and codes as they may be written, and the ISO 3166 code of two letters that each stands for."""
    registry = importlib.import_module("holidays.registry").COUNTRIES
    found: dict[str, str] = {}
    for name, (_, short, *longer) in registry.items():
        for written in (name, short, *longer[:1]):
            found[_plain(written)] = short
    return found


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())


def _title(name: str) -> str:
    return name.title().replace(" And ", " and ").replace(" Of ", " of ")
