"""The recorded webhook deliveries, with placeholders filled in, as the playground does when it replays them."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import discovery
from bot.config.team_file import parse_team
from bot.try_out import demo
from bot.vendors.kit.webhooks import Delivery, Source, for_team

FOLDER = Path(__file__).resolve().parents[2] / "bot" / "vendors"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = "a-hook-secret"

_INSTANT = re.compile(r"\{\{now(?:([+-])(\d+)([mh]))?\}\}")


def _sources() -> dict[str, Source]:
    team, mistakes = parse_team(demo.team_file(Path("demo")), "demo")
    assert team is not None, mistakes
    return for_team(discovery.sources(), team)


# As the demo's team uses them: what is delivered there is what these deliveries are for.
SOURCES = _sources()


def names() -> list[tuple[str, str]]:
    """Every captured delivery, as (folder, name)."""
    return sorted((path.parts[-3], path.stem) for path in FOLDER.glob("*/deliveries/*.http"))


def text(folder: str, name: str) -> str:
    """One of them as the file holds it."""
    return (FOLDER / folder / "deliveries" / f"{name}.http").read_text("utf-8")


def delivery(folder: str, name: str, now: datetime = NOW) -> Delivery:
    """One of them, signed with ``SECRET``."""
    raw = _INSTANT.sub(lambda found: _moved(now, *found.groups()), text(folder, name)).replace("{{secret}}", SECRET)
    raw = raw.replace("{{uuid}}", "6f1d1c1e-5d0a-4d5e-9a51-0d1b7e2f3c4d")
    head, _, body = raw.partition("\n\n")
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    lines = [line for line in head.replace("{{hmac_sha256}}", signature).split("\n") if not line.startswith("#")]
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines[1:])}
    return Delivery(lines[0].split()[1].removeprefix("/hooks/"), headers, body.encode(), now)


def _moved(now: datetime, sign: str | None, amount: str | None, unit: str | None) -> str:
    by = timedelta(**{"minutes" if unit == "m" else "hours": int(amount)}) if amount else timedelta()
    return (now - by if sign == "-" else now + by).isoformat().replace("+00:00", "Z")
