"""What Alertmanager and GitHub mean by what they send."""

from pathlib import Path

import pytest

from bot.core.events import AlertFired, AlertResolved, PipelineChanged, PullRequestChanged, RunState
from bot.vendors.kit.webhooks import Delivery
from tests.vendors import captured

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "payloads"


def test_alertmanagers_group_tells_firing_from_resolved() -> None:
    events = captured.SOURCES["alertmanager"].parse(captured.delivery("alertmanager", "mixed_firing_resolved"))

    assert [type(event) for event in events] == [AlertFired, AlertResolved, AlertFired]
    assert len({event.group for event in events if isinstance(event, AlertFired | AlertResolved)}) == 1


def test_basic_authentication_carries_the_secret_as_its_password() -> None:
    verify = captured.SOURCES["alertmanager"].verify

    assert verify({"authorization": "Basic YW06cHc="}, b"", "pw")
    assert not verify({"authorization": "Basic YW06cHc="}, b"", "other")
    assert not verify({"authorization": "Basic %%%"}, b"", "pw")


def test_github_pipelines_and_pull_requests_say_where_they_are() -> None:
    build = captured.SOURCES["github"].parse(captured.delivery("github", "workflow_run_build_failed"))[0]
    pull = captured.SOURCES["github"].parse(captured.delivery("github", "pull_request_merged"))[0]

    assert isinstance(build, PipelineChanged)
    assert (build.state, build.repository, build.name) == (RunState.FAILED, "harbor/web", "build")
    assert isinstance(pull, PullRequestChanged)
    assert (pull.state, pull.number, pull.sha[:7]) == ("merged", 812, "9f3c2a1")


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not at hand")
def test_every_recorded_payload_is_understood() -> None:
    for path in sorted((RECORDED / "github").glob("*.json")):
        headers = {"x-github-event": path.name.partition(".")[0]}
        captured.SOURCES["github"].parse(Delivery("github", headers, path.read_bytes(), captured.NOW))
    for path in sorted((RECORDED / "alertmanager").glob("*.json")):
        if ".headers." not in path.name:
            delivery = Delivery("alertmanager", {}, path.read_bytes(), captured.NOW)
            assert captured.SOURCES["alertmanager"].parse(delivery)
