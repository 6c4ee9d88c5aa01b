"""Examples of releases: drafted, agreed to, published in three voices, corrected, and not drafted at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.people import Person
from bot.core.team import Environment
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.deploy.model.obstacles import Kind, Obstacle
from bot.stages.plan.model.change import Change
from bot.stages.release.model.customer_line import CustomerLine
from bot.stages.release.model.draft import Brought, Drafted
from bot.stages.release.model.notes import Line, Notes, Section, Voice
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import BY_HAND, FLAG_OFF, ROLLED_BACK, Post, Strike
from bot.stages.release.model.rules import Activity, ReleaseRules

AT = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)
ANA, TOM, MEI = Person("U0ANA", "Ana"), Person("U0TOM", "Tom"), Person("U0MEI", "Mei")
NOTES = Notes(
    (
        Section("Breaking", (Line("Api: drop /v1/cart (#798)", 1),)),
        Section("Features", (Line("Checkout: pay in one step (#809)", 2),)),
        Section(
            "Fixes", (Line("Prices in yen & won without decimals", 3), Line("<!channel> is ~shown~ as text", 4))
        ),
    )
)
OPERATORS = Notes((Section("Breaking", (Line("Api: drop /v1/cart: clients older than 2.0 stop working", 1),)),))
CUSTOMERS = Notes((Section("", (Line("Checkout takes one step instead of three.", 2), Line("Yen & won", 3))),))
WRITTEN = {Voice.ENGINEERS: NOTES, Voice.OPERATORS: OPERATORS, Voice.CUSTOMERS: CUSTOMERS}
BROUGHT = tuple(Brought(n, f"{n}" * 40, f"Change {n}") for n in range(1, 5))
ASKED = Release(service="web", asked_by="U0TOM", asked_name="Tom", asked_at=AT, id="R-4")
RULES = ReleaseRules(
    2,
    (
        Activity("Support knows"),
        Activity("Load test", is_required=False),
        Activity("Tell the partners", False, False),
    ),
)
DRAFT = ASKED.drafted(
    Drafted(WRITTEN, BROUGHT, 5),
    since="v1.3.9",
    until="v1.4.0",
    version="v1.4.0",
    sha="9f3c2a1" + "0" * 33,
    commits=9,
    changes=["C-41"],
    rules=ReleaseRules(),
    at=AT,
)
LATER = AT + timedelta(minutes=20)
POSTS = (Post(Voice.ENGINEERS, "#releases"), Post(Voice.CUSTOMERS, "#news"))
PUBLISHED = DRAFT.publish("U0ANA", "Ana", POSTS, LATER)
STRICT = replace(
    DRAFT,
    activities=RULES.activities,
    approval=ASKED.drafted(
        Drafted(WRITTEN), since="", until="", version="", sha="", commits=0, changes=(), rules=RULES, at=AT
    ).approval,
    caveats=("The clone is shallow, so older commits are missing from it.",),
)
HALF = STRICT.decide(MEI, AT).tick(1, ANA, AT, is_done=True)
READY = HALF.decide(ANA, LATER).schedule(AT + timedelta(hours=3), TOM, LATER)
AGAIN = HALF.edited({Voice.OPERATORS: "Nothing to do."}, "", (), "U0ANA", LATER)
ROLLED = PUBLISHED.strike(Strike((1, 2, 3, 4), ROLLED_BACK, AT + timedelta(hours=2), "D-12", by="U0MEI"))
OFF = PUBLISHED.strike(Strike((2,), FLAG_OFF, AT + timedelta(hours=2), "checkout_v2"))
MENDED = PUBLISHED.strike(Strike((3,), BY_HAND, AT + timedelta(hours=2), because="It came <later>.", by="U0MEI"))
BOTH = PUBLISHED.strike(Strike((2,), FLAG_OFF, AT, "checkout_v2")).strike(Strike((2, 3), FLAG_OFF, AT, "<fees>"))
TOLD = PUBLISHED.strike(Strike((1, 2), ROLLED_BACK, AT + timedelta(hours=2), "D-13", told_by="argocd"))
ALL_CAUSES = replace(BOTH, strikes=(*ROLLED.strikes, *MENDED.strikes, *BOTH.strikes))
BACK = Deployment.ask("web", "v1.3.9", Environment("production", 1), MEI, AT, rolls_back="D-12")
BACK = replace(BACK, id="D-13")
CHANGES = [Change(title="Faster checkout", created_by="U0ANA", created_at=AT, id="C-41")]
LINES = [
    CustomerLine(id=f"web/#{n}", service="web", release="R-4", asked="U0ANA", about=about, asked_at=AT)
    for n, about in ((809, "Checkout: pay in one step"), (812, "No decimals in <yen>"))
]
ANSWERED = [LINES[0].answer("Checkout takes one step.", AT), LINES[1].answer("none", AT)]


def card(release, **more):
    return {
        "release": release,
        "preview": NOTES,
        "voice": "engineers",
        "parts": 1,
        "changes": CHANGES,
        "readers": [("engineers", 4, ("#releases",))],
        "asked": 0,
        "answered": 0,
        "around": [],
        **more,
    }


def posted(release, voice, part=1, parts=1):
    return {"release": release, "notes": release.shown(voice), "part": part, "parts": parts}


def corrected(release, **more):
    lines = [line for line in release.numbers.values() if line.is_struck]
    return {"release": release, "is_struck": True, "strikes": release.causes, "lines": lines, **more}


CONTEXTS = {
    "release/drafting": {"release": replace(ASKED, since="v1.3.9")},
    "release/not_drafted": {
        "release": ASKED,
        "why": "web has no tag, branch or commit “v1.5”. Did you mean v1.4.0?",
    },
    "release/card": card(DRAFT, parts=2),
    "release/card#around": card(
        DRAFT,
        around=[
            Obstacle(
                Kind.FREEZE, "L-3", "production is frozen (L-3, set by Mei: <audit>)", LATER, stops_votes=True
            ),
            Obstacle(Kind.INCIDENT, "environments.production.incidents", "INC-7 Slow checkout is open (major)"),
        ],
    ),
    "release/card#only-noise": card(
        replace(DRAFT, notes={voice: Notes() for voice in Voice}), preview=Notes(), parts=0, changes=[]
    ),
    "release/card#strict": card(
        HALF,
        readers=[("engineers", 4, ("#releases", "#dev")), ("customers", 0, ("C0NEWS0001",))],
        asked=3,
        answered=1,
    ),
    "release/card#changed": card(AGAIN),
    "release/not_done": {"why": "Ana approved the notes of <web> v1.4.0 and left since, so that counts no more."},
    "release/card#scheduled": card(READY),
    "release/card#published": card(replace(PUBLISHED, host_url="https://github.com/org/web/releases/tag/v1.4.0")),
    "release/card#corrected": card(ROLLED),
    "release/card#by-hand": card(MENDED),
    "release/notes_engineers": posted(PUBLISHED, Voice.ENGINEERS, 1, 2),
    "release/notes_engineers#part": posted(PUBLISHED, Voice.ENGINEERS, 2, 2),
    "release/notes_engineers#rolled-back": posted(ROLLED, Voice.ENGINEERS),
    "release/notes_operators": posted(PUBLISHED, Voice.OPERATORS),
    "release/notes_operators#corrected": posted(MENDED, Voice.OPERATORS),
    "release/notes_customers": posted(replace(PUBLISHED, late_by=timedelta(hours=2)), Voice.CUSTOMERS),
    "release/notes_customers#flag-off": posted(OFF, Voice.CUSTOMERS),
    "release/notes_engineers#every-cause": posted(ALL_CAUSES, Voice.ENGINEERS),
    "release/corrected": corrected(ROLLED),
    "release/corrected#flag-off": corrected(OFF),
    "release/corrected#by-hand": corrected(MENDED),
    "release/corrected#flags-off": corrected(BOTH),
    "release/corrected#reported": corrected(TOLD),
    "release/corrected#live-again": corrected(ROLLED, is_struck=False),
    "release/asked": {"release": DRAFT, "lines": [ANSWERED[0], LINES[1]], "is_open": True},
    "release/asked#answered": {"release": DRAFT, "lines": ANSWERED, "is_open": False},
    "release/unsure": {
        "releases": [PUBLISHED],
        "deployment": BACK,
        "goes_back": True,
        "why": "Its history is gone.",
    },
    "release/unsure#forward": {
        "releases": [ROLLED] * 7,
        "deployment": BACK,
        "goes_back": False,
        "why": "502 <html>.",
    },
    "release/lines_late": {"release": PUBLISHED},
    "release/shown": {"release": ROLLED, "voice": "engineers", "notes": ROLLED.shown(Voice.ENGINEERS), "parts": 2},
    "release/shown#nothing": {"release": DRAFT, "voice": "customers", "notes": Notes(), "parts": 0},
    "release/scheduled": {"release": STRICT.schedule(AT, TOM, AT)},
    "release/not_published": {
        "release": STRICT,
        "why": "R-4 is not ready: “Support knows” must be ticked on its card first.",
        "due_at": AT,
    },
    "release/writing": {"release": PUBLISHED, "where": "GitHub"},
    "release/changelog": {"release": PUBLISHED, "voice": "engineers"},
    "release/on_host": {
        "release": replace(PUBLISHED, host_url="https://github.com/org/web/releases/tag/v1.4.0"),
        "why": "",
    },
    "release/on_host#not": {"release": PUBLISHED, "why": "GitHub does not accept our token."},
    "release/published": {"release": PUBLISHED},
    "release/published#struck": {"release": MENDED},
    "release/list": {"releases": [ASKED, DRAFT, READY, PUBLISHED]},
    "release/list#none": {"releases": []},
}
