"""The people and the team file that tests share."""

from datetime import UTC, datetime

from bot.core.deploy_targets import Command
from bot.core.people import Person
from bot.core.stages import Stage
from bot.core.team import Environment, Repository, Role, Rule, Service, Team

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday

ANA = Person("U0ANA", "Ana", "Europe/Lisbon", groups=frozenset({"S0RELEASE"}))
TOM = Person("U0TOM", "Tom", "Europe/Berlin")
MEI = Person("U0MEI", "Mei", "Asia/Tokyo")
LUIS = Person("U0LUIS", "Luis", "America/New_York", groups=frozenset({"S0RELEASE"}))
GUS = Person("U0GUS", "Gus", is_guest=True)
PEOPLE = (ANA, TOM, MEI, LUIS, GUS)

TEAM = Team(
    name="team web",
    services={
        "web": Service(
            "web",
            Repository(github="org/web"),
            Command(("deploy", "{service}", "{version}", "{environment}")),
            owners=(ANA.id,),
        ),
        "payments": Service("payments", Repository(github="org/payments"), channel="#payments"),
    },
    environments={
        "staging": Environment("staging", 0),
        "production": Environment("production", 1, approvals=1),
    },
    roles={"release": Role("release", frozenset({MEI.id}), frozenset({"S0RELEASE"}))},
    policy=(Rule("policy.1", ("deploy.approve",), ("production",), ("release",)),),
    channels={
        **{stage.value: f"#{stage.value}" for stage in Stage},
        "deploy": "#deploys",
        "release": "#releases",
        "monitor": "#alerts",
        "standup": "#standup",
    },
    default_channel="#general",
    logins={"ana-dev": ANA.id, "tomh": TOM.id},
)
