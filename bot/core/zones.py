"""Zones as people name them: “Europe/Berlin”, “berlin”, “new york”."""

import difflib
from functools import cache
from zoneinfo import available_timezones

from bot.core.refusals import NotUnderstood, Unknown

# Kept for old systems, or no place where anybody's clock hangs.
_NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")


def zone_named(text: str, field: str = "zone") -> str:
    """The IANA zone that somebody means, by its whole name or its city.

    Raises ``Unknown`` where there is none, ``NotUnderstood`` where several have such a city.
    """
    wanted = _plain(text)
    known = _known()
    if wanted in known:
        return known[wanted]
    cities = [name for plain, name in known.items() if "/" in name and plain.rpartition("/")[2] == wanted]
    cities = [name for name in cities if not name.startswith(_NO_PLACES)]
    if len(cities) == 1:
        return cities[0]
    if cities:
        raise NotUnderstood(f"“{text}” could be {', '.join(sorted(cities))}. Write the whole name.", field=field)
    raise Unknown("zone", text, _nearest(wanted), field=field)


@cache
def _known() -> dict[str, str]:
    return {_plain(name): name for name in sorted(available_timezones())}


def _plain(text: str) -> str:
    return text.strip().casefold().replace(" ", "_")


def _nearest(wanted: str) -> tuple[str, ...]:
    places = {plain: name for plain, name in _known().items() if "/" in name and not name.startswith(_NO_PLACES)}
    by_city = {plain.rpartition("/")[2]: name for plain, name in places.items()}
    near = [by_city[city] for city in difflib.get_close_matches(wanted.rpartition("/")[2], by_city, 3)]
    near += [places[name] for name in difflib.get_close_matches(wanted, places, 3)]
    return tuple(dict.fromkeys(near)) or ("Europe/Berlin", "America/New_York", "Asia/Tokyo")
