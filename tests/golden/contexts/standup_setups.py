"""Examples of what is said about setting stand-ups up, and about when people are there."""

from dataclasses import replace
from datetime import date, time, timedelta

from bot.core.people import Person
from bot.stages.standup.model.preview import Local, Row
from bot.stages.standup.model.setup import Setup, Standup
from bot.team.people.model.presence import Presence
from tests.golden.contexts.plan import NOON

ANA = Person("U0ANA", "Ana")
SETUP = Setup("Team web", "#team-web", people=("U0ANA", "U0TOM", "U0MEI"), at=time(9, 30), lead="U0ANA")
STANDUP = replace(Standup.make(SETUP, "U0ANA", NOON), id="U-3")
SEEDED = Standup.make(replace(SETUP, name="<!here> & all", zone="Europe/Berlin", weekdays=(0, 2)), "", NOON, "web")
LATER = NOON + timedelta(days=2)
EDITED = STANDUP.edit(replace(SETUP, at=time(10)), ANA, LATER)
RESEEDED = SEEDED.edit(replace(SEEDED.setup, at=time(10)), None, LATER)
PAUSED = STANDUP.pause(ANA, LATER)
DELETED = STANDUP.delete(ANA, LATER)

TIMES = tuple(Local(date(2026, 11, day), "09:30") for day in (25, 26, 27, 30))
ROWS = [
    Row("U0TOM", "Europe/Berlin", TIMES),
    Row("U0MEI", "Asia/Tokyo", TIMES[3:], date(2026, 11, 30)),
    Row("U0ANA", "Europe/Lisbon", ()),
]
MANY = [Row(f"U0{number:03}", "Asia/Tokyo", TIMES) for number in range(60)]
MOVED = Presence(id="U0TOM", asked_zone="America/New_York", zone_asks=1)
AWAY = Presence(id="U0MEI", away_from=date(2026, 11, 24), away_until=date(2026, 11, 30), away_because="leave")

CONTEXTS = {
    "standup/card": {"standup": STANDUP, "has_moved": False},
    "standup/card#from-the-team-file": {"standup": SEEDED, "has_moved": False},
    "standup/card#changed": {"standup": EDITED, "has_moved": False},
    "standup/card#changed-in-the-team-file": {"standup": RESEEDED, "has_moved": False},
    "standup/card#moved": {"standup": EDITED, "has_moved": True},
    "standup/card#paused": {"standup": PAUSED, "has_moved": False},
    "standup/card#deleted": {"standup": DELETED, "has_moved": False},
    "standup/made": {"standup": STANDUP},
    "standup/edited": {"standup": EDITED, "is_same": False},
    "standup/edited#nothing": {"standup": STANDUP, "is_same": True},
    "standup/paused": {"standup": PAUSED},
    "standup/resumed": {"standup": STANDUP},
    "standup/delete": {"standup": STANDUP},
    "standup/delete#already": {"standup": DELETED},
    "standup/deleted": {"standup": DELETED},
    "standup/list": {"rows": [(STANDUP, 3), (PAUSED, 1)]},
    "standup/list#none": {"rows": []},
    "standup/list#many": {"rows": [(replace(STANDUP, id=f"U-{number}"), number) for number in range(45)]},
    "standup/preview": {"standup": STANDUP, "rows": ROWS},
    "standup/preview#paused": {"standup": PAUSED, "rows": ROWS[:1]},
    "standup/preview#nobody": {"standup": STANDUP, "rows": []},
    "standup/preview#many": {"standup": STANDUP, "rows": MANY},
    "standup/zone": {"presence": Presence(id="U0TOM"), "zone": "Europe/Berlin", "now": Local(NOON.date(), "13:00")},
    "standup/zone#chosen": {
        "presence": Presence(id="U0TOM", zone="Asia/Tokyo"),
        "zone": "Asia/Tokyo",
        "now": Local(NOON.date(), "21:00"),
    },
    "standup/zone_question": {"presence": MOVED, "zone": "America/New_York", "before": "Europe/Berlin"},
    "standup/zone_question#right": {"presence": MOVED, "zone": "America/New_York", "before": ""},
    "standup/zone_question#kept": {
        "presence": MOVED.live_in("Europe/Berlin"),
        "zone": "America/New_York",
        "before": "",
    },
    "standup/away": {"presence": AWAY},
    "standup/away#without-a-reason": {"presence": replace(AWAY, away_because="")},
    "standup/back": {},
    "standup/i_am": {"login": "ana-dev"},
    "standup/i_am#nobody": {"login": ""},
    "standup/holidays": {"place": "DE-BY"},
    "standup/holidays#none": {"place": ""},
    "standup/workdays": {"days": "Mon–Thu"},
    "standup/workdays#all": {"days": "every day"},
}
