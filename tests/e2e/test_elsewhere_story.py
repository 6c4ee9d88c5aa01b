"""Deployments that somebody else carries out: asked for from Slack, followed in the channel, told by others."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.e2e.conftest import OpenSite, Sit
from tests.e2e.deployers import RUN_URL, Elsewhere, elsewhere
from tests.e2e.desk import SHORT, Desk
from tests.e2e.product import HOOK_SECRETS, Json, Trial, eventually, is_asked_for, trying
from tests.needs import needs
from tests.vendors.targets.orders import GITHUB_TOKEN

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("git")]

LOOK_SECONDS = 16  # later than the next look at a run elsewhere, in its first ten minutes
LIMIT_SECONDS = 10 * 60 + 1  # what the team file gives a run
GRACE_SECONDS = 2 * 60 + 1  # and what the bot then gives whoever was told to stop


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def there() -> AsyncIterator[Elsewhere]:
    async with elsewhere() as standing:
        yield standing


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trial(there: Elsewhere, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    """``eightbells try`` whose services are deployed elsewhere."""
    folder = tmp_path_factory.mktemp("trial")
    there.write_team_file(folder / "try")
    async with trying(folder, "--with-tokens", GITHUB_TOKENS=f"{there.github_url}={GITHUB_TOKEN}") as running:
        there.deployer.secret = running.secrets["deploys"]
        there.deployer.hook = f"{running.bot_url}/hooks/deploys"
        yield running


async def later(trial: Trial, seconds: float) -> None:
    """Move the clock of workspace and bot."""
    await trial.play.ask("clock", {"advance_seconds": seconds})


async def approved(asker: Desk, by: Desk, what: str) -> tuple[Locator, str]:
    """Somebody asks for it, somebody else says yes; the card, and the deployment's id."""
    service, version, _, environment = what.split()
    await asker.write(f"/deploy {what}")
    waiting = await by.see(f"Waiting for approval · {service} {version} → {environment}")
    id = (await waiting.inner_text()).rpartition("D-")[2].split()[0]
    await by.press(waiting, f"Approve {service} {version}")
    return by.card(f"D-{id} ·", f"asked by {SHORT[asker.who]}"), f"D-{id}"


@needs("chromium")
async def test_a_deployer_is_asked_by_a_signed_request_and_tells_how_it_goes(
    sit: Sit, trial: Trial, there: Elsewhere
) -> None:
    luis, mei = await sit("U0LUIS"), await sit("U0MEI")
    deployer = there.deployer
    card, id = await approved(luis, mei, "payments v2.8.1 to production")
    await expect(card).to_contain_text("Queued · payments v2.8.1 → production")
    await expect(card.get_by_role("link", name="127.0.0.1")).to_have_attribute("href", RUN_URL)
    (asked,) = deployer.asked
    assert asked | {"sha": ""} == {
        "deployment": f"{id}/1",
        "service": "payments",
        "version": "v2.8.1",
        "environment": "production",
        "sha": "",
        "ring": "first",
        "callback": deployer.hook,
    }
    assert len(asked["sha"]) == 40

    # What is signed with another secret is nobody's word; what is signed with ours counts once.
    assert await deployer.report(f"{id}/1", "failed", signed_by="somebody's own secret") == 401
    for _ in range(2):
        assert await deployer.report(f"{id}/1", "running", note="2 of 4 machines") == 202
    await expect(card).to_contain_text("Running · payments v2.8.1 → production")
    await expect(card).to_contain_text("2 of 4 machines")
    await mei.open_thread(card)
    await expect(mei.thread.last).to_contain_text("2 of 4 machines")
    for _ in range(2):
        assert await deployer.report(f"{id}/1", "succeeded", log=["4/4 machines switched"]) == 202
    await expect(card).to_contain_text("Live · payments v2.8.1 → production")
    await expect(mei.thread.last).to_contain_text("4/4 machines switched")
    await luis.see("Live · payments v2.8.1 → production", "asked by Luis, approved by Mei")

    # It says otherwise afterwards: a person is told, and what is known of the end stays.
    assert await deployer.report(f"{id}/1", "failed", note="4 of 4 machines went away") == 202
    await expect(mei.thread.last).to_contain_text("says now that it failed (4 of 4 machines went away)")
    await expect(card).to_contain_text("Live · payments v2.8.1 → production")
    assert len(deployer.asked) == 1
    assert await said_once(trial, id) == {"card", "run", "contradicted", "ended"}


