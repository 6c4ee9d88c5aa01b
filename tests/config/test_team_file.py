"""What a team writes about itself, and how its slips are told."""
# ruff: noqa: E501  one slip a line reads as a table

from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config.team_file import parse_team, read_team
from bot.core import deploy_targets
from bot.core.deploy_targets import Command
from bot.core.freezes import Moment, Window
from bot.core.team import Environment, Repository, Role, Rule, Team
from bot.stages.monitor.model.escalation import Escalations
from bot.stages.plan.model.tickets import Tracker
from bot.stages.standup.model.questions import Asks
from bot.stages.standup.model.seeds import Standups
from bot.stages.standup.model.setup import Posting
from bot.team.oncall.model.rotation import Every
from bot.team.oncall.model.rotations import Rotations
from bot.team.people.model.presence import Place

PRODUCTION_FREEZES = (
    Window("weekend", Moment(time(16), weekday=4), Moment(time(9), weekday=0), "Europe/Berlin"),
    Window(
        "year's end",
        Moment(time(18), day=date(2026, 12, 20)),
        Moment(time(9), day=date(2027, 1, 4)),
        "Europe/Berlin",
    ),
)
EXAMPLE = Path(__file__).resolve().parents[2] / "eightbells.example.yml"


def wrong(text: str) -> list[str]:
    """Mistakes as a person reads them, without the file's name."""
    _, mistakes = parse_team(yaml.safe_load(text), "it")
    return [str(mistake).removeprefix("it: ") for mistake in mistakes]


def test_the_example_is_a_team() -> None:
    team, mistakes = read_team(EXAMPLE)

    assert mistakes == []
    assert team is not None
    assert team.name == "Team Web"
    assert team.services["web"].repository == Repository(github="org/web")
    assert team.services["web"].deploy == Command(
        ("./deploy.sh", "{service}", "{sha}", "{environment}", "{version}"), "/srv/deploy", timedelta(minutes=15)
    )
    assert team.services["payments"].owners == ("U0TOM00001", "S0PAYMENTS")
    assert list(team.environments.values()) == [
        Environment("staging", 0),
        Environment("production", 1, 1, timedelta(hours=4), freezes=PRODUCTION_FREEZES),
    ]
    assert team.roles["release"] == Role(
        "release", frozenset({"U0ANA00001", "U0MEI00001"}), frozenset({"S0RELEASE"})
    )
    assert team.policy[0] == Rule("policy.1", ("deploy.approve",), ("production",), ("release", "owners"))
    assert team.policy[1].name == "freezing needs the release team"
    assert team.logins == {"ana-dev": "U0ANA00001", "tomh": "U0TOM00001"}
    assert team.part(Tracker) == Tracker(("PAY", "WEB"), "https://jira.example.com/browse/{ticket}")
    assert team.channel_for("deploy") == "#deploys"
    assert team.channel_for("build", "payments") == "#payments"
    assert team.channel_for("build", "web") == "#general"


