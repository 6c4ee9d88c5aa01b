"""What is open now is read whole: the worst and the oldest are there, however many newer ones there are."""

from datetime import timedelta

from bot.stages.flow.loose_ends import loose_ends
from bot.stages.monitor.cards import open_groups
from bot.stages.monitor.model.alert_group import Alert, AlertGroup
from bot.stages.monitor.model.severity import Severity
from bot.team.environments.model.lock import Lock
from tests.fakes import ANA, NOON, World

MANY = 1_100


def group(number: int, severity: Severity) -> AlertGroup:
    at = NOON + timedelta(minutes=number)
    fires = (Alert(f"f{number}", {"severity": severity.value}, {}, at),)
    return AlertGroup("test", f"g{number}", at, fires, "web", "production")


async def test_the_worst_alert_is_first_however_many_newer_ones_fire() -> None:
    world = World()
    await world.add(group(0, Severity.CRITICAL))
    for number in range(1, MANY):
        await world.add(group(number, Severity.WARNING))

    async with world.unit() as work:
        found = await open_groups(work)

    assert (found[0].id, len(found)) == ("A-1", MANY)


async def test_the_oldest_lock_is_a_loose_end_however_many_newer_ones_there_are() -> None:
    world = World()
    for number in range(MANY):
        until = NOON + timedelta(hours=1, minutes=number)
        await world.add(Lock(environment="production", by=ANA.id, by_name=ANA.name, at=NOON, until=until))

    async with world.unit() as work:
        found = await loose_ends(work)

    assert (found[0].id, len(found)) == ("L-1", MANY)
