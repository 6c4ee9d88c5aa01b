"""Examples of releases: drafted, edited, published, long, and not drafted at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.changes import Change
from bot.domain.notes import Notes, Section
from bot.domain.releases import Release

AT = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)
NOTES = Notes(
    (
        Section("Breaking", ("Api: drop /v1/cart (#798)",)),
        Section("Features", ("Checkout: pay in one step (#809)",)),
        Section("Fixes", ("Prices in yen & won without decimals", "<!channel> is shown as text")),
    ),
    folded=5,
)
ASKED = Release(service="web", asked_by="U0TOM", asked_name="Tom", asked_at=AT, id="R-4")
DRAFT = ASKED.drafted(
    since="v1.3.9", until="v1.4.0", sha="9f3c2a1" + "0" * 33, commits=9, changes=["C-41"], notes=NOTES, at=AT
)
PUBLISHED = DRAFT.publish("U0ANA", "Ana", "#releases", AT + timedelta(minutes=20))
CHANGES = [Change(title="Faster checkout", created_by="U0ANA", created_at=AT, id="C-41")]

CONTEXTS = {
    "release/drafting": {"release": replace(ASKED, since="v1.3.9")},
    "release/not_drafted": {
        "release": ASKED,
        "why": "web has no tag, branch or commit “v1.5”. Did you mean v1.4.0?",
    },
    "release/card": {"release": DRAFT, "preview": [NOTES], "parts": 2, "changes": CHANGES},
    "release/card#only-noise": {
        "release": replace(DRAFT, notes=Notes((), 9)),
        "preview": [],
        "parts": 0,
        "changes": [],
    },
    "release/card#published": {"release": PUBLISHED, "preview": [NOTES], "parts": 1, "changes": CHANGES},
    "release/notes": {"release": PUBLISHED, "notes": NOTES, "part": 1, "parts": 2},
    "release/notes_part": {"release": PUBLISHED, "notes": NOTES, "part": 2, "parts": 2},
    "release/published": {"release": PUBLISHED},
    "release/list": {"releases": [ASKED, DRAFT, PUBLISHED]},
    "release/list#none": {"releases": []},
}