def test_an_empty_file_is_a_team_without_anything() -> None:
    assert parse_team({}, "it") == (Team(), [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nme: x", "nme: no such key; did you mean name?"),
        ("services: {web: {repo: a/b}}", "services.web.repo: no such key; did you mean repository?"),
        ("services: {web: {deploy: {run: [x], limt: 1m}}}", "services.web.deploy.limt: no such key; did you mean limit?"),
        ("services: {web: {deploy: {}}}", "services.web.deploy: say how: one of run, github_workflow, github_deployment, gitlab_pipeline, gitlab_deployment, http"),
        ("services: {web: {deploy: {run: [x], http: {url: 'https://x'}}}}", "services.web.deploy: there is one way to deploy a service; choose between run and http"),
        ("services: {web: {deploy: {http: {url: 'https://x'}, directory: /srv}}}", "services.web.deploy: directory is for run alone"),
        ("services: {web: {deploy: {gitlab_pipeline: {}}}}", "services.web.deploy: needs the repository on GitLab: repository: { gitlab: … }"),
        ("services: {web: {deploy: {http: {url: deployer}}}}", "services.web.deploy.http.url: is no address; write https://…"),
        ("services: {web: {repository: 'gitlab:web'}}", "services.web.repository.gitlab: 'web' is no project on GitLab; write its path, such as group/name or group/sub/name"),
        ("services: {web: {repository: {github: a/b, gitlab: a/b}}}", "services.web.repository: name the repository on GitHub or the project on GitLab, not both"),
        ("services: {web: {artifact: 'web:{version}'}}", "services.web.artifact: 'web:{version}' is no image on a registry; write registry.example.com/shop/web:{version}"),
        ("services: {web: {artifact: 'r.io/shop/web'}}", "services.web.artifact: 'r.io/shop/web' is no image on a registry; write registry.example.com/shop/web:{version}"),
        ("services: {web: {artifact: 'https://r.io/web:{version}'}}", "services.web.artifact: 'https://r.io/web:{version}' is no image on a registry; write registry.example.com/shop/web:{version}"),
        ("services: {web: {artifact: 'r.io/web@{version}'}}", "services.web.artifact: 'r.io/web@{version}' is no image on a registry; write registry.example.com/shop/web:{version}"),
        ("services: {web: {artifact: 'r.io/web:latest'}}", "services.web.artifact: the tag 'latest' is the same for whatever is deployed; it needs {version} or {sha}"),
        ("services: {web: {artifact: 'r.io/{version}/web:{sha}'}}", "services.web.artifact: before the tag, {service} alone is filled in: a version must not choose the repository"),
        ("services: {web: {artifact: 'r.io/web:{version}-{deployment}'}}", "services.web.artifact: {deployment} cannot be in its name: the image is there before it is known"),
        ("people: {a: {slack: U01, github: x}, b: {slack: U02, gitlab: X}}", "people.b.gitlab: a has this login already"),
        ("services: {web: {repository: web}}", "services.web.repository.github: 'web' is no repository on GitHub; write owner/name"),
        ("services: {Web: {}}", "services.Web: a name is lower-case letters, digits, dots, dashes and underscores"),
        ("services: {web: {deploy: {run: []}}}", "services.web.deploy.run: list should have at least 1 item after validation, not 0"),
        ("services: {web: {deploy: {run: [x, '{versoin}']}}}", "services.web.deploy.run[2]: {versoin} is never filled in; there is artifact, deployment, environment, service, sha, version"),
        ("services: {web: {deploy: {run: [x], limit: 15}}}", "services.web.deploy.limit: write a duration with its unit, such as 15m or 4h"),
        ("services: {web: {deploy: {run: [x], limit: soon}}}", "services.web.deploy.limit: 'soon' is no duration; write 45s, 15m, 4h, 2d or 1h 30m"),
        ("services: {web: {channel: general}}", "services.web.channel: 'general' is no channel; write #name in quotes, as Slack shows it, or its id"),
        ("services: {web: {owners: bob}}", "services.web.owners[1]: 'bob' is nobody; write U… (a person), S… (a user group) or @name"),
        ("channels: {deplpy: '#x'}", "channels.deplpy: no such stage; did you mean deploy?"),
        ("environments: {a: {order: 1}, b: {order: 1}}", "environments.b.order: a has order 1 already"),
        ("environments: {a: {approvals: -1}}", "environments.a.approvals: input should be greater than or equal to 0"),
        ("environments: {a: {}, b: {after: c}}", "environments.b.after: no environment c; there is a"),
        ("environments: {a: {after: a}}", "environments.a.after: comes after itself, so nothing could ever be deployed there"),
        ("environments: {a: {soak: 1h}}", "environments.a.soak: needs `after`: the environment in which a commit has to have been"),
        ("environments: {a: {freezes: [{name: x, from: Fri 16:00, until: soon}]}}", "environments.a.freezes[1].until: “soon” is no moment. Write “Fri 16:00” for every week, or “2026-12-20 18:00”."),
        ("environments: {a: {freezes: [{name: x, from: 2026-12-20, until: Mon 09:00}]}}", "environments.a.freezes[1]: x begins on a weekday and ends on a date, or the other way round."),
        ("environments: {a: {freezes: [{name: x, from: 2026-12-20, until: 2026-12-19}]}}", "environments.a.freezes[1]: x ends before it begins."),
        ("environments: {a: {freezes: [{name: x, from: Fri 16:00, until: Mon 09:00, zone: Berlin}]}}", "environments.a.freezes[1].zone: 'Berlin' is no zone; write one such as Europe/Berlin"),
        ("environments: {a: {incidents: {severity: awful}}}", "environments.a.incidents.severity: 'awful' is no severity; there is critical, major, minor"),
        ("{people: {ana: {slack: U0ANA}}, roles: {release: '@anna'}}", "roles.release[1]: nobody under people is called anna; did you mean ana?"),
        ("people: {ana: {slack: ana}}", "people.ana.slack: 'ana' is no member id; those begin with U or W (profile, “Copy member ID”)"),
        ("people: {ana: {}}", "people.ana.slack: is missing"),
        ("people: {a: {slack: U01, github: x}, b: {slack: U02, github: X}}", "people.b.github: a has this login already"),
        ("roles: {members: []}", "roles.members: is built in; choose another name"),
        ("roles: {Admins: [U0ANA]}", "roles.Admins: is built in; choose another name"),
        ("roles: {sre: [U0ANA], SRE: [U0TOM]}", "roles.SRE: there is sre, and they differ in capitals alone; choose another name"),
        ("people: {ana: {slack: U01}, Ana: {slack: U02}}", "people.Ana: there is ana, and they differ in capitals alone; choose another name"),
        ("policy: [{verbs: deploy.lock, roles: relese}]", "policy[1].roles[1]: no role relese; there is admins, everyone, guests, members, owners"),
        ("policy: [{verbs: deploy.lock, roles: owners, environments: prod}]", "policy[1].environments[1]: no environment prod; there is none yet"),
        ("policy: [{verbs: 'deploy lock', roles: owners}]", "policy[1].verbs[1]: 'deploy lock' is no verb; write deploy.approve, deploy.* or *"),
        ("policy: [{name: x, verbs: a, roles: owners}, {name: x, verbs: b, roles: owners}]", "policy[2].name: another rule is called x"),
        ("policy: [{roles: owners}]", "policy[1].verbs: is missing"),
        ('standups: {web: {channel: \'#web\', members: [U0ANA], at: "25:00"}}', 'standups.web.at: \'25:00\' is no time of day; write it in quotes, such as "09:30"'),
        ("standups: {web: {channel: '#web', members: [U0ANA], days: someday}}", 'standups.web.days: “someday” is no day of the week. Write days such as “Mon-Fri” or “Mon, Wed, Fri”.'),
        ("standups: {web: {channel: '#web', members: [U0ANA], holidays: Germany}}", "standups.web.holidays: 'Germany' is no country; write its code, such as DE, or DE-BY for a part of it"),
        ("standups: {web: {channel: '#web', members: [U0ANA], questions: []}}", 'standups.web: there is no question. Write at least one, each on a line of its own.'),
        ("standups: {web: {channel: '#web', members: [U0ANA], window: 5m}}", 'standups.web: people would have 5 min to answer. Give them between 15 min and 23 h.'),
        ("standups: {web: {channel: '#web', members: [U0ANA], question: [x]}}", 'standups.web.question: no such key; did you mean questions?'),
        ("standups: {web: {channel: '#web', members: [U0ANA], lead: '@ana'}}", 'standups.web.lead[1]: nobody under people is called ana; there is none yet'),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_path(text: str, told: str) -> None:
    assert wrong(text) == [told]


def test_what_is_wrong_in_one_part_hides_nothing_in_another() -> None:
    found = wrong(
        """
        environments: {production: {aprovals: 1}}
        people: {ana: {slack: ana}}
        roles: {release: ["@ana"]}
        policy: [{verbs: deploy.approve, environments: production, roles: release}, {verbs: x y, roles: admins}]
        """
    )
    assert sorted(line.partition(":")[0] for line in found) == [
        "environments.production.aprovals",
        "people.ana.slack",
        "policy[2].verbs[1]",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: a\nname: b\n", "team.yml line 2: name is there twice"),
        ("name: [", "team.yml line 1: "),
        ("- a\n", "team.yml: holds no settings"),
        (
            "name: !!python/object/apply:os.system [ls]",
            "team.yml line 1: ! begins a tag in YAML, and none is taken here; put the value in quotes",
        ),
    ],
)
def test_what_is_no_team_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "team.yml").write_text(text)
    team, mistakes = read_team(tmp_path / "team.yml")
    assert team is None
    assert told in str(mistakes[0])


