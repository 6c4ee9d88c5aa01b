"""Deployments by GitHub: workflows that it runs, and deployments that somebody else carries out."""

from dataclasses import replace

import pytest

from bot.core.deploy_targets import GitHubDeployment, GitHubWorkflow
from bot.core.events import RunState
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Report, Taken, Unsure
from bot.vendors.choose_target import AnyCarrier
from tests.vendors.everywhere import everywhere
from tests.vendors.targets.github_stand_in import GitHubStandIn
from tests.vendors.targets.orders import GITHUB_TOKEN, OTHER_SHA, SHA, all_of, order

WORKFLOW = GitHubWorkflow("deploy.yml", "main", {"version": "{version}", "deployment": "{deployment}"})
RUN = "github:harbor/web/runs/9000000000"
PAGE = "https://github.com/harbor/web/actions/runs/9000000000"
HOSTILE = 'v1"},"ref":"evil\n{sha} {environment}'


@pytest.fixture
def github() -> GitHubStandIn:
    return GitHubStandIn()


@pytest.fixture
async def url(serve, github) -> str:
    return await serve(github.app())


@pytest.fixture
def carrier(session) -> AnyCarrier:
    return AnyCarrier(session, everywhere(GITHUB_TOKEN))


async def test_a_workflow_is_started_once_and_github_says_which_run_it_is(github, url, carrier):
    assert await carrier.start(WORKFLOW, order(url)) == Taken(RUN, PAGE)
    inputs = {"version": "v1.4.0", "deployment": "D-12/1"}
    assert github.dispatched == [{"ref": "main", "inputs": inputs, "return_run_details": True}]


async def test_the_default_branch_is_looked_up(github, url, carrier):
    await carrier.start(GitHubWorkflow("deploy.yml"), order(url))

    assert github.dispatched == [{"ref": "trunk", "return_run_details": True}]


async def test_a_default_branch_that_cannot_be_looked_up_begins_nothing(github, url, session):
    with pytest.raises(NotTaken, match="does not accept our token"):
        await AnyCarrier(session, everywhere("ghp_wrong")).start(GitHubWorkflow("deploy.yml"), order(url))
    assert github.dispatched == []


async def test_hostile_values_stay_values(github, url, carrier):
    await carrier.start(WORKFLOW, order(url, version=HOSTILE))

    assert github.dispatched[0]["inputs"]["version"] == HOSTILE
    assert github.dispatched[0]["ref"] == "main"


BY_NAME = GitHubWorkflow("deploy.yml", "{version}", {"deployment": "{deployment}"})


async def test_a_workflow_of_the_versions_own_ref_runs_where_that_stands_at_the_approved_commit(
    github, url, carrier
):
    taken = await carrier.start(BY_NAME, order(url))
    assert taken == Taken(RUN, PAGE)
    assert github.dispatched[0]["ref"] == "v1.4.0"
    github.runs[9_000_000_000] |= {"status": "completed", "conclusion": "success"}
    report = await carrier.look(BY_NAME, order(url, reference=RUN))
    assert (report.state, report.note) == (RunState.PASSED, "")


async def test_a_ref_that_moved_since_the_approval_starts_no_workflow(github, url, carrier):
    github.refs["v1.4.0"] = OTHER_SHA
    with pytest.raises(NotTaken, match=r"v1\.4\.0 stands at 0b31b1c\w* on GitHub, not at 9f3c2a1\w*"):
        await carrier.start(BY_NAME, order(url))
    assert github.dispatched == []


async def test_a_ref_that_is_gone_starts_no_workflow(github, url, carrier):
    del github.refs["v1.4.0"]
    with pytest.raises(NotTaken):
        await carrier.start(BY_NAME, order(url))
    assert github.dispatched == []


async def test_a_run_that_began_at_another_commit_is_cancelled_and_never_called_live(github, url, carrier):
    github.moves_to = OTHER_SHA
    await carrier.start(BY_NAME, order(url))

    begun = await carrier.look(BY_NAME, order(url, reference=RUN))
    assert begun.state is RunState.RUNNING
    assert "it is of 0b31b1c" in begun.note
    assert "so I told GitHub to cancel it" in begun.note
    assert github.runs[9_000_000_000]["conclusion"] == "cancelled"
    assert (await carrier.look(BY_NAME, order(url, reference=RUN))).state is RunState.CANCELLED


