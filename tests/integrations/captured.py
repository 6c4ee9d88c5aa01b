"""Captured deliveries as tests read them: placeholders filled in, as the playground does when it replays them."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.integrations.source import Delivery

SOURCES = Path(__file__).resolve().parents[2] / "bot" / "integrations" / "sources"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = "a-hook-secret"

_INSTANT = re.compile(r"\{\{now(?:([+-])(\d+)([mh]))?\}\}")


def names() -> list[tuple[str, str]]:
    """Every captured delivery, as (source, name)."""
    return sorted((path.parts[-3], path.stem) for path in SOURCES.glob("*/deliveries/*.http"))


def delivery(source: str, name: str, now: datetime = NOW) -> Delivery:
    """One of them, signed with ``SECRET``."""
    raw = (SOURCES / source / "deliveries" / f"{name}.http").read_text("utf-8")
    raw = _INSTANT.sub(lambda found: _moved(now, *found.groups()), raw).replace("{{secret}}", SECRET)
    raw = raw.replace("{{uuid}}", "6f1d1c1e-5d0a-4d5e-9a51-0d1b7e2f3c4d")
    head, _, body = raw.partition("\n\n")
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    lines = [line for line in head.replace("{{hmac_sha256}}", signature).split("\n") if not line.startswith("#")]
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines[1:])}
    return Delivery(source, headers, body.encode(), now)


def _moved(now: datetime, sign: str | None, amount: str | None, unit: str | None) -> str:
    by = timedelta(**{"minutes" if unit == "m" else "hours": int(amount)}) if amount else timedelta()
    return (now - by if sign == "-" else now + by).isoformat().replace("+00:00", "Z")