@pytest.mark.parametrize(
    ("text", "minutes"), [("90s", 1.5), ("15m", 15), ("4h", 240), ("1h 30m", 90), ("2d", 2880), ("0.5h", 30)]
)
def test_durations_carry_their_unit(text: str, minutes: float) -> None:
    raw: dict[str, Any] = {"environments": {"staging": {"expires_after": text}}}
    team, mistakes = parse_team(raw, "it")
    assert mistakes == []
    assert team is not None
    assert team.environments["staging"].expires_after == timedelta(minutes=minutes)


def test_environments_without_an_order_follow_those_with_one() -> None:
    team, _ = parse_team({"environments": {"dev": None, "live": {"order": 3}, "after": {}}}, "it")
    assert team is not None
    orders = [environment.order for environment in team.environments.values()]
    assert len(set(orders)) == 3


def test_a_stand_up_is_read_with_the_ids_of_its_members() -> None:
    text = """
    people: {ana: {slack: U0ANA}}
    standups:
      web:
        channel: "#web"
        members: ["@ana", U0TOM, S0WEB]
        questions: [Done, "Next [plan]", "Blocked [blocker]"]
        days: Mon, Wed
        at: 10:30
        zone: berlin
        reminder: none
        posting: digest only
        lead: "@ana"
        holidays: DE-BY
    """
    team, mistakes = parse_team(yaml.safe_load(text), "it")
    assert mistakes == []
    assert team is not None
    setup = team.part(Standups).setups["web"]
    assert (setup.name, setup.people, setup.groups, setup.lead) == ("web", ("U0ANA", "U0TOM"), ("S0WEB",), "U0ANA")
    assert (setup.weekdays, setup.at, setup.zone) == ((0, 2), time(10, 30), "Europe/Berlin")
    assert (setup.remind_before, setup.posting, setup.holidays) == (None, Posting.DIGEST_ONLY, Place("DE", "BY"))
    assert [question.asks for question in setup.questions] == [Asks.TELLS, Asks.PLANS, Asks.BLOCKS]