async def test_a_run_whose_commit_is_not_told_is_not_called_live(github, url, carrier):
    await carrier.start(BY_NAME, order(url))
    run = github.runs[9_000_000_000]
    run |= {"status": "completed", "conclusion": "success"}
    assert (await carrier.look(BY_NAME, order(url, reference=RUN))).state is RunState.PASSED
    for told in (None, "", 7):
        run["head_sha"] = told
        with pytest.raises(HostUnreachable, match="in a way that I do not know"):
            await carrier.look(BY_NAME, order(url, reference=RUN))


async def test_one_that_was_over_before_we_looked_failed(github, url, carrier):
    github.moves_to = OTHER_SHA
    await carrier.start(BY_NAME, order(url))
    github.runs[9_000_000_000] |= {"status": "completed", "conclusion": "success"}
    report = await carrier.look(BY_NAME, order(url, reference=RUN))
    assert report.state is RunState.FAILED
    assert "0b31b1c" in report.note


async def test_the_name_that_was_asked_for_is_the_ref_where_the_commit_is_what_the_inputs_get(github, url, carrier):
    """``ref`` has to be a name on GitHub, also where ``{version}`` is filled with the commit elsewhere."""
    how = GitHubWorkflow("deploy.yml", "{version}", {"version": "{version}", "deployment": "{deployment}"})
    await carrier.start(how, replace(order(url, version=SHA), ref="main"))
    assert github.dispatched[0]["ref"] == "main"
    assert github.dispatched[0]["inputs"]["version"] == SHA


async def test_an_older_server_that_refuses_the_question_is_asked_without_it(github, url, carrier):
    github.generation = "strict"

    assert await carrier.start(WORKFLOW, order(url)) == Taken(RUN, PAGE)
    assert [asked.get("return_run_details") for asked in github.dispatched] == [True, None]
    assert len(github.runs) == 1


async def test_an_older_server_that_tells_nothing_is_looked_through(github, url, carrier):
    github.generation = "silent"
    github.begin("Deploy D-12/10")

    taken = await carrier.start(WORKFLOW, order(url))

    assert taken.reference == "github:harbor/web/runs/9000000001"
    assert len(github.dispatched) == 1


@pytest.mark.parametrize("title", ["Deploy", "Deploy D-12/10", "Deploy XD-12/1", "Deploy D-12"])
async def test_a_run_that_does_not_say_whose_it_is_is_not_ours(github, url, carrier, title):
    github.generation, github.run_name = "silent", title

    with pytest.raises(Unsure, match="whose name has D-12/1 in it"):
        await carrier.start(WORKFLOW, order(url))
    assert len(github.dispatched) == 1
    assert await carrier.find(WORKFLOW, order(url)) is None


async def test_what_an_unanswered_start_began_is_found_by_its_name(github, url, carrier):
    assert await carrier.find(WORKFLOW, order(url)) is None
    github.begin("Deploy D-12/1 of v1.4.0")
    github.begin("Deploy D-12/2 of v1.4.0")

    assert await carrier.find(WORKFLOW, order(url)) == Taken(RUN, PAGE)
    github.begin("by hand, as if it were D-12/1")
    assert await carrier.find(WORKFLOW, order(url)) is None


@pytest.mark.parametrize(
    ("status", "conclusion", "state"),
    [
        ("queued", None, RunState.QUEUED),
        ("requested", None, RunState.QUEUED),
        ("pending", None, RunState.QUEUED),
        ("in_progress", None, RunState.RUNNING),
        ("completed", "success", RunState.PASSED),
        ("completed", "cancelled", RunState.CANCELLED),
        ("completed", "skipped", RunState.CANCELLED),
        ("completed", "failure", RunState.FAILED),
        ("completed", "startup_failure", RunState.FAILED),
        ("completed", "something new", RunState.FAILED),
        ("something new", None, RunState.RUNNING),
    ],
)
async def test_where_a_run_is_is_told_in_our_words(github, url, carrier, status, conclusion, state):
    github.begin("Deploy D-12/1").update(status=status, conclusion=conclusion)

    report = await carrier.look(WORKFLOW, order(url, reference=RUN))

    assert (report.state, report.timed_out, report.url) == (state, False, PAGE)
    note = {"cancelled": "cancelled on GitHub", "skipped": "skipped on GitHub"}
    failed = "deploy (Roll out); smoke failed"
    assert report.note == note.get(conclusion, failed if state is RunState.FAILED else "")


