"""What the team file says of releases: check-lists, approvals, and who reads the notes where."""

import yaml

from bot.config.team_file import parse_team
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.rules import Activity, Audience, ReleaseRules, Releasing

FILE = """
services:
  web: {}
  payments: {}
releases:
  approvals: 1
  before: [Support knows, {what: Load test, required: no}]
  after: Tell the partners
  services:
    payments: {approvals: 2}
audiences:
  customers: {voice: customers, channels: "#news"}
"""


def test_rules_are_those_of_all_services_or_the_services_own():
    team, mistakes = parse_team(yaml.safe_load(FILE), "it")

    assert mistakes == []
    assert team is not None
    assert team.part(Releasing).rules_for("web") == ReleaseRules(
        1,
        (
            Activity("Support knows"),
            Activity("Load test", True, False),
            Activity("Tell the partners", False, False),
        ),
    )
    assert team.part(Releasing).rules_for("payments") == ReleaseRules(2)
    assert team.part(Releasing).audiences_for("#releases") == (Audience("customers", Voice.CUSTOMERS, ("#news",)),)


def test_without_audiences_engineers_read_the_notes_in_the_release_channel():
    team, _ = parse_team({}, "it")

    assert team is not None
    assert team.part(Releasing).audiences_for("#releases") == (
        Audience("engineers", Voice.ENGINEERS, ("#releases",)),
    )


def test_every_mistake_is_told_with_its_place():
    text = """
    services: {web: {}}
    releases: {approvals: -1, before: [{what: ""}], services: {wep: {}}}
    audiences:
      a: {voice: poets, channels: "#a"}
      b: {voice: customers, channels: []}
      c: {voice: customers, channels: ["#c", news]}
    """
    _, mistakes = parse_team(yaml.safe_load(text), "it")

    told = [str(mistake).removeprefix("it: ") for mistake in mistakes]
    places = [line.partition(" ")[0].rstrip(":") for line in told]
    assert places == [
        "releases.approvals",
        "releases.before[1].what",
        "audiences.a.voice",
        "audiences.b.channels",
        "audiences.c.channels[2]",
        "releases.services.wep",
    ]
    assert "did you mean web?" in told[-1].lower()