def test_rotations_and_escalations_are_read() -> None:
    text = """
    people: {tom: {slack: U0TOM00001}}
    services: {web: {}}
    rotations: {web: {people: ["@tom", U0MEI00001], every: day, at: 9:30, zone: Europe/Berlin, services: [web]}}
    escalations: {loud: {steps: [{call: web}, {after: 10m, call: "@tom"}, {after: 5m, call: "#ops"}]}}
    alerts: {alertmanager: "https://alertmanager.example.com/", routes: [{name: all, escalation: loud}]}
    """
    team, mistakes = parse_team(yaml.safe_load(text), "it")

    assert team
    assert mistakes == []
    rota = team.part(Rotations).rotas["web"]
    assert (rota.people, rota.every, rota.at) == (("U0TOM00001", "U0MEI00001"), Every.DAY, time(9, 30))
    assert [(step.after, step.to) for step in team.part(Escalations).policies["loud"].steps] == [
        (timedelta(), "web"),
        (timedelta(minutes=10), "U0TOM00001"),
        (timedelta(minutes=5), "#ops"),
    ]
    assert team.alertmanager == "https://alertmanager.example.com"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "rotations: {web: {people: []}}",
            "rotations.web.people: list should have at least 1 item after validation, not 0",
        ),
        (
            "rotations: {web: {people: U0TOM00001, weekday: Mon-Fri}}",
            "rotations.web.weekday: name one day, such as Mon",
        ),
        (
            "rotations: {web: {people: S0TEAM}}",
            "rotations.web.people[1]: is a user group; write the people who take turns",
        ),
        (
            "rotations: {web: {people: U0TOM00001, services: [wob]}}",
            "rotations.web.services[1]: no service wob; there is none yet",
        ),
        (
            "escalations: {x: {steps: [{call: web}]}}",
            "escalations.x.steps[1].call: no rotation web; there is none yet, or write @name, a member id or “#channel”",
        ),
        (
            "escalations: {x: {steps: [{call: '#a1'}, {call: '#b1'}]}}",
            "escalations.x.steps[2].after: gives nobody a minute to answer",
        ),
        (
            "alerts: {routes: [{name: all, escalation: x}]}",
            "alerts.routes[1].escalation: no escalation x; there is none yet",
        ),
    ],
)
def test_slips_about_who_is_called_are_told(text: str, told: str) -> None:
    assert told in wrong(text)