async def test_a_failed_run_ends_with_the_last_lines_of_its_log_which_are_asked_for_without_the_token(
    github, serve, url, carrier
):
    github.log_at = await serve(github.log_server()) + "/signed?sig=a%2Fb"
    github.begin("Deploy D-12/1").update(status="completed", conclusion="timed_out")

    report = await carrier.look(WORKFLOW, order(url, reference=RUN))

    assert report.timed_out
    assert report.note == "deploy (Roll out); smoke failed"
    assert (report.lines[0], report.lines[-1], len(report.lines)) == ("step 10", "step 59", 50)
    assert github.log_asked_with == [None]


@pytest.mark.parametrize("log_at", ["", "http://[", "http://127.0.0.1:9/", "file:///etc/passwd"])
async def test_a_log_that_cannot_be_read_is_left_out(github, url, carrier, log_at):
    github.log_at = log_at
    github.begin("Deploy D-12/1").update(status="completed", conclusion="failure")

    report = await carrier.look(WORKFLOW, order(url, reference=RUN))

    assert (report.state, report.lines) == (RunState.FAILED, ())


async def test_a_token_in_a_log_does_not_come_along(github, serve, url, carrier):
    github.log_at = await serve(github.log_server()) + "/signed"
    github.log = f"Authorization: token {GITHUB_TOKEN}\n"
    github.begin("Deploy D-12/1").update(status="completed", conclusion="failure")

    report = await carrier.look(WORKFLOW, order(url, reference=RUN))

    assert report.lines == ("Authorization: token …",)


async def test_a_run_that_waits_for_a_reviewer_says_so(github, url, carrier):
    github.begin("Deploy D-12/1").update(status="waiting")
    waiting = Report(RunState.QUEUED, note="waits for a reviewer on GitHub", url=PAGE)
    assert await carrier.look(WORKFLOW, order(url, reference=RUN)) == waiting

    github.pending = ["production", "eu"]
    report = await carrier.look(WORKFLOW, order(url, reference=RUN))
    assert report.note == "waits for a reviewer of production, eu on GitHub"


async def test_a_run_is_stopped_and_one_that_has_ended_is_let_be(github, url, carrier):
    await carrier.start(WORKFLOW, order(url))
    ours = order(url, reference=RUN)

    assert await carrier.stop(WORKFLOW, ours)
    assert (await carrier.look(WORKFLOW, ours)).state is RunState.CANCELLED
    assert await carrier.stop(WORKFLOW, ours)


async def test_a_run_that_is_gone_or_no_run_is_said(github, url, carrier, session):
    for reference in (RUN, "github:harbor/web/runs/../../../user", "github:harbor/web/runs/"):
        with pytest.raises(HostUnreachable, match=r"nothing by that name|no run called"):
            await carrier.look(WORKFLOW, order(url, reference=reference))
    with pytest.raises(HostUnreachable, match="does not accept our token") as stranger:
        await AnyCarrier(session, everywhere("ghp_wrong-token")).look(WORKFLOW, order(url, reference=RUN))
    assert "ghp_wrong-token" not in all_of(stranger.value)
    with pytest.raises(HostUnreachable, match="cannot be reached"):
        await carrier.look(WORKFLOW, order("http://127.0.0.1:9", reference=RUN))


DEPLOYMENT = GitHubDeployment("{environment}-eu", "deploy:web", {"image": "web:{version}", "deployment": "mine"})
REFERENCE = "github:harbor/web/deployments/40"


