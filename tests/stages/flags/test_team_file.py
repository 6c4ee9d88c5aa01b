"""Segments in the team file: read once, and told with their path where they cannot be."""

import yaml

from bot.config.team_file import parse_team
from bot.stages.flags.model.segment import Segments

GOOD = """
segments:
  beta: plan = pro and country in DE, AT
"""
BAD = """
segments:
  Beta Testers: plan = pro
  odd: country like DE
  listed: [DE, AT]
"""


def test_a_segment_has_its_name_and_its_conditions() -> None:
    team, mistakes = parse_team(yaml.safe_load(GOOD), "it")

    assert mistakes == []
    assert team is not None
    assert team.part(Segments).by_name["beta"].called == "beta"
    assert str(team.part(Segments).by_name["beta"]) == "plan = pro and country in DE, AT"


def test_a_slip_is_told_with_its_path() -> None:
    _, mistakes = parse_team(yaml.safe_load(BAD), "it")
    told = [str(mistake) for mistake in mistakes]

    assert any("segments.odd" in one and "is no condition" in one for one in told), told
    assert any("segments.listed" in one and "write conditions" in one for one in told), told