def test_a_service_is_deployed_in_one_of_these_ways() -> None:
    text = """
    services:
      a: { repository: org/a, deploy: { github_workflow: { file: deploy.yml, inputs: { v: "{version}" } }, limit: 1h } }
      b: { repository: org/b, deploy: { github_deployment: { environment: "eu-{environment}" } } }
      c: { repository: "gitlab:org/sub/c", deploy: { gitlab_pipeline: { ref: main, variables: { V: "{version}" } } } }
      d: { repository: { gitlab: org/d, gitlab_api: "https://git.example.com/api/v4/" }, deploy: { gitlab_deployment: {} } }
      e: { deploy: { http: { url: "https://deployer.example.com/go", payload: { who: "{deployment}" } } } }
    """
    team, mistakes = parse_team(yaml.safe_load(text), "it")

    assert mistakes == []
    assert team is not None
    assert [one.deploy for one in team.services.values()] == [
        deploy_targets.GitHubWorkflow("deploy.yml", "", {"v": "{version}"}, timedelta(hours=1)),
        deploy_targets.GitHubDeployment("eu-{environment}"),
        deploy_targets.GitLabPipeline("main", {"V": "{version}"}),
        deploy_targets.GitLabDeployment(),
        deploy_targets.HttpCall("https://deployer.example.com/go", {"who": "{deployment}"}),
    ]
    assert team.services["d"].repository == Repository(gitlab="org/d", gitlab_api="https://git.example.com/api/v4")
    assert {name: one.remote for name, one in team.repositories.items()} == {
        "a": "org/a",
        "b": "org/b",
        "c": "org/sub/c",
        "d": "org/d",
    }


def test_an_image_is_not_called_by_itself() -> None:
    [told] = wrong("services: {web: {artifact: 'r.io/web:{version}-{artifact}'}}")
    assert told.startswith("services.web.artifact: {artifact} ")


def test_a_service_may_name_its_image() -> None:
    text = """
    services:
      a: { artifact: "localhost:5000/shop/a:{version}" }
      b: { artifact: "registry.example.com/{service}:{environment}-{sha}" }
      c: {}
    """
    team, mistakes = parse_team(yaml.safe_load(text), "it")

    assert mistakes == []
    assert team is not None
    assert [one.artifact for one in team.services.values()] == [
        "localhost:5000/shop/a:{version}",
        "registry.example.com/{service}:{environment}-{sha}",
        None,
    ]
