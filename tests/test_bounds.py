"""Bounds on what is read: each stands here with its reason, so that nobody counts the newest of a kind by mistake.

``Work.count`` says how many there are, ``finding.every`` gives all that are so now, ``finding.looking_back`` the newest
ones as far back as is asked for, ``Work.changed`` all of a stretch of time. A bound is right where it is about what is
shown, where no more can be there, or for whether there is any.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

SHOWN = "only so many are shown; a total, where one is said, is counted, and a figure of some says of how many"
NO_MORE = "as many as there can be, or as are asked for, and the rest is read where it is reached"
NEXT = "the newest ones are what is asked for, such as those before this one"

REASONS: dict[str, str] = {
    "bot/flag_serving/flag_book.py Flag MOST_FLAGS": NO_MORE,
    "bot/stages/standup/activity.py Change 30": SHOWN,
    "bot/stages/standup/activity.py PullRequest 20": SHOWN,
    "bot/stages/monitor/cards.py AlertGroup 5": SHOWN,
    "bot/stages/flow/board.py AlertGroup READ": SHOWN,
    "bot/stages/flow/board.py Change SHOWN": SHOWN,
    "bot/stages/flow/board.py Concern READ": SHOWN,
    "bot/stages/flow/board.py Deployment READ": SHOWN,
    "bot/stages/flow/board.py Feedback READ": SHOWN,
    "bot/stages/flow/board.py Incident READ": SHOWN,
    "bot/stages/flow/board.py Release READ": SHOWN,
    "bot/stages/flow/board.py Run READ": SHOWN,
    "bot/stages/deploy/cards.py Flag MOST_FLAGS": NO_MORE,
    "bot/stages/deploy/reported_by_others.py Deployment RECENT": NEXT,
    "bot/core/find_or_refuse.py noun 3": SHOWN,
    "bot/core/find_or_refuse.py noun limit": NO_MORE,
    "bot/core/find_or_refuse.py noun there": NO_MORE,
    "bot/stages/flags/unfinished.py Flag MOST_FLAGS": NO_MORE,
    "bot/stages/flags/places.py Flag MOST_FLAGS": NO_MORE,
    "bot/stages/flags/flags.py Flag MOST_FLAGS": NO_MORE,
    "bot/stages/flow/home.py Change 20": SHOWN,
    "bot/team/oncall/rotations.py Cover 3": SHOWN,
    "bot/stages/standup/plan_day.py Presence len(people) + 1": NO_MORE,
    "bot/stages/release/correct.py Flag MOST_FLAGS": NO_MORE,
    "bot/stages/monitor/route.py AlertGroup usual": NO_MORE,
    "bot/stages/standup/history.py Round limit": SHOWN,
    "bot/stages/standup/answers.py SentPrompt 20": NEXT,
    "bot/stages/monitor/storms.py AlertGroup GROUPS_MAX": SHOWN,
    "commands/deploy/status.py Deployment SHOWN": SHOWN,
    "commands/plan.py Change most": SHOWN,
    "commands/release/notes.py Release SHOWN": SHOWN,
}


def bounded() -> Iterator[str]:
    """Where ``work.find`` has a limit, of what, and which; not where one of them is all that is asked for."""
    for path in sorted(file for folder in ("bot", "commands") for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "work.find" and node.args:
                limits = [ast.unparse(word.value) for word in node.keywords if word.arg == "limit"]
                if limits and limits != ["1"]:
                    yield f"{path.relative_to(ROOT).as_posix()} {ast.unparse(node.args[0])} {limits[0]}"


def test_every_bound_on_what_is_read_stands_here_with_its_reason() -> None:
    assert sorted(set(bounded())) == sorted(REASONS)
