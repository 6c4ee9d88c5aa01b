"""A flag from Slack to an application: asked for by one, approved by another, served, and still so after kill -9."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

from tests.e2e.product import Site, eventually, site
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("git")]

TOKEN = "ofrep-token-of-production"
TOM, ANA = "U0TOM", "U0ANA"


def on_for(url: str, users: int) -> int:
    """For how many of these users an application sees the feature. Blocks; uses OpenFeature's own client."""
    provider = OFREPProvider(url, headers_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})
    api.set_provider_and_wait(provider)
    try:
        client = api.get_client()
        return sum(
            client.get_boolean_value("checkout_v2", False, EvaluationContext(f"user-{n}")) for n in range(users)
        )
    finally:
        api.shutdown()
        api.clear_providers()
        provider.session.close()


async def seen(served: Site, users: int = 200) -> int:
    return await asyncio.to_thread(on_for, served.bot_url, users)


async def test_a_flag_reaches_an_application_once_somebody_else_has_said_yes(tmp_path: Path) -> None:
    files = tmp_path / "flags"
    environ = {"EIGHTBELLS_OFREP_TOKEN_PRODUCTION": TOKEN, "EIGHTBELLS_FLAGD_FOLDER": str(files)}
    async with site(tmp_path, f"sqlite:///{tmp_path / 'eightbells.db'}") as served:
        program = await served.start(**environ)
        releases = await served.play.channel("releases")
        await served.play.send(
            TOM, releases, "/release flag-add checkout_v2 of web about One step instead of three"
        )
        await served.play.send(TOM, releases, "/release flag checkout_v2 to 10% in production")
        card = await served.play.said("Waiting for approval", "checkout_v2", "off → 10 %")
        before = await seen(served)
        await served.play.press(ANA, card, "release.flag-approve")
        await served.play.said("Changed", "checkout_v2", "off → 10 %")
        after = await seen(served)
        program.kill()
        await served.start(**environ)
        again = await seen(served)
        flags = files / "production.flagd.json"
        await eventually("flagd's file", lambda: _holds(flags))

    assert before == 0
    assert 5 < after < 40
    assert again == after


async def _holds(path: Path) -> bool:
    shown = json.loads(path.read_text())["flags"].get("checkout_v2", {}) if path.exists() else {}
    return shown.get("targeting") == {"fractional": [["on", 1_000], ["off", 9_000]]}
