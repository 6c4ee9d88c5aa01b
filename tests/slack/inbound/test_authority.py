"""The authority of a gesture: refused before its words are read, and never an app's in somebody's name."""

from dataclasses import replace

import pytest

from bot import discovery
from bot.core.command import Door
from bot.core.refusals import NotAllowed
from bot.core.team import Rule
from bot.slack.grammar import Book
from bot.slack.inbound import gestures
from bot.slack.inbound.admission import must_be_their_own
from tests.fakes import ANA, GUS, PEOPLE, TOM
from tests.slack.inbound.edge_world import running

APP = {"bot_id": "B0OTHER"}
LONG = "add x " + "by y " * 2_000
BOOK = Book(discovery.commands())
ASKS = {"deploy", "plan.add", "code.blocker", "code.idea", "manage.concern", "manage.feedback"}


def unread(monkeypatch):
    """Fail the test where any text is parsed."""

    def parse(*_):
        raise AssertionError("the text was read before the policy was asked")

    monkeypatch.setattr(Book, "understand", parse)
    monkeypatch.setattr(Book, "understand_mention", parse)
    monkeypatch.setattr("bot.slack.inbound.run_verb.modals.read", parse)


@pytest.mark.parametrize("who", [GUS.id, "U9STRANGER"])
async def test_the_words_of_whoever_may_do_nothing_are_not_read(who, monkeypatch):
    async with running() as edge:
        unread(monkeypatch)
        assert "Ask a member to do it" in (await edge.slash(f"/plan {LONG}", by=who))["text"]
        await edge.mention(f"plan {LONG}", by=who)
        await edge.mention(LONG, by=who, direct=True, ts="1760000009.000100")
        await edge.press("deploy.approve", "D-1", by=who)
        await edge.settle()
        assert len(edge.said()) == 3
        assert all("Ask a member to do it" in text for text in edge.said())
        assert edge.unit.opened == 0


async def test_a_member_whom_the_rules_of_the_verb_leave_out_is_refused_unread(monkeypatch):
    async with running(policy=(Rule("policy.1", ("plan.add",), (), ("admins",)),)) as edge:
        unread(monkeypatch)
        assert "plan.add is for admins" in (await edge.slash(f"/plan {LONG}"))["text"]


async def test_a_guest_reads_help_and_types_what_a_rule_gives_to_them():
    async with running(policy=(Rule("policy.1", ("deploy.status",), (), ("guests",)),)) as edge:
        assert "try/status" in (await edge.slash("/deploy status", by=GUS.id))["text"]
        assert "deploy status" in str(await edge.slash("/deploy help", by=GUS.id))
        assert "you are a guest" in (await edge.slash("/deploy quiet", by=GUS.id))["text"]
        assert "you are a guest" in (await edge.slash("/plan add x", by=GUS.id))["text"]


@pytest.mark.parametrize("mark", [{"bot_id": "B0OTHER"}, {"app_id": "A0OTHER"}, {"bot_profile": {"id": "B0OTHER"}}])
async def test_a_vote_that_an_app_writes_in_somebodys_name_does_not_count(mark):
    async with running() as edge:
        await edge.mention("deploy approve D-1", **mark)
        await edge.settle()
        assert edge.used == []
        (told,) = edge.slack.named("chat.postEphemeral")
        assert told["user"] == "U0ANA"
        assert "An app wrote this in your name, and deploy.approve needs a gesture of your own" in told["text"]


async def test_an_app_may_read_and_is_told_nothing_where_others_could_answer():
    async with running() as edge:
        await edge.mention("deploy status", **APP)
        await edge.settle()
        assert [name for name, _ in edge.slack.calls] == ["chat.postEphemeral"]


async def test_an_app_in_somebodys_name_answers_nothing_that_they_were_asked():
    async with running() as edge:
        await edge.mention("dear diary", direct=True, **APP)
        await edge.settle()
        assert edge.used == []


async def test_an_app_as_itself_may_what_a_rule_gives_to_it():
    robot = replace(TOM, id="U0ROBOT", name="Robot", is_bot=True)
    rules = (Rule("policy.1", ("deploy.approve",), (), ("everyone",)),)
    async with running(people=(*PEOPLE, robot), policy=rules) as edge:
        await edge.mention("deploy approve D-1", by=robot.id, **APP)
        await edge.settle()
        assert [call.by for call in edge.used] == [robot]
        assert edge.slack.calls == []


@pytest.mark.parametrize("verb", BOOK.verbs.values(), ids=lambda verb: verb.action)
def test_in_somebodys_name_an_app_reads_and_asks_and_does_nothing_else(verb):
    event = {"type": "app_mention", "user": ANA.id, "channel": "C1", "ts": "1.0", "text": "x", **APP}
    gesture = gestures.of_message(event, "U0BELLS")
    assert gesture is not None
    assert gesture.door is Door.MENTION
    if verb.reads_only or verb.action in ASKS:
        must_be_their_own(verb, gesture, ANA)
    else:
        with pytest.raises(NotAllowed, match="in your name"):
            must_be_their_own(verb, gesture, ANA)
    assert verb.by_app == (verb.action in ASKS)


async def test_a_select_offers_the_services_and_environments_that_the_verb_is_allowed_for():
    rules = (
        Rule("policy.1", ("deploy",), (), ("owners",)),
        Rule("policy.2", ("deploy",), ("staging",), ("admins",)),
    )
    async with running(policy=rules) as edge:
        asked = {"type": "block_suggestion", "value": "", "view": {"callback_id": "deploy"}}

        async def offered(kind, by):
            ack = await edge.interact(asked | {"action_id": kind, "block_id": kind}, by=by)
            return [option["value"] for option in ack["options"]]

        assert await offered("service", ANA.id) == ["web"]
        assert await offered("environment", ANA.id) == ["production"]
        assert await offered("service", TOM.id) == []
        assert await offered("service", GUS.id) == []
        assert await edge.interact({"type": "block_suggestion", "action_id": "service"}) == {"options": []}