@needs("chromium")
async def test_what_fails_shows_why_and_its_log_and_its_retry_is_another_run_that_can_be_stopped(
    sit: Sit, trial: Trial, there: Elsewhere
) -> None:
    luis, mei = await sit("U0LUIS"), await sit("U0MEI")
    deployer = there.deployer
    card, id = await approved(luis, mei, "payments main to production")
    await expect(card).to_contain_text("Queued · payments main")
    log = ["3/4 machines switched", "4/4: GET /health: connection refused"]
    await deployer.report(f"{id}/1", "failed", note="machine 4 does not answer", log=log)
    await expect(card).to_contain_text("Failed · payments main → production")
    await expect(card).to_contain_text("machine 4 does not answer")
    await expect(card).to_contain_text("4/4: GET /health: connection refused")
    await luis.see("Failed · payments main → production · machine 4 does not answer", "@Luis Ortega")

    # Its second run is stopped; what the first one still says is not about it.
    await luis.press(luis.card(f"{id} ·", "asked by Luis"), "Retry payments main")
    await expect(card).to_contain_text("run 2")
    await expect(card).to_contain_text("Queued · payments main")
    await deployer.report(f"{id}/2", "running")
    await expect(card).to_contain_text("Running · payments main")
    await luis.press(luis.card(f"{id} ·", "asked by Luis"), "Stop payments main", sure=True)
    await expect(card).to_contain_text("Stopping · payments main")
    await expect(card).to_contain_text("cannot be stopped from here")
    await deployer.report(f"{id}/1", "succeeded")
    await deployer.report(f"{id}/2", "cancelled")
    await expect(card).to_contain_text("Failed · payments main → production")
    await expect(card).to_contain_text("Stopped by Luis")
    assert [asked["deployment"] for asked in deployer.asked if asked["deployment"].startswith(f"{id}/")] == [
        f"{id}/1",
        f"{id}/2",
    ]


@needs("chromium")
async def test_a_deployer_that_never_tells_is_asked_about_and_may_still_tell(
    sit: Sit, trial: Trial, there: Elsewhere
) -> None:
    luis, mei = await sit("U0LUIS"), await sit("U0MEI")
    card, id = await approved(luis, mei, "payments v2.8.0 to production")
    await expect(card).to_contain_text("Queued · payments v2.8.0")
    await later(trial, LIMIT_SECONDS)
    await expect(card).to_contain_text("127.0.0.1 cannot be stopped from here")
    await later(trial, GRACE_SECONDS)
    await expect(card).to_contain_text("No word of its end · payments v2.8.0")
    await expect(card.get_by_role("button", name="It is live")).to_be_visible()
    await mei.open_thread(card)
    await expect(mei.thread.last).to_contain_text("has not told me")
    await expect(mei.thread.last).to_contain_text("@Luis Ortega, look whether payments v2.8.0 is live")

    await there.deployer.report(f"{id}/1", "timed_out", note="no place for it in an hour")
    await expect(card).to_contain_text("Timed out · payments v2.8.0 → production")
    await expect(card.get_by_role("button", name="It is live")).to_have_count(0)


@needs("chromium")
async def test_a_workflow_on_github_is_followed_by_looking_and_stopped_from_slack(
    sit: Sit, trial: Trial, there: Elsewhere
) -> None:
    tom, mei = await sit("U0TOM"), await sit("U0MEI")
    github = there.github
    card, id = await approved(tom, mei, "web v1.4.0 to production")
    await expect(card).to_contain_text("Queued · web v1.4.0 → production")
    (run,) = github.runs.values()
    assert github.dispatched[0]["inputs"] == {
        "version": "v1.4.0",
        "environment": "production",
        "deployment": f"{id}/1",
    }
    await expect(card.get_by_role("link", name="GitHub Actions")).to_have_attribute("href", run["html_url"])

    github.pending = ["production"]
    run["status"] = "waiting"
    await later(trial, LOOK_SECONDS)
    await expect(card).to_contain_text("waits for a reviewer of production on GitHub")
    run["status"] = "in_progress"
    await later(trial, LOOK_SECONDS)
    await expect(card).to_contain_text("Running · web v1.4.0 → production")
    await mei.open_thread(card)
    await expect(mei.thread.last).to_contain_text("Running")
    run |= {"status": "completed", "conclusion": "success"}
    await later(trial, LOOK_SECONDS)
    await expect(card).to_contain_text("Live · web v1.4.0 → production")
    await expect(mei.thread.last).to_contain_text("Done")

    # The next one fails, and its log is fetched from there; the one after it is stopped.
    card, id = await approved(tom, mei, "web main to production")
    await expect(card).to_contain_text("Queued · web main")
    github.runs[max(github.runs)] |= {"status": "completed", "conclusion": "failure"}
    await later(trial, LOOK_SECONDS)
    await expect(card).to_contain_text("deploy (Roll out); smoke failed")
    await expect(card).to_contain_text("step 59")
    theirs = tom.card(f"{id} ·", "asked by Tom")
    await tom.press(theirs, "Retry web main")
    await expect(theirs).to_contain_text("Queued · web main")
    await tom.press(theirs, "Stop web main", sure=True)
    await eventually("it is told to stop", partial(is_cancelled, github.runs[max(github.runs)]))
    await later(trial, LOOK_SECONDS)
    await expect(theirs).to_contain_text("Stopped by Tom")
    assert [one["inputs"]["deployment"] for one in github.dispatched[1:]] == [f"{id}/1", f"{id}/2"]


