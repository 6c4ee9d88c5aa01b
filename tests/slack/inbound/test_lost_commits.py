"""A commit whose answer was lost is looked for by its gesture: nobody is told that nothing was done where it was."""

import pytest

from bot.slack.inbound import execution
from tests.slack.inbound.edge_world import running


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "SOUGHT", (0.0, 0.0))


async def test_what_was_kept_unseen_is_answered_as_if_it_had_been_seen():
    async with running() as edge:
        edge.unit.unseen = 1
        answer = await edge.slash("/deploy web v1 to staging because it is time")
        assert "('reason', 'it is time')" in answer["text"]
        assert len(edge.used) == 1


async def test_what_was_lost_with_the_connection_is_done_once_more():
    async with running() as edge:
        edge.unit.unseen, edge.unit.vanishes = 1, True
        answer = await edge.slash("/deploy web v1 to staging because it is time")
        assert "('reason', 'it is time')" in answer["text"]
        assert len(edge.used) == 2
        assert edge.unit.opened == 2


async def test_a_database_that_comes_back_in_time_tells_what_became_of_it(monkeypatch: pytest.MonkeyPatch):
    async with running() as edge:
        opening, opened = edge.unit.for_call, []

        def for_call(key):
            opened.append(key)
            edge.unit.away = int(len(opened) == 2)
            return opening(key)

        edge.unit.unseen = 1
        monkeypatch.setattr(edge.unit, "for_call", for_call)
        answer = await edge.slash("/deploy web v1 to staging because it is time")
        assert "('reason', 'it is time')" in answer["text"]
        assert (len(edge.used), len(set(opened)), len(opened)) == (1, 1, 3)


async def test_one_that_stays_away_is_told_as_not_known_and_where_to_look():
    async with running() as edge:
        edge.unit.unseen = 9
        edge.unit.vanishes = True
        answer = await edge.slash("/deploy web v1 to staging")
        assert "I do not know whether it was done" in answer["text"]
        assert "nothing was done" not in answer["text"]
