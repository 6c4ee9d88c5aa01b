"""Who may do what: the table of rules against people."""

from dataclasses import replace

import pytest

from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.refusals import NotAllowed
from bot.core.team import Rule
from tests.example_team import ANA, GUS, LUIS, MEI, TEAM, TOM

STRANGER = Person("U0STR", "Stranger", is_stranger=True)
ROBOT = Person("U0BOT", "Robot", is_bot=True)
GONE = replace(ANA, is_gone=True)
ADMIN = replace(TOM, is_admin=True)


def policy(*rules):
    return Policy(replace(TEAM, policy=rules))


def rule(verbs, environments=(), roles=("members",), name="policy.1"):
    return Rule(name, tuple(verbs.split()), tuple(environments), tuple(roles))


@pytest.mark.parametrize(
    ("person", "may"), [(ANA, True), (GUS, False), (STRANGER, False), (ROBOT, False), (GONE, False)]
)
def test_a_verb_without_a_rule_is_for_full_members(person, may):
    assert policy().allows("plan.add", None, person) is may


@pytest.mark.parametrize(("person", "may"), [(MEI, True), (LUIS, True), (TOM, False), (GUS, False), (GONE, False)])
def test_a_role_is_people_and_user_groups(person, may):
    assert Policy(TEAM).allows("deploy.approve", "production", person) is may


def test_a_refusal_names_the_rule_and_whom_it_is_for():
    with pytest.raises(NotAllowed, match=r"^policy.1: deploy.approve in production is for the release role\."):
        Policy(TEAM).check("deploy.approve", "production", TOM)


def test_a_refusal_without_a_rule_says_why():
    with pytest.raises(NotAllowed, match="full members of this workspace, and you are a guest"):
        policy().check("deploy", "staging", GUS)


def test_the_exact_verb_goes_before_the_family_and_that_before_all():
    some = policy(
        rule("*", roles=["guests"]), rule("deploy.*", roles=["admins"]), rule("deploy.lock", roles=["release"])
    )
    assert some.allows("plan.add", None, GUS)
    assert not some.allows("plan.add", None, TOM)
    assert some.allows("deploy.approve", "staging", ADMIN)
    assert not some.allows("deploy.approve", "staging", MEI)
    assert some.allows("deploy", "staging", ADMIN)
    assert not some.allows("deploy", "staging", TOM)
    assert some.allows("deploy.lock", "staging", MEI)
    assert not some.allows("deploy.lock", "staging", ADMIN)


def test_a_rule_for_the_environment_goes_before_one_for_all():
    some = policy(rule("deploy.*", roles=["members"]), rule("deploy.*", ["production"], ["release"]))
    assert some.allows("deploy.approve", "staging", TOM)
    assert not some.allows("deploy.approve", "production", TOM)
    assert some.allows("deploy.approve", "production", MEI)


def test_a_rule_for_an_environment_says_nothing_on_verbs_without_one():
    some = policy(rule("*", ["production"], ["release"]))
    assert some.allows("plan.add", None, TOM)


def test_equally_specific_rules_add_up():
    some = policy(
        rule("deploy", ["production"], ["release"]), rule("deploy", ["production"], ["admins"], "policy.2")
    )
    assert some.allows("deploy", "production", MEI)
    assert some.allows("deploy", "production", ADMIN)
    with pytest.raises(NotAllowed, match=r"policy.1 and policy.2: .* the release role or admins"):
        some.check("deploy", "production", TOM)


def test_owners_are_those_of_the_service_in_question():
    some = policy(rule("deploy", roles=["owners"]))
    assert some.allows("deploy", "production", ANA, service="web")
    assert not some.allows("deploy", "production", ANA, service="payments")
    assert not some.allows("deploy", "production", ANA, service="nonsense")
    assert not some.allows("deploy", "production", TOM, service="web")


def test_what_is_about_no_service_has_no_owners():
    some = policy(rule("release.publish", roles=["owners"]), rule("release.edit", roles=["owners", "admins"]))
    assert not some.allows("release.publish", None, ANA)
    with pytest.raises(NotAllowed, match=r"for the owners of the service, and this is about no service"):
        some.check("release.publish", None, ANA)
    assert some.allows("release.edit", None, ADMIN)


def test_somewhere_is_any_service_and_any_environment():
    some = policy(rule("deploy", roles=["owners"]), rule("deploy", ["production"], ["admins"]))
    assert some.allows_somewhere("deploy", ANA)
    assert some.allows_somewhere("deploy", ADMIN)
    assert not some.allows_somewhere("deploy", MEI)
    with pytest.raises(NotAllowed, match=r"^policy.1: deploy is for the owners of the service\. Ask one of them"):
        some.check_somewhere("deploy", MEI)


def test_a_guest_whom_no_rule_names_may_do_nothing():
    some = policy(rule("plan.add", roles=["guests"]))
    some.check_anything(GUS)
    some.check_anything(TOM)
    for nobody in (STRANGER, ROBOT, GONE):
        with pytest.raises(NotAllowed, match="no rule of the policy is for you"):
            some.check_anything(nobody)


@pytest.mark.parametrize(
    ("role", "person", "may"),
    [
        ("guests", GUS, True),
        ("guests", STRANGER, False),
        ("guests", TOM, False),
        ("everyone", STRANGER, True),
        ("everyone", ROBOT, True),
        ("everyone", GONE, False),
        ("admins", replace(GUS, is_admin=True), False),
        ("no such role", TOM, False),
    ],
)
def test_who_is_not_a_member_may_what_a_rule_gives_them(role, person, may):
    assert policy(rule("plan.add", roles=[role])).allows("plan.add", None, person) is may


def test_help_shows_what_one_may_do_somewhere():
    some = policy(rule("deploy", roles=["admins"]), rule("deploy", ["staging"], ["members"]))
    assert some.allows_somewhere("deploy", TOM)
    assert not some.allows_somewhere("deploy", GUS)


def test_a_verb_is_asked_about_anywhere_in_one_reading_of_the_rules(monkeypatch):
    read = []
    rank = Rule.rank
    monkeypatch.setattr(Rule, "rank", lambda rule, action: read.append(rule) or rank(rule, action))
    rules = tuple(rule("deploy.*", ["production"], ["owners", "admins"], f"policy.{n}") for n in range(40))
    many = {f"s{n}": replace(TEAM.services["web"], owners=("U0X",)) for n in range(200)}
    some = Policy(replace(TEAM, policy=(*rules, rule("deploy.*", roles=["admins"])), services=many))
    assert not some.allows_somewhere("deploy.lock", GUS)
    assert len(read) == 41
    assert not some.allows("deploy.lock", "production", GUS)
    assert len(read) == 41  # what was read once is known
