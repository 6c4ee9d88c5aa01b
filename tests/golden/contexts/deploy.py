"""Examples of deployments: asked for, decided, run, interrupted, rolled back; locks; what is live where."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.approvals import Decision
from bot.core.events import DeploymentReported, RunState
from bot.core.people import Person
from bot.core.team import Environment
from bot.stages.build.model.run import Purpose, Run
from bot.stages.deploy.model.changes_shipped import ShippedCommit, Ships, Version
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.moved import rebound, sent_back
from bot.stages.deploy.model.mute import LiveNews
from bot.stages.deploy.model.obstacles import Checks, Freeze, Kind, Obstacle
from bot.stages.deploy.model.ports import Finished, Report
from bot.stages.deploy.model.reported_by_others import reported
from bot.stages.deploy.model.run_elsewhere import Carried
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.model.surroundings import Level, Picture, Risk
from bot.stages.deploy.model.why_not import Reason
from bot.stages.deploy.overviews import Concerned, Place, Queue, Who
from bot.stages.manage.model.delivery_metrics import Delivery
from bot.stages.manage.model.feedback import Feedback
from bot.stages.monitor.model.alert_group import Alert, AlertGroup
from bot.stages.monitor.model.suspect import FailureRate
from bot.stages.plan.model.change import Change
from bot.team.environments.model.lock import Lock, LockKind


def _run(name: str, state: RunState) -> Run:
    sha = "9f3c2a1" + "0" * 33
    return Run(f"org/web/{name}", Purpose.of(name), "org/web", "web", name, 7, 1, "main", sha, state, AT)


AT = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA, TOM, LUIS, MEI = (Person(f"U0{name.upper()}", name) for name in ("Ana", "Tom", "Luis", "Mei"))
OLD = Version("v1.3.9", "b" * 40, "D-9", AT - timedelta(days=2))

SHIPS = Ships(
    7,
    (
        ShippedCommit("9f3c2a1" + "0" * 33, "feat(checkout): pay in one step (#809)", "Tom Baker"),
        ShippedCommit("4c1d0e2" + "0" * 33, "fix: <!channel> round yen & won half up (#812)", "Yuki Sato"),
    ),
    ("Ana", "Tom", "Mei"),
    ("C-41", "C-52"),
    (809, 812),
    since="v1.3.9",
)
CHANGES = [
    Change(title="Faster checkout", created_by="U0ANA", created_at=AT, id="C-41"),
    Change(title="Fix rounding", created_by="U0YUKI", created_at=AT, id="C-52"),
]
PRODUCTION = Environment("production", 1, approvals=2, expires_after=timedelta(hours=2))
WAITING = replace(
    Deployment.ask(
        "web",
        "v1.4.0",
        PRODUCTION,
        TOM,
        AT,
        sha="9f3c2a1" + "0" * 33,
        because="the sale starts tomorrow",
        ships=SHIPS,
        before=OLD,
    ),
    id="D-12",
)
FIX = WAITING.override(
    Environment("production", approvals=1), TOM, AT, because="it fixes INC-7", fixes="INC-7", not_by="U0MEI"
)
ROLLBACK_ASKED = replace(
    WAITING, id="D-13", version="v1.3.9", because="", rolls_back="D-12", unapproved="GitHub reported it"
)
HALF = WAITING.decide(Decision.APPROVE, ANA, AT + timedelta(minutes=22))
QUEUED = HALF.decide(Decision.APPROVE, LUIS, AT + timedelta(minutes=25))
SENT_BACK = sent_back(QUEUED, "4c1d0e2" + "0" * 33, SHIPS, PRODUCTION, AT + timedelta(minutes=40))
UNSEEN = replace(QUEUED, note="I cannot see whether v1.4.0 is still 9f3c2a1: GitHub did not answer within 15 s")
RUNNING = QUEUED.start(AT + timedelta(minutes=25), OLD)
ENDED = AT + timedelta(minutes=29, seconds=12)
LIVE = RUNNING.finish(1, Finished(0), ["done"], ENDED)
LINES = ["[5/8] migrate: adds orders.currency", "[6/8] switch traffic", "error: <health check> & 3 of 5 pods"]
FAILED = RUNNING.finish(1, Finished(3), LINES, ENDED)
ELSEWHERE = QUEUED.start(AT + timedelta(minutes=25), OLD, Carried("GitHub Actions"))
RUN_URL = "https://github.com/org/web/actions/runs/9100000007"
TAKEN = ELSEWHERE.carry(1, Carried("GitHub Actions", RUN_URL, is_taken=True), AT, "github:org/web/runs/9100000007")
GOES_ON = TAKEN.carry(1, replace(TAKEN.carried, is_queued=False, note="deploy: switch <traffic>"), AT)
BROKEN_THERE = GOES_ON.finish(1, Finished(None, note="job deploy failed at “smoke & test”"), LINES, ENDED)
LATE_THERE = GOES_ON.finish(1, Finished(None, timed_out=True), [], ENDED)
STAYS = TAKEN.carry(1, GOES_ON.carried.told_to_stop("GitHub Actions cannot be stopped from here", ENDED), ENDED)
SILENT = ELSEWHERE.carry(
    1, replace(ELSEWHERE.carried, by="deployer.example.com", note="deployer.example.com has not told me"), AT
).lose(AT + timedelta(hours=1))
TOLD = reported(
    DeploymentReported("argocd", "org/web", "web@1", "production", RunState.PASSED, "a" * 40, "v1.4.2", "", ENDED),
    "web",
    "production",
    OLD,
    "",
    "argocd:web@1",
)
TOLD = replace(TOLD, id="D-15")
LOST = RUNNING.lose(AT + timedelta(minutes=40))
LOCK = replace(
    Lock.place("production", MEI, AT, until=AT + timedelta(hours=3), reason="database upgrade"), id="L-3"
)
PICTURE = Picture(
    Checks.of([_run("ci", RunState.PASSED), _run("e2e", RunState.PASSED), _run("lint", RunState.PASSED)]),
    OLD,
    before="staging",
    ran_since=AT - timedelta(hours=3),
)
HOLDS = (
    Obstacle(Kind.CHECKS, "environments.production.checks", "e2e did not pass", stops_votes=True),
    Obstacle(
        Kind.FREEZE,
        "environments.production.freezes (weekend)",
        "production is frozen (weekend)",
        AT + timedelta(hours=52),
        stops_votes=True,
        key="weekend",
    ),
    Obstacle(
        Kind.INCIDENT,
        "environments.production.incidents",
        "INC-7 Slow <checkout> is open (major)",
        is_warning=True,
    ),
)
STOPPED = replace(
    PICTURE,
    checks=Checks.of([_run("ci", RunState.PASSED), _run("e2e", RunState.FAILED)], ["ci", "e2e", "security"]),
    obstacles=HOLDS,
    incidents=("INC-7 Slow <checkout>",),
    on_call=("U0MEI",),
    risk=Risk(Level.HIGH, ("migration", "1 of 2 checks red", "open incident")),
)
FREEZE = replace(
    Lock.place(
        "production", MEI, AT, until=AT + timedelta(days=3), reason="audit <of> the ledger", kind=LockKind.FREEZE
    ),
    id="L-4",
)
STOLEN = replace(
    Lock.place("production", ANA, AT, until=LOCK.until, reason="the fix for INC-7 cannot wait", stolen_from="Mei"),
    id="L-5",
)
BARE = replace(
    WAITING, ships=Ships(), sha=None, because="", before=None, state=State.WAITING, id="D-1", service="payments"
)


DELIVERY = Delivery(timedelta(days=30), 34, 2, timedelta(hours=26), FailureRate(34, 3), timedelta(minutes=41))
NOTHING = Delivery(timedelta(days=30), 0, 0, None, FailureRate(0, 0), None)
REMARK = replace(
    Feedback.file("paying <takes> too long", TOM, AT, service="web", from_whom="a shop in Osaka"),
    id="F-3",
    change_id="C-41",
)


def _alert(name: str) -> Alert:
    return Alert(name, {"alertname": name}, {}, AT)


MIGRATING = replace(SHIPS, migrations=("db/migrations/0041_currency.sql", "db/migrations/0042_<index>.sql"))


def _card(deployment: Deployment, **more: object) -> dict[str, object]:
    given: dict[str, object] = {
        "deployment": deployment,
        "changes": CHANGES,
        "ahead": None,
        "picture": None,
        "can_retry": False,
        "back_to": None,
        "alerts": [],
        "replaced_by": None,
        "tickets": [],
        "bound": f"{deployment.bound}.r0" if deployment.sha else deployment.bound,
    }
    return given | more


def _asked(deployment: Deployment, checks: Checks | None = None, user: str = "U0ANA") -> dict[str, object]:
    bound = deployment.bound_with(checks.failed if checks else None)
    return {"deployment": deployment, "user": user, "checks": checks, "bound": bound}


CONTEXTS = {
    "deploy/card": _card(HALF, picture=PICTURE),
    "deploy/card#stopped": _card(replace(WAITING, ships=MIGRATING, fixes="INC-7"), picture=STOPPED),
    "deploy/card#hidden": _card(
        HALF,
        picture=replace(
            PICTURE,
            flags=("checkout_v2 off", "new_nav 10 %", "<!here>-flag on for country = DE", "d 1 %", "e 2 %"),
        ),
    ),
    "deploy/card#tickets": _card(
        replace(WAITING, ships=replace(SHIPS, tickets=("PAY-123", "WEB-9", *(f"PAY-{n}" for n in range(1, 9))))),
        tickets=[("PAY-123", "https://jira.example.com/browse/PAY-123"), ("WEB-9", "")],
    ),
    "deploy/card#moved": _card(rebound(HALF, "4c1d0e2" + "0" * 33, SHIPS, AT), picture=PICTURE),
    "deploy/card#image-moved": _card(
        rebound(replace(HALF, artifact="sha256:" + "1b2c" * 16), HALF.sha, SHIPS, AT, "sha256:" + "9f8e" * 16),
        picture=PICTURE,
    ),
    "deploy/card#override": _card(
        WAITING.override(
            Environment("production", approvals=1), TOM, AT, overrides="weekend", because="the sale starts"
        ),
        picture=PICTURE,
    ),
    "deploy/card#fix": _card(FIX, picture=replace(PICTURE, passes=HOLDS[1:2])),
    "deploy/card#fix-of-what-is-over": _card(
        FIX, picture=replace(PICTURE, obstacles=HOLDS[1:2], fixes_nothing=True)
    ),
    "deploy/asked": _asked(WAITING, STOPPED.checks),
    "deploy/asked#fix": _asked(FIX),
    "deploy/card#through-app": _card(replace(WAITING, through_app=True), picture=PICTURE),
    "deploy/asked#through-app": _asked(replace(WAITING, through_app=True)),
    "deploy/card#rollback-asked": _card(ROLLBACK_ASKED, picture=PICTURE),
    "deploy/asked#rollback": _asked(ROLLBACK_ASKED),
    "deploy/asked#unchecked": _asked(WAITING, Checks()),
    "deploy/asked#answered": _asked(HALF),
    "deploy/asked#elsewhere": _asked(LIVE, user="U0MEI"),
    "deploy/asked#refused": _asked(WAITING.decide(Decision.REFUSE, MEI, AT)),
    "deploy/done": {"deployment": HALF, "what": "approved", "holds": []},
    "deploy/done#last": {"deployment": QUEUED, "what": "approved", "holds": []},
    "deploy/done#held": {"deployment": QUEUED, "what": "approved", "holds": HOLDS[:2]},
    "deploy/done#rollback-asked": {"deployment": ROLLBACK_ASKED, "what": "rolled back", "holds": []},
    "deploy/done#rollback": {
        "deployment": replace(QUEUED, version="v1.3.9", id="D-13"),
        "what": "rolled back",
        "holds": [],
    },
    "deploy/not_done": {"deployment": LIVE, "why": "web v1.4.0 to production went live 3 min ago."},
    "deploy/why": {
        "deployment": WAITING,
        "reasons": [Reason(one.rule, one.sentence(AT)) for one in HOLDS[:2]]
        + [Reason("policy.1", "deploy.approve in production is for the release role. Ask one of them to do it.")],
        "standing": "web v1.4.0 to production waits for 2 more approval(s).",
    },
    "deploy/why#nothing": {"deployment": LIVE, "reasons": [], "standing": "web v1.4.0 to production went live."},
    "deploy/card#nothing-known": _card(BARE, changes=[]),
    "deploy/card#first": _card(replace(WAITING, ships=replace(SHIPS, since_is_live=False))),
    "deploy/card#queued": _card(QUEUED, picture=PICTURE, ahead=replace(RUNNING, id="D-11", version="v1.3.10")),
    "deploy/card#locked": _card(
        QUEUED,
        picture=replace(
            PICTURE,
            obstacles=(Obstacle(Kind.LOCK, "L-3", "production is locked by Mei (database upgrade)", LOCK.until),),
        ),
    ),
    "deploy/card#held": _card(QUEUED, picture=replace(PICTURE, obstacles=HOLDS[:1], starts_by=AT + HOUR)),
    "deploy/card#held-too-long": _card(QUEUED, picture=replace(PICTURE, obstacles=HOLDS, starts_by=AT + HOUR)),
    "deploy/card#lapsed": _card(QUEUED.lapse("production is frozen (weekend)", AT + HOUR)),
    "deploy/card#sent_back": _card(SENT_BACK, picture=PICTURE),
    "deploy/card#unseen": _card(UNSEEN),
    "deploy/asked#sent_back": _asked(SENT_BACK, STOPPED.checks),
    "deploy/sent_back": {"deployment": SENT_BACK, "voters": ["U0ANA", "U0LUIS"]},
    "deploy/sent_back#image": {
        "deployment": sent_back(
            replace(QUEUED, artifact="sha256:" + "1b2c" * 16),
            QUEUED.sha,
            SHIPS,
            PRODUCTION,
            AT,
            "sha256:" + "9f8e" * 16,
        ),
        "voters": [],
    },
    "deploy/unseen": {"deployment": UNSEEN.lapse(UNSEEN.note, AT + HOUR)},
    "deploy/lapsed": {
        "deployment": QUEUED.lapse("production is frozen (weekend)", AT + HOUR),
        "waits": HOLDS[:2],
        "late_by": timedelta(minutes=5),
    },
    "deploy/card#running": _card(RUNNING),
    "deploy/card#stopping": _card(RUNNING.cancel("U0MEI", AT)),
    "deploy/card#live": _card(LIVE, back_to=OLD),
    "deploy/card#was-live": _card(LIVE, replaced_by=Version("v1.4.1", "c" * 40, "D-14", ENDED)),
    "deploy/card#failed": _card(FAILED, back_to=OLD, can_retry=True),
    "deploy/card#unknown": _card(LOST),
    "deploy/card#settled": _card(LOST.settle(is_live=True, by="U0ANA", at=ENDED), back_to=OLD),
    "deploy/card#refused": _card(WAITING.decide(Decision.REFUSE, MEI, AT + timedelta(minutes=3))),
    "deploy/card#cancelled": _card(WAITING.cancel("U0TOM", AT + timedelta(minutes=3))),
    "deploy/card#expired": _card(WAITING.expire(AT + timedelta(hours=2))),
    "deploy/card#rollback": _card(
        replace(RUNNING, rolls_back="D-12", version="v1.3.9", ships=replace(SHIPS, goes_back=True), id="D-13")
    ),
    "deploy/progress": {"deployment": RUNNING, "lines": LINES, "printed": 40, "took": timedelta(seconds=75)},
    "deploy/progress#failed": {"deployment": FAILED, "lines": LINES, "printed": 3, "took": timedelta(seconds=252)},
    "deploy/live": {"deployment": LIVE, "next_one": ""},
    "deploy/live#rollback": {"deployment": replace(LIVE, rolls_back="D-12", version="v1.3.9"), "next_one": ""},
    "deploy/failed": {"deployment": FAILED, "next_one": ""},
    "deploy/failed#next": {"deployment": FAILED, "next_one": "D-14"},
    "deploy/failed#stopped": {"deployment": replace(FAILED, stop_asked_by="U0MEI", exit_code=None), "next_one": ""},
    "deploy/refused": {"deployment": WAITING.decide(Decision.REFUSE, MEI, AT + timedelta(minutes=3))},
    "deploy/expired": {"deployment": WAITING, "late_by": timedelta(minutes=40)},
    "deploy/interrupted": {"deployment": LOST},
    "deploy/card#asked-elsewhere": _card(ELSEWHERE),
    "deploy/card#queued-elsewhere": _card(TAKEN),
    "deploy/card#running-elsewhere": _card(GOES_ON),
    "deploy/card#failed-elsewhere": _card(BROKEN_THERE, back_to=OLD, can_retry=True),
    "deploy/card#late-elsewhere": _card(LATE_THERE, back_to=OLD, can_retry=True),
    "deploy/card#silent-elsewhere": _card(SILENT),
    "deploy/card#over-time-elsewhere": _card(STAYS),
    "deploy/card#stopping-elsewhere": _card(replace(STAYS, stop_asked_by="U0MEI")),
    "deploy/card#told-too-late-elsewhere": _card(replace(LATE_THERE, note="machine 3 of 4 does not answer")),
    "deploy/card#reported": _card(TOLD, changes=[], back_to=OLD),
    "deploy/card#reported-failed": _card(replace(TOLD, state=State.FAILED, asked_by="U0ANA"), changes=[]),
    "deploy/progress#elsewhere": {"deployment": GOES_ON, "lines": [], "printed": 0, "took": timedelta(seconds=75)},
    "deploy/progress#silent-elsewhere": {
        "deployment": SILENT,
        "lines": [],
        "printed": 0,
        "took": timedelta(hours=1),
    },
    "deploy/progress#queued-elsewhere": {
        "deployment": TAKEN,
        "lines": [],
        "printed": 0,
        "took": timedelta(seconds=9),
    },
    "deploy/progress#failed-elsewhere": {
        "deployment": BROKEN_THERE,
        "lines": LINES,
        "printed": 3,
        "took": timedelta(seconds=252),
    },
    "deploy/failed#elsewhere": {"deployment": BROKEN_THERE, "next_one": ""},
    "deploy/interrupted#elsewhere": {"deployment": SILENT},
    "deploy/contradicted#mended": {
        "deployment": BROKEN_THERE.mend("", ENDED),
        "report": Report(RunState.PASSED, url=RUN_URL),
    },
    "deploy/contradicted#failed": {
        "deployment": BROKEN_THERE.mend("", ENDED),
        "report": Report(RunState.FAILED, note="rolled <back> there", url=RUN_URL),
    },
    "deploy/contradicted": {
        "deployment": BROKEN_THERE,
        "report": Report(RunState.PASSED, note="re-run <by hand>", url=RUN_URL),
    },
    "deploy/requested": {"deployment": WAITING, "channel": "#deploys", "note": ""},
    "deploy/requested#names-an-incident": {
        "deployment": WAITING,
        "channel": "#deploys",
        "note": "Naming INC-7 passes no rule. If this is its fix, say so in these words: “because it fixes INC-7”.",
    },
    "deploy/requested#at-once": {"deployment": QUEUED, "channel": "#deploys", "note": ""},
    "deploy/ships": {"deployment": WAITING},
    "deploy/card#alerted": _card(
        replace(LIVE, alerts=("A-3", *(f"A-{n}" for n in range(4, 10)))),
        back_to=OLD,
        alerts=[
            AlertGroup("alertmanager", "g", ENDED, (_alert("High <Error> Rate"),), id="A-3"),
            AlertGroup("alertmanager", "h", ENDED, (_alert("Slow"),), id="A-4"),
        ],
    ),
    "deploy/yours": {"deployment": LIVE, "things": ["C-41 Faster checkout", "#809 pay in <one> step"]},
    "deploy/yours#many": {"deployment": LIVE, "things": [f"#{n} Part {n}" for n in range(8)]},
    "deploy/yours#commits": {"deployment": LIVE, "things": []},
    "deploy/yours#back": {
        "deployment": replace(LIVE, rolls_back="D-12", version="v1.3.9", id="D-13"),
        "things": ["C-41 Faster checkout"],
    },
    "deploy/answered": {"deployment": LIVE, "remark": REMARK},
    "deploy/answered#back": {"deployment": replace(LIVE, rolls_back="D-12"), "remark": REMARK},
    "deploy/muted": {"news": LiveNews(id="U0ANA", is_muted=True)},
    "deploy/muted#not": {"news": LiveNews(id="U0ANA")},
    "deploy/next": {"deployment": replace(QUEUED, id="D-14"), "ahead": RUNNING},
    "deploy/next#now": {"deployment": RUNNING, "ahead": None},
    "deploy/queue": {
        "queues": [
            Queue(
                "production",
                (Place(RUNNING, 0), Place(replace(QUEUED, id="D-14", version="v1.4.1"), 1, HOLDS[1:2])),
            )
        ],
        "environment": None,
    },
    "deploy/queue#empty": {"queues": [Queue("staging", ())], "environment": "staging"},
    "deploy/who": {
        "view": Who(
            "production",
            (
                Concerned(Slot.of("web", "production"), LIVE, ("U0MEI",)),
                Concerned(Slot.of("payments", "production"), None, ()),
            ),
            ("release", "owners"),
            (LOCK, FREEZE),
            (Freeze("weekend", "environments.production.freezes (weekend)", AT, AT + timedelta(hours=52)),),
        )
    },
    "deploy/status": {
        "slots": [Slot.of("web", "staging"), replace(Slot.of("web", "production"), live=OLD)],
        "coming": [HALF, QUEUED],
        "locks": [LOCK],
        "service": None,
    },
    "deploy/history": {"service": "web", "deployments": [FAILED, LIVE], "total": 12, "delivery": DELIVERY},
    "deploy/history#none": {"service": "web", "deployments": [], "total": 0, "delivery": NOTHING},
    "manage/delivery": {"delivery": DELIVERY, "service": "web"},
    "manage/delivery#nothing": {"delivery": NOTHING, "service": None},
    "deploy/lock": {"lock": LOCK},
    "deploy/lock#released": {"lock": LOCK.release("U0ANA", AT + timedelta(hours=1))},
    "deploy/lock#expired": {"lock": LOCK.expire(LOCK.until)},
    "deploy/lock#freeze": {"lock": FREEZE},
    "deploy/lock#thawed": {"lock": FREEZE.release("U0ANA", AT + timedelta(hours=1))},
    "deploy/lock#stolen": {"lock": STOLEN},
    "deploy/lock_taken_off": {"lock": LOCK.release("U0ANA", AT + timedelta(hours=1)), "now": None},
    "deploy/lock_taken_off#stolen": {"lock": LOCK.release("U0ANA", AT + timedelta(hours=1)), "now": STOLEN},
    "deploy/lock_ends": {"lock": LOCK, "answer": ""},
    "deploy/lock_ends#extended": {"lock": LOCK.extend(timedelta(hours=1), AT), "answer": "extended"},
    "deploy/lock_ends#let": {"lock": LOCK, "answer": "ends"},
}
