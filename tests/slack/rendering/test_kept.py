"""A rendering that is kept is shown only as long as it would be made the same way again."""

from datetime import UTC, datetime

from bot.core.flow import Board, Column, Item
from bot.core.messages import Lasting, Rendered
from bot.core.stages import Stage
from bot.slack.rendering import render
from bot.slack.rendering.kept import KEPT
from bot.slack.rendering.render import Rendering

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Called:
    """How people are called, and how many messages were made."""

    def __init__(self, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        self.names = {"U0ANA": "Ana"}
        self.made = 0
        make = render._rendered  # pyright: ignore[reportPrivateUsage]

        def counted(*args) -> Rendered:  # type: ignore[no-untyped-def]
            self.made += 1
            return make(*args)

        monkeypatch.setattr(render, "_rendered", counted)
        self.render = Rendering(names=self.names.get)


def board(title: str = "Faster search", owner: str = "U0ANA") -> Board:
    return Board((Column(Stage.PLAN, 1, (Item("C-1", title, NOON, owner),)),), NOON)


def test_the_same_board_is_made_once(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    called, same = Called(monkeypatch), board()
    first = called.render("flow/board", Lasting(board=same))
    assert called.render("flow/board", Lasting(board=same)) == first
    assert called.made == 1


def test_a_board_that_is_only_equal_or_another_is_made_anew(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    called = Called(monkeypatch)
    called.render("flow/board", Lasting(board=board()))
    called.render("flow/board", Lasting(board=board()))
    assert "Slower search" in str(called.render("flow/board", Lasting(board=board("Slower search"))).blocks)
    assert called.made == 3


def test_a_board_is_made_anew_when_somebody_on_it_is_called_otherwise(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    called, same = Called(monkeypatch), board()
    assert "Ana" in str(called.render("flow/board", Lasting(board=same)).blocks)
    called.names["U0ANA"] = "Anastasia"
    assert "Anastasia" in str(called.render("flow/board", Lasting(board=same)).blocks)
    del called.names["U0ANA"]
    assert "U0ANA" in str(called.render("flow/board", Lasting(board=same)).blocks)


def test_the_same_values_in_another_template_are_another_message(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    called, words = Called(monkeypatch), Lasting(sentence="No.", usage="", help_with="", reference="4f2a")
    refused = called.render("refusals/refusal", words)
    assert called.render("system/broken", words) != refused


def test_what_is_not_said_to_last_is_made_each_time(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    called, same = Called(monkeypatch), board()
    called.render("flow/board", {"board": same})
    called.render("flow/board", {"board": same})
    assert called.made == 2


def test_only_the_newest_are_kept(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    called = Called(monkeypatch)
    boards = [board(f"Change {number}") for number in range(KEPT + 1)]
    for one in (*boards, boards[0]):
        called.render("flow/board", Lasting(board=one))
    assert called.made == KEPT + 2
    called.render("flow/board", Lasting(board=boards[-1]))
    assert called.made == KEPT + 2
