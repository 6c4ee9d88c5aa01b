"""Deployments by GitLab: pipelines that it runs, and deployments that somebody else carries out."""

import pytest

from bot.core.deploy_targets import GitLabDeployment, GitLabPipeline
from bot.core.events import RunState
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Report, Taken, Unsure
from bot.vendors.choose_target import AnyCarrier
from tests.vendors.everywhere import everywhere
from tests.vendors.targets.gitlab_stand_in import GitLabStandIn
from tests.vendors.targets.orders import GITLAB_TOKEN, OTHER_SHA, SHA, all_of, order

PIPELINE = GitLabPipeline(variables={"TARGET": "{environment}", "EIGHTBELLS_DEPLOYMENT": "mine"})
RUN = "gitlab:harbor/shop/web/runs/15"
PAGE = "https://gitlab.com/harbor/shop/web/-/pipelines/15"
HOSTILE = 'v1"}],"ref":"evil\n{sha}'


@pytest.fixture
def gitlab() -> GitLabStandIn:
    return GitLabStandIn()


@pytest.fixture
async def url(serve, gitlab) -> str:
    return await serve(gitlab.app())


@pytest.fixture
def carrier(session) -> AnyCarrier:
    return AnyCarrier(session, gitlab=everywhere(GITLAB_TOKEN))


def values(gitlab: GitLabStandIn, pipeline: int) -> dict[str, str]:
    return {one["key"]: one["value"] for one in gitlab.variables[pipeline]}


async def test_a_pipeline_begins_once_at_the_approved_commit_and_its_jobs_know_the_start(gitlab, url, carrier):
    assert await carrier.start(PIPELINE, order(url)) == Taken(RUN, PAGE)
    assert [(one["ref"], one["sha"]) for one in gitlab.pipelines.values()] == [("v1.4.0", SHA)]
    assert values(gitlab, 15) == {"TARGET": "production", "EIGHTBELLS_DEPLOYMENT": "D-12/1"}


async def test_a_branch_with_slashes_is_one_name(gitlab, url, carrier):
    await carrier.start(GitLabPipeline("release/1.x"), order(url))

    assert gitlab.pipelines[15]["ref"] == "release/1.x"


async def test_hostile_values_stay_values(gitlab, url, carrier):
    gitlab.refs[HOSTILE] = SHA
    told = GitLabPipeline("main", {"VERSION": "{version}"})
    await carrier.start(told, order(url, version=HOSTILE))

    assert values(gitlab, 15)["VERSION"] == HOSTILE
    with pytest.raises(NotTaken, match=r"no branch or tag v1\"\}\],\"ref\":\"evil \{sha\}"):
        await carrier.start(PIPELINE, order(url, version=HOSTILE))
    assert len(gitlab.pipelines) == 1


async def test_a_branch_that_stands_at_another_commit_is_not_deployed(gitlab, url, carrier):
    gitlab.refs["v1.4.0"] = OTHER_SHA

    with pytest.raises(NotTaken, match=r"v1\.4\.0 stands at 0b31b1c02ff4 on GitLab, not at 9f3c2a17d4e5"):
        await carrier.start(PIPELINE, order(url))
    assert gitlab.pipelines == {}


async def test_a_pipeline_whose_commit_is_not_told_is_not_called_live(gitlab, url, carrier):
    await carrier.start(PIPELINE, order(url))
    gitlab.pipelines[15]["status"] = "success"
    assert (await carrier.look(PIPELINE, order(url, reference=RUN))).state is RunState.PASSED
    for told in (None, "", 7):
        gitlab.pipelines[15]["sha"] = told
        with pytest.raises(HostUnreachable, match="in a way that I do not know"):
            await carrier.look(PIPELINE, order(url, reference=RUN))


async def test_a_pipeline_that_is_kept_on_a_branch_of_its_own_deploys_by_its_variables(gitlab, url, carrier):
    gitlab.refs["main"] = OTHER_SHA
    kept = GitLabPipeline("main", {"VERSION": "{version}"})

    assert await carrier.start(kept, order(url)) == Taken(RUN, PAGE)
    gitlab.pipelines[15]["status"] = "success"
    report = await carrier.look(kept, order(url, reference=RUN))
    assert (report.state, report.note) == (RunState.PASSED, "")


async def test_a_branch_that_moves_meanwhile_is_taken_back(gitlab, url, carrier):
    gitlab.moves_to = OTHER_SHA

    with pytest.raises(
        NotTaken, match="began 0b31b1c02ff4 instead of 9f3c2a17d4e5, so I cancelled its pipeline 15"
    ):
        await carrier.start(PIPELINE, order(url))
    assert gitlab.pipelines[15]["status"] == "canceled"


