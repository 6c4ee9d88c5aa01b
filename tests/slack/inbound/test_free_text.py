"""What a direct message means: a command, words for whoever listens, or neither."""

import time

import pytest

from bot.core.team import Rule
from bot.slack.inbound.signature import Recent
from tests.slack.inbound.edge_world import running


async def write(edge, words, **more):
    assert await edge.mention(words, direct=True, **more) == 200
    await edge.settle()


async def test_words_that_are_no_command_go_to_whoever_listens():
    async with running() as edge:
        await write(edge, "dear diary, <@U0TOM> &amp; I shipped it")
        assert edge.used[0].args["text"] == "dear diary, @Tom & I shipped it"
        assert edge.said()[0].startswith("try/heard")
        assert edge.slack.named("chat.postMessage")[0]["channel"] == "D0ANA"


async def test_words_that_mean_nothing_to_anybody_get_help():
    async with running() as edge:
        await write(edge, "good afternoon to all of you")
        assert edge.used == []
        assert "I know no command “good”" in edge.said()[0]
        assert "help" in edge.said()[0]


@pytest.mark.parametrize("words", ["deploy status\ndear diary", "hello dear diary", "deploy nonsense dear diary"])
async def test_lines_greetings_and_what_no_command_understands_are_words(words):
    async with running() as edge:
        await write(edge, words)
        assert [call.args["text"] for call in edge.used] == [words]


async def test_a_command_stays_a_command():
    async with running() as edge:
        await write(edge, "deploy web v1 to production because dear diary")
        assert edge.said()[0].startswith("try/asked")


async def test_a_verb_that_refuses_is_not_taken_for_words():
    async with running() as edge:
        await write(edge, "deploy refuse D-1")
        assert "live already" in edge.said()[0]


async def test_in_a_channel_words_are_not_listened_to():
    async with running() as edge:
        await edge.mention("dear diary")
        await edge.settle()
        assert edge.used == []


async def test_words_that_are_delivered_twice_are_heard_once():
    async with running() as edge:
        await write(edge, "dear diary", ts="1760000009.1")
        edge.edge.doors._handled = Recent(time.monotonic, 600)  # the repeat comes to another process
        await write(edge, "dear diary", ts="1760000009.1", event_ts="1760000010.1")
        assert len(edge.used) == 1
        assert len(edge.said()) == 1


async def test_whoever_may_not_use_the_verb_is_not_heard():
    nobody = (Rule("policy.1", ("deploy.quiet",), (), ("admins",)),)
    async with running(policy=nobody) as edge:
        await write(edge, "dear diary")
        assert edge.used == []
