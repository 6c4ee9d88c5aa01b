"""Examples of the board, the passport, loose ends, the Home tab, builds and tests."""

from dataclasses import replace
from datetime import date, timedelta

from bot.core.dead_letters import DeadLetter, LetterKind
from bot.core.events import RunState
from bot.core.flow import Board, Column, Item, LooseEnd, Passport, Step
from bot.core.stages import Stage
from bot.stages.build.model.run import Purpose, Run
from bot.stages.flow.home import HomeView, Waiting
from bot.stages.plan.model.change import Change
from tests.example_team import ANA, NOON

HOUR = timedelta(hours=1)

CHANGE = Change(
    id="C-41",
    title="Faster checkout",
    created_by="U0ANA",
    created_at=NOON,
    benefit="checkout drop-off 31 % → 25 %",
    owner_id="U0ANA",
    due=date(2026, 12, 31),
    stage=Stage.DEPLOY,
)
RUN = Run(
    id="harbor/web/1",
    purpose=Purpose.BUILD,
    repository="harbor/web",
    service="web",
    name="build",
    number=37,
    attempt=1,
    branch="main",
    sha="9f3c2a1b7d5e4c60812f3a94b6d7e8f901a2b3c4",
    state=RunState.PASSED,
    changed_at=NOON + 4 * HOUR / 60,
    started_at=NOON,
    url="https://github.com/harbor/web/actions/runs/1",
    actor="ana-b",
    title="Faster checkout (C-41)",
)
FAILED = replace(RUN, number=38, state=RunState.FAILED, title="Round prices in yen", attempt=2)
RUNNING = replace(RUN, number=39, state=RunState.RUNNING)
TESTED = replace(RUN, purpose=Purpose.TEST, name="tests", number=112)


def _items(count: int) -> tuple[Item, ...]:
    return tuple(Item(f"C-{n}", f"Change number {n}", NOON, "U0TOM", "by 31 Dec") for n in range(1, count + 1))


BOARD = Board(
    tuple(
        Column(stage, count, _items(min(count, 3)))
        for stage, count in zip(Stage, (14, 6, 2, 0, 1, 1, 0, 4), strict=True)
    ),
    NOON,
)
EMPTY = Board(tuple(Column(stage, 0, ()) for stage in Stage), NOON)
ENDS = [
    LooseEnd("lock", "L-3", "lock on web in production (migration runs)", "U0ANA", NOON, NOON + 4 * HOUR),
    LooseEnd("blocker", "B-7", "blocked: staging database is read-only", "U0MEI", NOON - 24 * HOUR),
]
STEPS = (
    Step(Stage.PLAN, "planned", NOON - 480 * HOUR, "U0ANA"),
    Step(Stage.CODE, "pr merged web#801", NOON - 240 * HOUR, "U0ANA"),
    Step(Stage.CODE, "commit pushed", NOON - 240 * HOUR, "U0ANA", 5),
    Step(Stage.TEST, "testrun passed", NOON - 200 * HOUR, "github"),
    Step(Stage.DEPLOY, "deployment succeeded web v1.4.0 in production", NOON, "U0TOM"),
)
PASSPORT = Passport(
    "C-41 Faster checkout", "live in production", ("web#801", "9f3c2a1", "web v1.4.0"), STEPS, CHANGE
)
VIEW = HomeView(
    waiting=(
        Waiting("web v1.4.0 to production", "Approve web v1.4.0", "deploy.approve", "D-12", NOON + HOUR),
        Waiting("Stand-up Tue 24 Nov", "Answer the stand-up", "standup.answer", "S-4", NOON + 3 * HOUR),
    ),
    mine=(CHANGE,),
    blocked=frozenset({"C-41"}),
    board=BOARD,
    loose_ends=tuple(ENDS),
    dead_letters=(
        DeadLetter(LetterKind.MESSAGE, "deployment:D-12", "deploy/card to #deploys", "not_in_channel", NOON),
    ),
    dead=1,
    is_admin=True,
)
GUEST = HomeView(
    (Waiting("Stand-up Tue 24 Nov", "Answer the stand-up", "standup.answer", "S-4", NOON + 3 * HOUR, may=False),),
    (),
    frozenset(),
    None,
    (),
    (),
    0,
    is_admin=False,
)
QUIET = HomeView((), (), frozenset(), EMPTY, (), (), 0, ANA.is_admin)

CONTEXTS = {
    "build/run": {"run": RUN, "previous": None},
    "build/run#running": {"run": RUNNING, "previous": RUN},
    "build/run#broke": {"run": FAILED, "previous": RUN},
    "build/run#mended": {"run": RUN, "previous": FAILED},
    "build/last": {"runs": [RUN, FAILED], "service": None},
    "build/last#none": {"runs": [], "service": "web"},
    "test/last": {"runs": [TESTED], "service": "web"},
    "test/last#none": {"runs": [], "service": None},
    "flow/board": {"board": BOARD},
    "flow/board#empty": {"board": EMPTY},
    "where/passport": {"passport": PASSPORT},
    "where/passport#commit": {
        "passport": replace(PASSPORT, title="9f3c2a1", state="in test", names=(), change=None)
    },
    "loose-ends/list": {"mine": ENDS[:1], "others": ENDS[1:]},
    "loose-ends/list#none": {"mine": [], "others": []},
    "loose-ends/revived": {"kind": "message", "letter": "deployment:D-12"},
    "home/tab": {"view": VIEW},
    "home/tab#quiet": {"view": QUIET},
    "home/tab#guest": {"view": GUEST},
}