@needs("chromium")
async def test_what_github_reports_has_a_card_and_what_gitlab_says_of_the_same_commit_is_no_news(
    sit: Sit, trial: Trial
) -> None:
    ana = await sit("U0ANA")
    await ana.happen("GitHub is asked to deploy v1.4.0 to staging")
    await ana.happen("GitHub deploys v1.4.0 to staging")
    card = await ana.see("Live · web v1.4.0 → staging", "reported by GitHub, by Ana")
    await expect(card).to_contain_text("Nobody asked me for it")
    await ana.write("/deploy status web")
    await ana.told("web in staging: v1.4.0")
    await ana.happen("GitLab deploys v1.4.0 to staging")
    await ana.happen("HighErrorRate fires in three places")  # comes after it, and is seen
    await (await sit("U0MEI", "alerts")).see("HighErrorRate", "Firing")
    await expect(ana.card("web v1.4.0 → staging")).to_have_count(1)


async def test_killed_after_it_has_asked_the_bot_follows_to_the_end_and_asks_nobody_twice(
    open_site: OpenSite,
) -> None:
    site = await open_site()
    async with elsewhere() as there:
        there.write_team_file(site.folder / "demo")
        there.deployer.secret, there.deployer.hook = HOOK_SECRETS["deploys"], f"{site.bot_url}/hooks/deploys"
        bot = await site.start(GITHUB_TOKENS=f"{there.github_url}={GITHUB_TOKEN}")
        started = {"deployer": there.deployer.asked, "github": there.github.dispatched}

        # Both have begun, and their answers never arrive.
        there.answers.clear()
        for who, what in (("U0LUIS", "payments v2.8.1 to staging"), ("U0TOM", "web v1.4.0 to staging")):
            await eventually(f"{what} is asked for", partial(is_asked_for, site, who, what))
        await eventually("both are asked", partial(both, started))
        bot.kill()
        there.answers.set()
        bot = await site.start(GITHUB_TOKENS=f"{there.github_url}={GITHUB_TOKEN}")
        assert await there.deployer.report(started["deployer"][0]["deployment"], "succeeded") == 202
        await site.play.said("Live · payments v2.8.1 → staging", "Asked by Luis")
        # The run on GitHub is found by its name.
        (run,) = there.github.runs.values()
        run |= {"status": "completed", "conclusion": "success"}
        await site.play.said("Live · web v1.4.0 → staging", "Asked by Tom")

        # The next ones are taken, and end while nobody listens.
        await eventually("it is asked for", partial(is_asked_for, site, "U0TOM", "web main to staging"))
        await site.play.said("Queued · web main → staging", "Asked by Tom")
        bot.kill()
        there.github.runs[max(there.github.runs)] |= {"status": "completed", "conclusion": "failure"}
        bot = await site.start(GITHUB_TOKENS=f"{there.github_url}={GITHUB_TOKEN}")
        await site.play.said("Failed · web main → staging", "Asked by Tom")

        assert [len(asked) for asked in started.values()] == [1, 2]
        keys = Counter(m["metadata"]["event_payload"]["key"] for m in await site.play.messages())
        assert [key for key, count in keys.items() if count > 1] == []
        assert await bot.stop() == 0, bot.said
        status, said = await site.eightbells("audit")
        assert status == 0, said


async def is_cancelled(run: Json) -> bool:
    """Whether somebody cancelled it."""
    return run["conclusion"] == "cancelled"


async def both(started: dict[str, list[Json]]) -> bool:
    """Whether everybody was asked for something."""
    return all(started.values())


async def said_once(trial: Trial, id: str) -> set[str]:
    """What kinds of messages the bot has posted of this deployment in its channel, none of them twice."""
    told = [m["metadata"]["event_payload"]["key"] for m in await trial.play.messages("C0DEPLOYS")]
    ours = [key for key in told if id in key.replace("/", ":").split(":")]
    assert max(Counter(ours).values()) == 1, ours
    kinds = ("run", "contradicted", "ended")
    return {next((kind for kind in kinds if kind in key.split(":")), "card") for key in ours}
