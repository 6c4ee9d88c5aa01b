"""Tickets of another tracker on the card of a deployment, as its commits name them."""

from dataclasses import replace

import pytest

from bot.core.refusals import Refusal
from bot.stages.plan.model.tickets import TICKETS_MAX, Tracker
from commands.where import command as where
from tests.fakes import ANA
from tests.rendered import RENDER, shown
from tests.stages.deploy.deploying import EVERYONE, Harbour, ask, go_live, press

STEP = "feat(checkout): one step (#809)"
JIRA = Tracker(("PAY", "WEB"), "https://jira.example.com/browse/{ticket}")


async def asked(body: str, tracker: Tracker = JIRA) -> tuple[Harbour, str]:
    """A deployment with a commit that says this."""
    world = Harbour(team=EVERYONE.with_parts(tracker))
    world.host.bodies = {STEP: body}
    await go_live(world, "v1.3.9")
    return world, await ask(world)


async def test_tickets_that_commits_name_stand_on_the_card_and_lead_to_their_tracker():
    world, id = await asked("Closes PAY-123 and OPS-4. See #45.")

    assert (await world.deployment(id)).ships.tickets == ("PAY-123",)
    blocks = str(RENDER("deploy/card", world.said[f"deployment:{id}"].context).blocks)
    assert "<https://jira.example.com/browse/PAY-123|PAY-123>" in blocks


async def test_without_an_address_only_their_names_are_shown():
    world, id = await asked("PAY-123", replace(JIRA, url=""))

    assert " · PAY-123" in shown(world.said[f"deployment:{id}"])


async def test_what_a_hostile_commit_names_is_capped_and_pings_nobody():
    many = " ".join(f"WEB-{number}" for number in range(1, 400))
    world, id = await asked(f"PAY-1<!channel> {{{{ 7*7 }}}} {many}")

    tickets = (await world.deployment(id)).ships.tickets
    assert tickets[:2] == ("PAY-1", "WEB-1")
    assert len(tickets) == TICKETS_MAX
    said = shown(world.said[f"deployment:{id}"])
    assert "and 45 more" in said
    assert "<!channel>" not in said


async def test_a_team_that_names_no_tracker_sees_none():
    world, id = await asked("PAY-123", Tracker())

    assert (await world.deployment(id)).ships.tickets == ()


async def test_a_ticket_leads_to_where_it_is_live():
    world, id = await asked("Closes PAY-123")
    await press(world, "approve", id, ANA)
    await world.run_due()

    passport = (await world.use(where, thing="pay-123")).context["passport"]
    assert (passport.title, passport.state) == ("PAY-123", "live in production")
    assert "web v1.4.0" in passport.names
    with pytest.raises(Refusal, match="PAY-124"):
        await world.use(where, thing="PAY-124")