async def test_a_deployment_is_of_the_approved_commit_merges_nothing_and_names_the_start(github, url, carrier):
    assert await carrier.start(DEPLOYMENT, order(url)) == Taken(REFERENCE)
    assert github.deployments[40] == {
        "id": 40,
        "ref": SHA,
        "sha": SHA,
        "environment": "production-eu",
        "task": "deploy:web",
        "payload": {"image": "web:v1.4.0", "deployment": "D-12/1"},
        "description": "D-12/1 by Eightbells",
        "auto_merge": False,
        "required_contexts": [],
    }


async def test_a_version_without_a_known_commit_is_deployed_by_its_name(github, url, carrier):
    await carrier.start(DEPLOYMENT, order(url, sha=""))

    assert github.deployments[40]["ref"] == "v1.4.0"
    assert (await carrier.find(DEPLOYMENT, order(url, sha=""))) == Taken(REFERENCE)


async def test_a_deployment_that_github_does_not_make_is_refused_in_its_words(github, url, carrier):
    with pytest.raises(NotTaken, match=r"refused \(422\): No ref found for: v1\"\},\"ref\":\"evil \{sha\}"):
        await carrier.start(DEPLOYMENT, order(url, sha="", version=HOSTILE))
    github.merges = True
    with pytest.raises(NotTaken, match=r"made no deployment: Auto-merged trunk into v1\.4\.0"):
        await carrier.start(DEPLOYMENT, order(url))
    assert github.deployments == {}


async def test_what_an_unanswered_deployment_began_is_found_by_its_payload_or_description(github, url, carrier):
    for run in ("D-12/10", "D-12/2"):
        await carrier.start(DEPLOYMENT, order(url, run=run))
    assert await carrier.find(DEPLOYMENT, order(url)) is None

    await carrier.start(DEPLOYMENT, order(url))
    assert await carrier.find(DEPLOYMENT, order(url)) == Taken("github:harbor/web/deployments/42")
    assert await carrier.find(DEPLOYMENT, order(url, sha=OTHER_SHA)) is None
    for payload in ('{"deployment": "D-12/1"}', "{", "[]", None):
        github.deployments[42]["payload"] = payload
        assert await carrier.find(DEPLOYMENT, order(url)) == Taken("github:harbor/web/deployments/42")
    github.deployments[42]["description"] = None
    assert await carrier.find(DEPLOYMENT, order(url)) is None
    github.deployments[42]["payload"] = '{"deployment": "D-12/1"}'
    assert await carrier.find(DEPLOYMENT, order(url)) == Taken("github:harbor/web/deployments/42")


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (("pending",), RunState.QUEUED),
        (("queued",), RunState.QUEUED),
        (("queued", "in_progress"), RunState.RUNNING),
        (("in_progress", "success"), RunState.PASSED),
        (("in_progress", "failure"), RunState.FAILED),
        (("in_progress", "error"), RunState.FAILED),
        (("in_progress", "inactive"), RunState.CANCELLED),
        (("success", "inactive"), RunState.PASSED),  # it was live until the next one was
        (("something new",), RunState.RUNNING),
    ],
)
async def test_the_newest_status_tells_where_a_deployment_is(github, url, carrier, states, state):
    await carrier.start(DEPLOYMENT, order(url))
    ours = order(url, reference=REFERENCE)
    idle = Report(RunState.QUEUED, note="nobody has taken it up yet")
    assert await carrier.look(DEPLOYMENT, ours) == idle

    for each in states:
        github.report(40, each, description=f"{each} in\nthree zones", target_url="https://ci.harbor.example/7")
    expected = Report(state, note=f"{states[-1]} in three zones", url="https://ci.harbor.example/7")
    assert await carrier.look(DEPLOYMENT, ours) == expected


async def test_a_link_that_is_none_is_left_out(github, url, carrier):
    await carrier.start(DEPLOYMENT, order(url))
    github.report(40, "success", log_url="javascript:alert(1)", target_url="https://x|<!channel>")

    assert (await carrier.look(DEPLOYMENT, order(url, reference=REFERENCE))).url == ""


async def test_github_cannot_stop_a_deployment(url, carrier):
    await carrier.start(DEPLOYMENT, order(url))

    assert not await carrier.stop(DEPLOYMENT, order(url, reference=REFERENCE))
