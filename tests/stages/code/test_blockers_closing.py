"""A blocker closes by itself when what it waits for moves: from a captured delivery to everybody who has to know."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.core.events import PullRequestChanged, PullRequestState
from bot.core.refusals import Refusal
from bot.core.team import Environment, Repository
from bot.stages.code import blocker_links, blockers, pull_requests
from bot.stages.code.blocker_links import must_still_wait
from bot.stages.deploy import request
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.monitor import alerts
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.plan import changes
from bot.vendors.alertmanager.webhook import source as alertmanager
from bot.vendors.github.webhook import source as github
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.rendered import buttons, shown
from tests.stages.code.blocking import DAY, HOUR, LED, Held
from tests.stages.deploy.deploying import ScriptedHost, ScriptedTarget
from tests.vendors import captured

HARBOR = replace(
    LED,
    services={"web": replace(LED.services["web"], repository=Repository(github="harbor/web"), owners=())},
    environments={"production": Environment("production", 1, approvals=1)},
    policy=(),
    logins={"ana-dev": ANA.id},
)
MOVES = (
    blocker_links.pull_request_moved,
    blocker_links.alert_moved,
    pull_requests.pull_request_changed,
    alerts.fired,
    alerts.resolved,
)


class Harbor(Held):
    """The same with the repository of the captured deliveries."""

    def __init__(self, **more: Any) -> None:
        super().__init__(team=HARBOR, host=ScriptedHost(("v1", "begin")), target=ScriptedTarget(), **more)

    async def deliver(self, source: Any, name: str, handlers: Sequence[Any] = MOVES) -> None:
        """What a captured delivery leads to."""
        for event in source.parse(captured.delivery(source.name, name, self.clock.at)):
            await self.happen(event, *handlers)

    def story(self) -> list[str]:
        """The replies in the threads of blockers."""
        told = [message for message in self.said.values() if message.template == "code/story"]
        assert all(message.thread_of and message.thread_of.startswith("blocker:B-") for message in told)
        return [shown(message).partition("\n")[0] for message in told]


async def test_a_merged_pull_request_closes_what_waited_for_it():
    there = Harbor()
    await there.air("waiting for the review of web#812", LUIS, TOM)
    assert (await there.blocker()).waits_for == ("pr:harbor/web#812",)
    there.clock.move(HOUR)
    await there.deliver(github, "pull_request_merged")

    closed = await there.blocker()
    assert (closed.is_open, closed.closed_itself, closed.closed_by) == (False, True, ANA.id)
    assert there.story() == ["Closed by itself: harbor/web#812 is merged"]
    assert "🟢 Unblocked" in shown(there.said["blocker:B-1"])
    assert [shown(m).partition(" · ")[0] for m in there.to(LUIS)] == [
        "🟢 Unblocked by itself: harbor/web#812 is merged"
    ]
    assert [buttons(message) for message in there.to(TOM)] == [[]]
    assert there.owed() == []
    entry = next(entry for entry in there.entries if entry.kind == "blocker.closed")
    assert [str(subject) for subject in entry.subjects] == ["blocker:B-1", "pr:harbor/web#812"]
    assert entry.facts == {"open_for_seconds": 3600}


async def test_the_same_delivery_again_says_nothing_more():
    there = Harbor()
    await there.air("waiting for web#812", LUIS, TOM)
    await there.deliver(github, "pull_request_merged")
    before = [message for message in there.log if "blocker" in message.key]
    await there.deliver(github, "pull_request_merged")

    assert [message for message in there.log if "blocker" in message.key] == before


async def test_a_pull_request_that_is_only_opened_closes_nothing():
    there = Harbor()
    await there.air("waiting for web#812", LUIS, TOM)
    await there.deliver(github, "pull_request_opened")

    assert (await there.blocker()).is_open


async def test_news_that_was_overtaken_closes_nothing():
    there = Harbor()
    await there.deliver(github, "pull_request_opened")
    await there.air("waiting for web#812", LUIS, TOM)
    at = there.clock.at - 30 * DAY
    old = PullRequestChanged(
        "github", "harbor/web", 812, PullRequestState.CLOSED, "t", "", "b", "0" * 40, "ana-dev", "ana-dev", at
    )
    await there.happen(old, *MOVES)

    assert (await there.blocker()).is_open


@pytest.mark.parametrize("order", [MOVES, MOVES[::-1]], ids=("before the alert's own", "after it"))
async def test_a_resolved_alert_closes_what_waited_for_it(order: Sequence[Any]):
    there = Harbor()
    await there.deliver(alertmanager, "firing_one", order)
    (alert,) = await there.find(AlertGroup)
    await there.air(f"cannot test while {alert.id} fires", LUIS)
    there.clock.move(HOUR)
    await there.deliver(alertmanager, "firing_one_resolved", order)

    assert there.story() == [f"Closed by itself: {alert.id} {alert.name} has resolved"]


async def waiting_deployment(there: Harbor) -> Deployment:
    async with there.unit() as work:
        return await request.request(work, "web", "v1", "production", TOM)


async def test_an_approval_closes_what_waited_for_it():
    there = Harbor()
    deployment = await waiting_deployment(there)
    await there.air(f"need somebody to approve {deployment.id}", TOM, MEI)
    async with there.unit() as work:
        await request.decide(work, deployment.id, request.Decision.APPROVE, ANA)

    assert there.story() == ["Closed by itself: D-1 web v1 to production is approved"]
    assert (await there.blocker()).closed_by == ANA.id


@pytest.mark.parametrize("how", ["refused", "cancelled", "not decided in time"])
async def test_any_decision_closes_it_and_says_which(how: str):
    there = Harbor()
    deployment = await waiting_deployment(there)
    await there.air("need D-1", TOM, MEI)
    async with there.unit() as work:
        if how == "refused":
            await request.decide(work, deployment.id, request.Decision.REFUSE, ANA)
        elif how == "cancelled":
            await request.cancel(work, deployment.id, TOM)
    await there.later(5 * HOUR, request.expire)

    assert there.story() == [f"Closed by itself: D-1 web v1 to production is {how}"]


async def test_what_waits_for_several_closes_with_the_last():
    there = Harbor()
    await there.deliver(alertmanager, "firing_one")
    await there.air("web#812 and A-1", LUIS)
    await there.deliver(github, "pull_request_merged")
    assert (await there.blocker()).is_open
    assert there.story() == ["harbor/web#812 is merged; B-1 still waits for A-1"]

    await there.deliver(alertmanager, "firing_one_resolved")
    assert not (await there.blocker()).is_open
    assert len(there.story()) == 2
    assert len([message for message in there.to(LUIS) if message.template == "code/told"]) == 1


async def test_several_blockers_close_at_once_and_the_others_stay():
    there = Harbor()
    await there.air("web#812", LUIS, TOM)
    await there.air("harbor/web#812 too", TOM)
    await there.air("web#813", MEI)
    await there.deliver(github, "pull_request_merged")

    assert [(await there.blocker(f"B-{n}")).is_open for n in (1, 2, 3)] == [False, False, True]


async def test_nobody_waits_for_what_is_merged_already():
    there = Harbor()
    await there.deliver(github, "pull_request_opened")
    await there.deliver(github, "pull_request_merged")
    async with there.unit() as work:
        with pytest.raises(Refusal, match="harbor/web#812 is merged already") as refused:
            await must_still_wait(work, "review of web#812")
        await must_still_wait(work, "review of web#812 and web#813")
    assert refused.value.field == "what"
    # A stand-up answer is never refused for it: the words may mean something else.
    assert (await there.air("since web#812 tests are red")).waits_for == ()


async def test_ids_that_name_nothing_are_ordinary_words():
    there = Harbor()
    aired = await there.air("paper size A-4, seat D-12, vitamin C-3")

    assert (aired.links, aired.waits_for, aired.change_id) == ((), (), None)


async def test_a_closed_one_that_is_opened_again_waits_only_for_what_has_not_moved():
    there = Harbor()
    await there.deliver(github, "pull_request_opened")
    await there.air("web#812", LUIS, TOM)
    await there.deliver(github, "pull_request_merged")
    async with there.unit() as work:
        await blockers.reopen(work, "B-1", LUIS)

    again = await there.blocker()
    assert (again.is_open, again.waits_for) == (True, ())
    assert "🔴 Blocked again" in shown(there.to(LUIS)[0])
    assert len(there.owed()) == 1
    async with there.unit() as work:
        await blockers.close(work, "B-1", TOM)
    assert [message.key for message in there.to(LUIS)] == ["blocker:B-1:told:1", "blocker:B-1:told:2"]


async def test_the_service_and_the_change_come_from_the_links():
    there = Harbor()
    async with there.unit() as work:
        await changes.plan(work, "Faster checkout", ANA, service="web")
    aired = await there.air("C-1 waits for #812", LUIS)

    assert (aired.change_id, aired.service, aired.waits_for) == ("C-1", "web", ("pr:harbor/web#812",))
    assert "C-1 Faster checkout" in shown(there.said["blocker:B-1"])