async def test_what_cannot_be_taken_back_is_unsure_found_and_never_called_live(gitlab, url, carrier):
    gitlab.moves_to, gitlab.may_cancel = OTHER_SHA, False
    with pytest.raises(Unsure, match="could not cancel its pipeline 15: GitLab refused"):
        await carrier.start(PIPELINE, order(url))

    assert await carrier.find(PIPELINE, order(url)) == Taken(RUN, PAGE)
    for status, state in (("running", RunState.RUNNING), ("success", RunState.FAILED)):
        gitlab.pipelines[15]["status"] = status
        report = await carrier.look(PIPELINE, order(url, reference=RUN))
        assert (report.state, report.note) == (state, "it is of 0b31b1c02ff4, not of 9f3c2a17d4e5")


async def test_what_is_told_to_end_and_has_not_yet_is_unsure(gitlab, url, carrier):
    gitlab.moves_to, gitlab.cancels_to = OTHER_SHA, "canceling"

    with pytest.raises(Unsure, match="told it to cancel its pipeline 15, which has not ended yet"):
        await carrier.start(PIPELINE, order(url))


async def test_a_commit_that_is_not_known_cannot_be_compared(gitlab, url, carrier):
    gitlab.refs["v1.4.0"] = OTHER_SHA

    assert await carrier.start(PIPELINE, order(url, sha="")) == Taken(RUN, PAGE)
    assert (await carrier.look(PIPELINE, order(url, sha="", reference=RUN))).note == ""


@pytest.mark.parametrize(
    ("refuses", "says"),
    [
        ({"message": {"base": ["Reference not found"]}}, "Reference not found"),
        ({"message": {"ref": ["is empty", "is missing"]}}, "ref is empty ref is missing"),
        ({"message": "Insufficient permissions to set pipeline variables"}, "Insufficient permissions"),
        ({"error": "variables is invalid"}, "variables is invalid"),
        ({"message": f"no {GITLAB_TOKEN}\n\x1b[31m<!channel>"}, r"no … \[31m<!channel>"),
        ({}, r"refused \(400\)$"),
    ],
)
async def test_a_refusal_is_passed_on_in_gitlabs_words(gitlab, url, carrier, refuses, says):
    gitlab.refuses = refuses or {"detail": 7}

    with pytest.raises(NotTaken, match=says) as refused:
        await carrier.start(PIPELINE, order(url))
    assert GITLAB_TOKEN not in all_of(refused.value)


async def test_what_an_unanswered_start_began_is_found_by_its_variable(gitlab, url, carrier):
    assert await carrier.find(PIPELINE, order(url)) is None
    for run in ("D-12/1", "D-12/10", "D-12/2"):
        gitlab.begin("v1.4.0", [{"key": "EIGHTBELLS_DEPLOYMENT", "value": run}])
    gitlab.begin("main", [{"key": "EIGHTBELLS_DEPLOYMENT", "value": "D-13/1"}])
    gitlab.begin("v1.4.0", [{"key": "OTHER", "value": "D-13/1"}])

    assert await carrier.find(PIPELINE, order(url)) == Taken(RUN, PAGE)
    assert await carrier.find(PIPELINE, order(url, run="D-13/1")) is None


@pytest.mark.parametrize(
    ("status", "state", "note"),
    [
        ("created", RunState.QUEUED, ""),
        ("waiting_for_resource", RunState.QUEUED, ""),
        ("preparing", RunState.QUEUED, ""),
        ("pending", RunState.QUEUED, ""),
        ("manual", RunState.QUEUED, "waits for somebody to start a manual job on GitLab"),
        ("scheduled", RunState.QUEUED, "waits for a delayed job on GitLab"),
        ("running", RunState.RUNNING, ""),
        ("canceling", RunState.RUNNING, ""),
        ("something new", RunState.RUNNING, ""),
        ("success", RunState.PASSED, ""),
        ("canceled", RunState.CANCELLED, "cancelled on GitLab"),
        ("skipped", RunState.CANCELLED, "skipped on GitLab"),
    ],
)
async def test_where_a_pipeline_is_is_told_in_our_words(gitlab, url, carrier, status, state, note):
    await carrier.start(PIPELINE, order(url))
    gitlab.pipelines[15]["status"] = status

    report = await carrier.look(PIPELINE, order(url, reference=RUN))

    assert report == Report(state, note=note, url=PAGE)


async def test_a_failed_pipeline_names_the_jobs_that_count_and_ends_with_the_first_ones_log(gitlab, url, carrier):
    await carrier.start(PIPELINE, order(url))
    gitlab.pipelines[15]["status"] = "failed"

    report = await carrier.look(PIPELINE, order(url, reference=RUN))

    assert (report.state, report.timed_out, report.note) == (RunState.FAILED, False, "deploy, smoke failed")
    assert report.lines == (
        "Executing step_script",
        "$ ./deploy v1.4.0",
        "helm: release web failed",
        "ERROR: Job failed: exit code 1",
    )


