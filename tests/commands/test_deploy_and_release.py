"""What people type and press is read as it is meant."""

from typing import Any

import pytest

from bot.core.command import Kind
from bot.core.refusals import Refusal
from bot.stages.deploy.model.deployment import State
from bot.stages.release.draft_and_approve import read_and_draft
from commands import deploy, release
from tests.fakes import ANA, TOM
from tests.stages.deploy.deploying import Harbour


@pytest.mark.parametrize(
    ("verb", "hidden"),
    [("", False), ("status", False), ("lock", False), ("approve", True), ("settle", True), ("rollback", False)],
)
def test_verbs_of_buttons_are_not_offered_for_typing(verb: str, hidden: bool):
    assert deploy.command.verbs[verb].hidden is hidden


@pytest.mark.parametrize("command", [deploy.command, release.command])
def test_what_reads_only_says_so(command: Any):
    reading = {name for name, verb in command.verbs.items() if verb.reads_only}

    of_deploy = {"status", "history", "ships", "why", "queue", "who"}
    assert reading == (of_deploy if command is deploy.command else {"list", "flags"})


def test_ids_are_read_as_what_they_are_of():
    prefixes = {
        parameter.prefix
        for command in (deploy.command, release.command)
        for verb in command.verbs.values()
        for parameter in verb.parameters.values()
        if parameter.kind is Kind.ID
    }
    assert {"D", "L", "R"} <= prefixes


async def test_a_reason_is_kept_and_shown():
    world = Harbour()

    await world.use(
        deploy.command,
        by=TOM,
        service="web",
        version="v1.4.0",
        environment="production",
        reason=" <!here> the sale ",
    )

    assert world.said["deployment:D-1"].context["deployment"].because == "<!here> the sale"


async def test_the_same_press_delivered_twice_counts_once():
    world = Harbour()
    await world.use(deploy.command, by=TOM, service="web", version="v1.4.0", environment="vault")

    for _ in range(2):
        await world.use(deploy.command, "approve", by=ANA, key="press-1", deployment="D-1")

    deployment = await world.deployment("D-1")
    assert (deployment.state, deployment.approval.missing) == (State.WAITING, 1)


async def test_notes_too_long_for_a_form_are_refused_with_a_way_out():
    world = Harbour()
    world.host.history = [(f"v{n}", f"feat: {n} {'x' * 590}") for n in range(1, 150)]
    await world.use(release.command, "draft", by=TOM, service="web", since="v1", until="v149")
    await world.run_due()
    await world.do(next(iter(world.jobs.values())), read_and_draft)

    with pytest.raises(Refusal, match="too long for a form"):
        await world.use(release.command, "edit", by=TOM, release="R-1")
