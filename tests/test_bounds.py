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
    "bot/runtime/flag_book.py Flag MOST_FLAGS": NO_MORE,
    "bot/workflows/activity.py Change 30": SHOWN,
    "bot/workflows/activity.py PullRequest 20": SHOWN,
    "bot/workflows/alert_news.py AlertGroup 5": SHOWN,
    "bot/workflows/board.py AlertGroup READ": SHOWN,
    "bot/workflows/board.py Change SHOWN": SHOWN,
    "bot/workflows/board.py Concern READ": SHOWN,
    "bot/workflows/board.py Deployment READ": SHOWN,
    "bot/workflows/board.py Feedback READ": SHOWN,
    "bot/workflows/board.py Incident READ": SHOWN,
    "bot/workflows/board.py Release READ": SHOWN,
    "bot/workflows/board.py Run READ": SHOWN,
    "bot/workflows/deploy_news.py Flag MOST_FLAGS": NO_MORE,
    "bot/workflows/deploy_reports.py Deployment RECENT": NEXT,
    "bot/workflows/finding.py noun 3": SHOWN,
    "bot/workflows/finding.py noun limit": NO_MORE,
    "bot/workflows/finding.py noun there": NO_MORE,
    "bot/workflows/flag_ends.py Flag MOST_FLAGS": NO_MORE,
    "bot/workflows/flag_places.py Flag MOST_FLAGS": NO_MORE,
    "bot/workflows/flags.py Flag MOST_FLAGS": NO_MORE,
    "bot/workflows/home.py Change 20": SHOWN,
    "bot/workflows/oncall.py Cover 3": SHOWN,
    "bot/workflows/planning.py Presence len(people) + 1": NO_MORE,
    "bot/workflows/release_corrections.py Flag MOST_FLAGS": NO_MORE,
    "bot/workflows/routing.py AlertGroup usual": NO_MORE,
    "bot/workflows/standup_history.py Round limit": SHOWN,
    "bot/workflows/standups.py SentPrompt 20": NEXT,
    "bot/workflows/storms.py AlertGroup GROUPS_MAX": SHOWN,
    "commands/deploy/looking.py Deployment SHOWN": SHOWN,
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
