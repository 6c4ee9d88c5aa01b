"""Whoever decides is looked at anew first, and the ledger says by which rule, role and group they might."""

from dataclasses import replace

from bot.core.policy import Policy
from bot.core.team import Role, Rule
from tests.fakes import ANA, LUIS, MEI, TEAM, TOM
from tests.slack.inbound.edge_world import running
from tests.slack.inbound.test_playground import here

__all__ = ["here"]  # a fixture

RULE = Rule("policy.1", ("plan.add",), (), ("release",))


async def test_a_vote_is_only_taken_from_somebody_of_whom_slack_tells_now():
    async with running(policy=()) as edge:
        edge.people.is_silent = True
        told = await edge.slash("/deploy approve D-1")
        assert "Slack does not tell me just now" in told["text"]
        assert edge.used == []

        edge.people.is_silent = False
        edge.people.known[ANA.id] = replace(ANA, is_guest=True)
        assert "you are a guest" in (await edge.slash("/deploy approve D-1"))["text"]
        edge.people.known[ANA.id] = ANA
        await edge.slash("/deploy approve D-1")
        assert [call.by for call in edge.used] == [ANA]
        assert edge.people.sure_of == [ANA.id] * 2


async def test_so_is_whatever_a_rule_is_about_and_nothing_else():
    async with running(policy=(RULE,)) as edge:
        await edge.slash("/plan add Faster checkout", by=MEI.id)
        assert edge.people.sure_of == [MEI.id]
        edge.people.is_silent = True
        assert "does not tell me" in (await edge.slash("/plan add Slower checkout", by=MEI.id))["text"]
        assert await edge.slash("/deploy quiet", by=TOM.id) is None
        assert "try/status" in (await edge.slash("/deploy status", by=TOM.id))["text"]
        assert [call.args.get("title") for call in edge.used] == ["Faster checkout", None, None]


async def test_who_changed_between_reading_and_deciding_is_judged_by_what_they_are_now():
    async with running(policy=(RULE,)) as edge:
        stale = edge.people.known[LUIS.id]
        sure = edge.people.person

        async def person(user_id, *, not_older=None):
            return await sure(user_id, not_older=not_older) if not_older else stale

        edge.people.person = person
        edge.people.known[LUIS.id] = replace(LUIS, groups=frozenset())
        assert "policy.1: plan.add is for the release role" in (await edge.slash("/plan add X", by=LUIS.id))["text"]
        assert edge.used == []


async def test_a_connection_that_is_new_has_the_groups_read(here, request):
    if "socket" not in request.node.name:
        return
    asked = [row["what"] for row in here.served.play.traffic.after(0)].count("usergroups.list")
    assert asked >= 2  # at the start, and after the sockets' "hello"


def test_the_grounds_of_a_vote_are_its_rules_roles_and_groups():
    owned = {**TEAM.services, "web": replace(TEAM.services["web"], owners=("S0WEB", TOM.id))}
    roles = {"release": Role("release", frozenset({MEI.id}), frozenset({"S0RELEASE", "S0OTHER"}))}
    rule = Rule("policy.1", ("deploy.approve",), ("production",), ("release", "owners"))
    policy = Policy(replace(TEAM, services=owned, roles=roles, policy=(rule,)))

    def grounds(person, environment="production"):
        return policy.grounds("deploy.approve", environment, person, service="web")

    assert grounds(LUIS) == {"rules": "policy.1", "roles": "release", "groups": "S0RELEASE"}
    assert grounds(MEI) == {"rules": "policy.1", "roles": "release"}
    assert grounds(replace(ANA, groups=frozenset({"S0WEB"}))) == {
        "rules": "policy.1",
        "roles": "owners",
        "groups": "S0WEB",
    }
    assert grounds(ANA, "staging") == {"roles": "members"}
