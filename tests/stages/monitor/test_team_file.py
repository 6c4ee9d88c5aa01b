"""The team file's ``alerts``: as it is written, and every mistake with its path."""

from datetime import timedelta
from typing import Any

import pytest

from bot.config.team_file import parse_team
from bot.core.messages import Band
from bot.stages.monitor.model.route import Alerting

GOOD = {
    "routes": [
        {
            "name": "pager",
            "match": ['severity=~"critical|page"', "env!=dev"],
            "channel": "#pager",
            "urgency": "first",
        },
        {"name": "audit", "match": 'team="pay"', "continue": True, "page": False, "group_by": ["alertname"]},
        {"name": "default", "storm": 3},
    ],
    "storm": 30,
    "watch": [{"source": "alertmanager", "match": 'alertname="Watchdog"', "every": "5m"}],
}


def test_routes_and_watches_are_read_with_what_they_leave_out() -> None:
    team, mistakes = parse_team({"alerts": GOOD}, "team.yml")

    assert mistakes == []
    assert team is not None
    pager, audit = team.part(Alerting).routes
    assert (pager.channel, pager.band, pager.storm, pager.pages) == ("#pager", Band.NOW, 30, True)
    assert (audit.goes_on, audit.pages, audit.group_by) == (True, False, ("alertname",))
    assert team.part(Alerting).default.storm == 3
    assert [(one.name, one.every) for one in team.part(Alerting).watches] == [
        ("alertmanager", timedelta(minutes=5))
    ]
    assert [route.name for route in team.part(Alerting).taken({"severity": "page", "env": "dev"})] == ["default"]


@pytest.mark.parametrize(
    ("alerts", "says"),
    [
        ({"routes": [{"name": "a", "match": 'x=~"(a+)+"'}]}, "alerts.routes[1].match: “(a+)+” is not taken"),
        ({"routes": [{"name": "a", "match": 'x=~"["'}]}, "alerts.routes[1].match: “[” is no regular expression"),
        ({"routes": [{"name": "a", "match": ["severity==x y"]}]}, "alerts.routes[1].match: these are no matchers"),
        ({"routes": [{"name": "a", "channel": "nope"}]}, "alerts.routes[1].channel: 'nope' is no channel"),
        ({"routes": [{"name": "a"}, {"name": "b", "match": "x=y"}]}, "alerts.routes[1]: takes every alert"),
        (
            {"routes": [{"name": "a", "match": "x=y"}, {"name": "a", "match": "x=z"}]},
            "alerts.routes[2].name: another route is called a",
        ),
        ({"routes": [{"name": "a", "group_by": ["a b"]}]}, "alerts.routes[1].group_by[1]: 'a b' is no label"),
        ({"watch": [{"source": "am", "every": "1s"}]}, "alerts.watch[1].every: is shorter than 10 s"),
        ({"stormm": 3}, "alerts.stormm: no such key; did you mean storm?"),
        ({"storm": 0}, "alerts.storm: input should be greater than or equal to 1"),
    ],
)
def test_each_mistake_is_told_with_its_path(alerts: dict[str, Any], says: str) -> None:
    team, mistakes = parse_team({"alerts": alerts}, "team.yml")

    assert team is None
    assert any(f"team.yml: {says}" in str(mistake) for mistake in mistakes), mistakes