async def test_a_pipeline_whose_job_took_too_long_timed_out(gitlab, url, carrier):
    await carrier.start(PIPELINE, order(url))
    gitlab.pipelines[15]["status"] = "failed"
    gitlab.jobs = [{"id": 99, "name": "deploy", "failure_reason": "job_execution_timeout"}]

    report = await carrier.look(PIPELINE, order(url, reference=RUN))

    assert (report.timed_out, report.note, report.lines) == (True, "deploy failed", ())


async def test_a_pipeline_that_cannot_be_made_says_why(gitlab, url, carrier):
    await carrier.start(PIPELINE, order(url))
    gitlab.pipelines[15] |= {"status": "failed", "yaml_errors": "deploy: unknown keys: scirpt"}
    gitlab.jobs = []

    assert (await carrier.look(PIPELINE, order(url, reference=RUN))).note == "deploy: unknown keys: scirpt"


async def test_a_pipeline_is_stopped(gitlab, url, carrier):
    await carrier.start(PIPELINE, order(url))
    ours = order(url, reference=RUN)

    assert await carrier.stop(PIPELINE, ours)
    assert (await carrier.look(PIPELINE, ours)).state is RunState.CANCELLED
    gitlab.may_cancel = False
    with pytest.raises(HostUnreachable, match="refused"):
        await carrier.stop(PIPELINE, ours)


async def test_a_pipeline_that_is_gone_or_none_is_said(url, carrier, session):
    for reference in (RUN, "gitlab:harbor/shop/web/runs/../../user"):
        with pytest.raises(HostUnreachable, match=r"nothing by that name|no pipeline called"):
            await carrier.look(PIPELINE, order(url, reference=reference))
    with pytest.raises(HostUnreachable, match="does not accept our token") as stranger:
        await AnyCarrier(session, gitlab=everywhere("glpat-wrong-token")).look(PIPELINE, order(url, reference=RUN))
    assert "glpat-wrong-token" not in all_of(stranger.value)


DEPLOYMENT = GitLabDeployment("{environment}/eu")
REFERENCE = "gitlab:harbor/shop/web/deployments/41"


async def test_a_deployment_is_registered_as_running(gitlab, url, carrier):
    taken = await carrier.start(DEPLOYMENT, order(url))

    assert taken == Taken(REFERENCE, f"{url}/harbor/shop/web/-/environments/9")
    made = gitlab.deployments[41]
    assert made["environment"]["name"] == "production/eu"
    given = {name: made[name] for name in ("sha", "ref", "tag", "status")}
    assert given == {"sha": SHA, "ref": "v1.4.0", "tag": True, "status": "running"}

    await carrier.start(DEPLOYMENT, order(url, version="main"))
    assert (gitlab.deployments[42]["ref"], gitlab.deployments[42]["tag"]) == ("main", False)


async def test_a_deployment_of_no_known_commit_is_not_registered(gitlab, url, carrier):
    with pytest.raises(NotTaken, match=r"that of v1\.4\.0 is not known"):
        await carrier.start(DEPLOYMENT, order(url, sha=""))
    assert gitlab.deployments == {}


@pytest.mark.parametrize(
    ("status", "state", "note"),
    [
        ("created", RunState.QUEUED, ""),
        ("blocked", RunState.QUEUED, "waits for an approval on GitLab"),
        ("running", RunState.RUNNING, ""),
        ("success", RunState.PASSED, ""),
        ("failed", RunState.FAILED, ""),
        ("canceled", RunState.CANCELLED, "cancelled on GitLab"),
    ],
)
async def test_whoever_carries_it_out_reports_its_status(gitlab, url, carrier, status, state, note):
    await carrier.start(DEPLOYMENT, order(url))
    gitlab.deployments[41]["status"] = status

    report = await carrier.look(DEPLOYMENT, order(url, reference=REFERENCE))

    assert report == Report(state, note=note, url=f"{url}/harbor/shop/web/-/environments/9")


async def test_what_an_unanswered_deployment_began_is_found_where_it_cannot_be_another(gitlab, url, carrier):
    here = {"environment": "production/eu", "sha": SHA, "status": "running", "created_at": "2026-11-24T12:00:01.5Z"}
    for another in (
        {"sha": OTHER_SHA},
        {"created_at": "2026-11-24T11:58:00.000Z"},
        {"created_at": "2026-11-24T12:58:00.000+01:00"},
        {"created_at": None},
        {"environment": "staging"},
        {"deployable": {"id": 657, "name": "deploy"}},
    ):
        gitlab.register(**here | another)
    assert await carrier.find(DEPLOYMENT, order(url)) is None

    gitlab.register(**here)
    assert (await carrier.find(DEPLOYMENT, order(url))).reference == "gitlab:harbor/shop/web/deployments/47"
    gitlab.register(**here)
    assert await carrier.find(DEPLOYMENT, order(url)) is None


async def test_gitlab_cannot_stop_a_deployment(url, carrier):
    await carrier.start(DEPLOYMENT, order(url))

    assert not await carrier.stop(DEPLOYMENT, order(url, reference=REFERENCE))
