"""Routes: which of them an alert takes and why, and patterns that are refused before they hurt."""

import re
import time

import pytest

from bot.core.refusals import NotUnderstood
from bot.stages.monitor.model.matchers import read
from bot.stages.monitor.model.route import Alerting, Route
from bot.stages.monitor.model.safe_regex import trouble_with

PAGE = Route("page", read('severity=~"critical|page"'), "#pager")
AUDIT = Route("audit", read('team="pay", env!~"dev.*"'), "#audit", goes_on=True)
WEB = Route("web", read('service="web"'), "#web")


@pytest.mark.parametrize(
    ("labels", "taken"),
    [
        ({"severity": "critical", "service": "web"}, ["page"]),
        ({"severity": "warning", "service": "web"}, ["web"]),
        ({"severity": "criticalish"}, ["default"]),  # a pattern has to fit the whole value
        ({}, ["default"]),
        ({"team": "pay", "service": "web"}, ["audit", "web"]),
        ({"team": "pay"}, ["audit"]),
        ({"team": "pay", "env": "dev-3", "service": "web"}, ["web"]),
    ],
)
def test_the_first_route_that_fits_is_taken_unless_it_goes_on(labels: dict[str, str], taken: list[str]) -> None:
    assert [route.name for route in Alerting((AUDIT, PAGE, WEB)).taken(labels)] == taken


def test_each_route_that_was_not_taken_says_which_matcher_was_missed() -> None:
    tried = Alerting((AUDIT, PAGE, WEB)).tried({"team": "pay", "env": "dev", "severity": "info"})

    assert [(one.route.name, str(one.missed), one.value) for one in tried[:2]] == [
        ("audit", 'env!~"dev.*"', "dev"),
        ("page", 'severity=~"critical|page"', "info"),
    ]
    assert tried[-1].route.name == "default"
    assert tried[-1].fits


def test_grouping_keys_make_one_message_of_several_of_the_source() -> None:
    by_service = Route("web", group_by=("service",))

    assert by_service.key("am", "g1", {"service": "web", "x": "1"}) == by_service.key(
        "am", "g2", {"service": "web", "x": "2"}
    )
    assert Route("web").key("am", "g", {}) != Route("api").key("am", "g", {})


HARMLESS = [
    "web|api",
    "web-.*",
    ".*foo.*",
    "db-[0-9]+",
    "(?:a|b)c?",
    r"10\.0\.[0-9]{1,3}",
    "[(*+]",
    "a{2}",
    "",
    "x{y}",
]
HARMFUL = [
    "(a+)+b",
    "(a|a)*",
    ".*.*.*x",
    r"(a)\1",
    "(?=a)",
    "a?" * 9,
    "x" * 501,
    "(a{2,}){3}",
    "a{1000}",
    "(.*)(.*)(.*)",
    "(.*)(.*)(.*)",
    "(?:.*|a).*.*",
]


@pytest.mark.parametrize("pattern", HARMLESS)
def test_patterns_as_people_write_them_are_taken(pattern: str) -> None:
    assert trouble_with(pattern) == ""


@pytest.mark.parametrize("pattern", HARMFUL)
def test_patterns_that_could_take_for_ever_are_refused_with_a_reason(pattern: str) -> None:
    assert trouble_with(pattern)
    with pytest.raises(NotUnderstood, match=r"not taken|longer"):
        read(f'job=~"{pattern.replace(chr(92), chr(92) * 2)}"')


def test_the_worst_pattern_that_is_taken_answers_at_once() -> None:
    worst = ".*a.*" + "[ab]?" * 6 + "c"
    assert trouble_with(worst) == ""
    begun = time.process_time()
    assert re.fullmatch(worst, "a" * 1_000) is None
    assert time.process_time() - begun < 5
