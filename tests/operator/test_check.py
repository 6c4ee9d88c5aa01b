"""``eightbells check`` names everything that is wrong, and finds nothing wrong where nothing is."""

import ast
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import discovery
from bot.config import Settings
from bot.core.jobs import Job, Outcome
from bot.operator import check
from bot.runtime.findings import Finding, Severity
from bot.runtime.redaction import Redaction
from bot.stages.flow.authorise import may_name_services
from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from bot.storage.outbox.put import Put, put
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs, Owed, write_steps
from tests.fakes import NOON, FakeClock

SOURCES = {name: discovery.sources()[name] for name in ("github", "generic", "sns", "argocd")}
SCOPES = ("chat:write", "commands")
CHANNELS = (
    {"id": "C0GENERAL", "name": "general", "is_member": True},
    {"id": "C0DEPLOYS", "name": "deploys", "is_member": False},
    {"id": "C0OLD", "name": "old", "is_member": True, "is_archived": True},
)
TEAM = "channels: {default: '#general'}\nenvironments: {production: }\n"


class Slack:
    """Three methods of Slack's, as far as ``check`` looks at them."""

    def __init__(self) -> None:
        self.scopes = "chat:write,commands"
        self.refuses: dict[str, str] = {}
        self.is_down = False

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if self.is_down:
            return web.Response(status=503, text="<html>", content_type="text/html")
        if error := self.refuses.get(method):
            return web.json_response({"ok": False, "error": error})
        answers: dict[str, Mapping[str, object]] = {
            "auth.test": {"user": "eightbells", "team": "Harbour"},
            "apps.connections.open": {"url": "wss://x"},
            "conversations.list": {"channels": CHANNELS, "response_metadata": {"next_cursor": ""}},
        }
        return web.json_response({"ok": True, **answers[method]}, headers={"X-OAuth-Scopes": self.scopes})


ACTIONS = {"deploy.approve": True, "deploy": True, "deploy.who": False, "deploy.mute": False}


@pytest.fixture
def slack() -> Slack:
    return Slack()


@pytest.fixture
async def environ(slack: Slack, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """Settings in which nothing is wrong."""
    app = web.Application()
    app.router.add_route("*", "/api/{method}", slack.answer)
    (tmp_path / "team.yml").write_text(TEAM)
    async with TestServer(app) as server:
        yield {
            "SLACK_BOT_TOKEN": "xoxb-1-secret",
            "SLACK_APP_TOKEN": "xapp-1-secret",
            "SLACK_API_URL": str(server.make_url("/api/")),
            "EIGHTBELLS_CONFIG": str(tmp_path / "team.yml"),
            "DATABASE_URL": f"sqlite:///{tmp_path}/e.db",
            "EIGHTBELLS_HOOK_SECRET_GITHUB": "hook-secret",
        }


async def look(environ: Mapping[str, str]) -> list[Finding]:
    return await check.findings(environ, clock=FakeClock(), scopes=SCOPES, actions=ACTIONS, sources=SOURCES)


async def wrong(environ: Mapping[str, str]) -> list[str]:
    """What is not fine; each must say what to do."""
    found = [finding for finding in await look(environ) if finding.severity is not Severity.FINE]
    assert all(finding.todo for finding in found)
    return [finding.what for finding in found]


async def test_where_nothing_is_wrong_nothing_is_found(environ: dict[str, str]) -> None:
    found = await look(environ)
    assert {finding.severity for finding in found} == {Severity.FINE}
    assert [finding.what for finding in found][-5:] == [
        "Slack knows the bot as eightbells in Harbour",
        "all 2 scopes of the manifest are given",
        "the bot is in 1 of 1 channels that the team file names",
        "Socket Mode is open to us",
        "this machine's clock agrees with that of Slack",
    ]


async def test_everything_wrong_is_told_at_once(environ: dict[str, str], slack: Slack, tmp_path: Path) -> None:
    slack.scopes = "chat:write,files:read"
    slack.refuses["apps.connections.open"] = "not_allowed_token_type"
    (tmp_path / "templates/system").mkdir(parents=True)
    (tmp_path / "templates/system/broken.j2").write_text("{% call %}")
    (tmp_path / "team.yml").write_text(
        """
        channels: {default: "#general", deploy: "#deploys", monitor: "#alerts", plan: "#old"}
        services:
          web: {repository: ./no-such-clone, deploy: {run: [no-such-program]}}
          api: {deploy: {run: [x], directory: /no/such/folder}}
        policy: [{verbs: deploy.aprove, roles: admins}]
        """
    )
    found = await wrong(
        environ
        | {
            "EIGHTBELLS_TEMPLATES": str(tmp_path / "templates"),
            "EIGHTBELLS_HOOK_SECRET_GITHUB": "",
            "EIGHTBELLS_HOOK_SECRET_GITLUB": "long-enough",
        }
    )
    assert [what.partition(" (")[0] for what in found] == [
        "policy.1: there is no verb deploy.aprove",
        "services.web.repository: there is no ./no-such-clone",
        "services.web.deploy.run: no-such-program is no program that can be run here",
        "services.web.deploy: it is told neither {sha} nor {artifact}",
        "services.api.deploy.directory: there is no /no/such/folder",
        found[5],
        "no source has a secret: every webhook is refused",
        "EIGHTBELLS_HOOK_SECRET_GITLUB: there is no such source",
        "scopes are missing: commands",
        "channels.deploy: the bot is not in #deploys",
        "channels.monitor: there is no #alerts",
        "channels.plan: #old is archived",
        "SLACK_APP_TOKEN may not open sockets",
    ]
    assert found[5].startswith("EIGHTBELLS_TEMPLATES: system/broken.j2 line 1: ")


async def test_a_refused_token_and_a_broken_file_are_told_together(
    environ: dict[str, str], slack: Slack, tmp_path: Path
) -> None:
    slack.refuses["auth.test"] = "token_revoked"
    (tmp_path / "team.yml").write_text("nme: x")
    found = await wrong(environ)
    assert found == [
        f"{tmp_path}/team.yml: nme: no such key; did you mean name?",
        "Slack refuses SLACK_BOT_TOKEN: token_revoked",
    ]


async def test_a_slack_that_cannot_be_reached_is_told_without_the_token(environ: dict[str, str]) -> None:
    found = await look(environ | {"SLACK_API_URL": "http://127.0.0.1:9/api/"})
    assert [finding.what for finding in found if finding.severity is Severity.MISTAKE] == [
        "127.0.0.1:9 cannot be reached (ClientConnectorError)"
    ] * 2
    assert "secret" not in repr(found)


async def test_an_outage_is_told_as_one(environ: dict[str, str], slack: Slack) -> None:
    slack.is_down = True
    assert await wrong(environ) == [
        "Slack refuses SLACK_BOT_TOKEN: HTTP status 503",
        "Slack refuses SLACK_APP_TOKEN: HTTP status 503",
    ]


@pytest.fixture
async def database(environ: dict[str, str]) -> AsyncIterator[Database]:
    opened = await Database.open(environ["DATABASE_URL"], clock=FakeClock(), replica_id="r")
    yield opened
    await opened.close()


async def test_a_database_in_use_is_left_alone(environ: dict[str, str], database: Database) -> None:
    del database
    assert any("in use by a running bot" in finding.what for finding in await look(environ))


async def test_what_was_given_up_is_told_with_its_last_error(environ: dict[str, str], database: Database) -> None:
    await migrate(database)
    jobs = Jobs(database, "r")
    async with database.write() as conn:
        await write_steps(conn, [Owed(Job("standup.close", "standup.close:S-1", NOON), NOON)])
    (claimed,) = await jobs.claim(NOON, 10)
    await jobs.finish(claimed, Outcome.DEAD, "channel_not_found")
    await database.close()

    assert await wrong(environ) == ["1 job given up; the last, standup.close:S-1: channel_not_found"]


async def test_all_that_was_given_up_is_counted_however_much_it_is(
    environ: dict[str, str], database: Database
) -> None:
    await migrate(database)
    jobs, inbox = Jobs(database, "r"), Inbox(database, "r")
    async with database.write() as conn:
        await write_steps(conn, [Owed(Job("a.b", f"a:{n}", NOON), NOON) for n in range(101)])
        await put(conn, [Put(f"p{n}", "C1", "x", ()) for n in range(102)], NOON)
        await conn.exec_driver_sql("UPDATE outbox SET state = 'dead', reason = 'is_archived'")
    for claimed in await jobs.claim(NOON, 200):
        await jobs.finish(claimed, Outcome.DEAD, "no")
    for n in range(103):
        await inbox.receive("github", f"{n}", {}, b"{}", NOON)
    for delivery in await inbox.claim(NOON, 200):
        await inbox.dead(delivery, "a", "missing")
    await database.close()

    told = [what.partition(";")[0] for what in await wrong(environ)]
    assert told == ["102 messages not sent", "101 jobs given up", "103 deliveries not understood"]


async def test_a_database_of_a_newer_version_is_told(environ: dict[str, str], database: Database) -> None:
    await migrate(database)
    async with database.write() as conn:
        await conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await database.close()

    (found,) = await wrong(environ)
    assert "was changed by a newer version (9999" in found


@pytest.mark.parametrize(
    ("verbs", "roles", "said"),
    [
        ("deploy.who", "owners", "deploy.who: about no service, which has no owners, so nobody may do it"),
        (
            "[deploy.who, deploy]",
            "owners",
            "deploy.who: about no service, which has no owners, so nobody may do it",
        ),
        (
            "[deploy.mute, deploy.who]",
            "[owners, admins]",
            "deploy.mute, deploy.who: about no service, which has no owners, so owners may not do it by this rule",
        ),
        ("deploy.*", "owners", ""),
        ("deploy.approve", "owners", ""),
        ("deploy.who", "admins", ""),
    ],
)
async def test_a_rule_for_the_owners_of_what_has_none_is_told(
    environ: dict[str, str], tmp_path: Path, verbs: str, roles: str, said: str
) -> None:
    (tmp_path / "team.yml").write_text(f"{TEAM}policy: [{{verbs: {verbs}, roles: {roles}}}]\n")

    assert await wrong(environ) == ([f"policy.1: {said}"] if said else [])


def test_verbs_say_whether_they_can_be_about_a_service() -> None:
    verbs = {verb.action: verb for command in discovery.commands().values() for verb in command.verbs.values()}
    able = {name for name, verb in verbs.items() if may_name_services(verb)}
    assert {"deploy", "deploy.approve", "release.publish", "monitor.cover", "plan.show"} & set(verbs) <= able
    assert {"deploy.who", "flow", "standup.start"}.isdisjoint(able)


async def test_a_source_that_the_team_file_sets_up_is_heard_or_missed(
    environ: dict[str, str], tmp_path: Path
) -> None:
    readings = (
        "sources: {generic: {mine: {name: a, status: b}}, sns: {topics: ['arn:aws:sns:eu-west-1:123456789012:a']}}"
    )
    (tmp_path / "team.yml").write_text(TEAM + readings)
    said = [finding.what for finding in await look(environ)]
    assert "webhooks are heard from github, sns" in said
    assert "sources.generic is set up, but generic has no secret: its webhooks are refused" in said

    (tmp_path / "team.yml").write_text(TEAM)
    said = [finding.what for finding in await look(environ | {"EIGHTBELLS_HOOK_SECRET_GENERIC": "hook-secret"})]
    assert "generic has a secret, but nothing to go by: its webhooks are refused" in said


async def test_a_source_that_needs_no_setting_up_is_missed_only_where_it_is_set_up(
    environ: dict[str, str], tmp_path: Path
) -> None:
    assert await wrong(environ) == []
    assert "webhooks are heard from argocd, github" in [
        finding.what for finding in await look(environ | {"EIGHTBELLS_HOOK_SECRET_ARGOCD": "hook-secret"})
    ]

    apps = "sources: {argocd: {apps: {shop: {service: web, environment: production}}}}"
    (tmp_path / "team.yml").write_text(f"{TEAM}services: {{web: }}\n{apps}")
    assert await wrong(environ) == ["sources.argocd is set up, but argocd has no secret: its webhooks are refused"]


async def test_a_token_for_an_environment_that_there_is_not_lets_nobody_in(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    found = await wrong(
        environ
        | {
            "EIGHTBELLS_OFREP_TOKEN_PRODUCTION": "token-one",
            "EIGHTBELLS_OFREP_TOKEN_PRODUKTION": "token-two",
            "EIGHTBELLS_FLAGD_FOLDER": str(tmp_path / "file"),
        }
    )
    assert found == [
        "EIGHTBELLS_OFREP_TOKEN_PRODUKTION: there is no such environment",
        f"EIGHTBELLS_FLAGD_FOLDER: {tmp_path / 'file'} is no folder to write to",
    ]


ELSEWHERE = """
services:
  a: { repository: org/a, deploy: { github_workflow: { file: deploy.yml, inputs: { at: "{sha}" } } } }
  b: { repository: "gitlab:org/b", deploy: { gitlab_pipeline: {} } }
  c: { deploy: { http: { url: "https://deployer.example.com" } } }
  d: { repository: org/d, deploy: { github_deployment: {} } }
"""


BOUND = """
services:
  a: { repository: org/a, deploy: { run: [sh, deploy, "{version}"] } }
  b: { repository: org/b, deploy: { run: [sh, deploy, "{version}", "at={sha}"] } }
  c: { repository: org/c, artifact: "r.io/c:{version}", deploy: { run: [sh, deploy, "{artifact}"] } }
  d: { repository: org/d, deploy: { github_workflow: { file: d.yml, inputs: { v: "{version}" } } } }
  e: { repository: org/e, deploy: { github_workflow: { file: e.yml, inputs: { v: "{version}", at: "{sha}" } } } }
  f: { repository: org/f, deploy: { github_workflow: { file: f.yml, ref: "{version}" } } }
  g: { repository: "gitlab:org/g", deploy: { gitlab_pipeline: { variables: { V: "{version}" } } } }
  h: { repository: "gitlab:org/h", deploy: { gitlab_pipeline: { ref: main, variables: { V: "{version}" } } } }
  i: { repository: org/i, deploy: { github_deployment: {} } }
  j: { deploy: { run: [sh, deploy, "{version}"] } }
  k: { repository: org/k, deploy: { http: { url: "https://deployer.example.com" } } }
"""


async def test_a_target_that_is_told_no_commit_and_no_image_is_named(environ):
    Path(environ["EIGHTBELLS_CONFIG"]).write_text(TEAM + BOUND)
    found = [what for what in await wrong(environ) if "neither {sha} nor {artifact}" in what]

    assert [what.split(".")[1] for what in found] == ["a", "d", "h"]


async def test_what_deploys_elsewhere_needs_tokens_and_a_secret(environ):
    Path(environ["EIGHTBELLS_CONFIG"]).write_text(TEAM + ELSEWHERE)
    found = await wrong(environ)

    assert "a, d: deployed by GitHub, which starts nothing without a token" in found
    assert "b: deployed by GitLab, which starts nothing without a token" in found
    assert "c: deployed over HTTP, and there is no secret to sign the request with" in found
    assert "c: the deployer is not told where to report back" in found
    given = {
        "GITHUB_TOKEN": "ghp_12345678",
        "GITLAB_TOKEN": "glpat-12345678",
        "EIGHTBELLS_HOOK_SECRET_DEPLOYS": "12345678",
        "EIGHTBELLS_URL": "https://bot.example.com",
    }
    assert not [what for what in await wrong(environ | given) if "deploy" in what]


UNSEEN = """
services:
  a: { repository: org/a, deploy: { run: [sh, deploy, "{sha}"] } }
  b: { deploy: { run: [sh, deploy, "{version}"] } }
  c: { }
"""


async def test_required_checks_that_nothing_can_pass_are_named(environ):
    stages = "environments: {production: {checks: [ci, 'cdevents:e2e']}, staging: }\n"
    Path(environ["EIGHTBELLS_CONFIG"]).write_text(TEAM.partition("environments")[0] + stages + UNSEEN)

    found = [what for what in await wrong(environ) if what.startswith("environments.")]

    assert found == [
        "environments.production.checks: nothing of b can start there, as no code host tells of its checks",
        "environments.production.checks: cdevents:e2e can never pass, as CDEvents do not name a commit",
    ]


OWN_SERVERS = """
services:
  a: { repository: { github: org/a, github_api: "https://ghe.example.com/api/v3" }, deploy: { github_deployment: {} } }
  b: { repository: { gitlab: org/b, gitlab_api: "https://git.example.com:8443/api/v4" } }
"""


async def test_a_host_without_a_token_and_a_token_without_a_host_are_named(environ):
    Path(environ["EIGHTBELLS_CONFIG"]).write_text(TEAM + OWN_SERVERS)
    found = await wrong(environ | {"GITHUB_TOKEN": "ghp_12345678", "GITLAB_TOKENS": "old.example.com=glpat-1234"})

    assert "a: deployed by ghe.example.com, which starts nothing without a token" in found
    assert "b: git.example.com:8443 has no token, so only what is public is read" in found
    assert "GITHUB_TOKEN: no service is at api.github.com" in found
    assert "GITLAB_TOKENS: no service is at old.example.com" in found
    given = {"GITHUB_TOKENS": "ghe.example.com=ghp_1234", "GITLAB_TOKENS": "git.example.com:8443=glpat-1234"}
    assert not [what for what in await wrong(environ | given) if "token" in what.lower()]


WORD = "correct-horse-battery"
LOGIN = f"bot:{WORD}@git.example.com/shop"
IN_THE_WRONG_PLACE = [
    f"name: *{WORD}",
    f"name: !{WORD} x",
    f"name: !!{WORD} x",
    f"services: {{web: {{deploy: {{http: {{url: {WORD}}}}}}}}}",
    f"cdevents: {WORD}",
    f"tickets: {{url: {WORD}}}",
    *(
        line.replace("LOGIN", each)
        for each in (f"{LOGIN}", f"https//{LOGIN}", f"https:/{LOGIN}", f"https://{LOGIN}")
        for line in (
            'services: {web: {repository: "LOGIN"}}',
            'services: {web: {repository: {gitlab: "LOGIN"}}}',
            'services: {web: {repository: {github: a/b, github_api: "LOGIN"}}}',
            'services: {web: {artifact: "LOGIN"}}',
            'services: {web: {channel: "LOGIN"}}',
            'services: {web: {deploy: {run: [ls], limit: "LOGIN"}}}',
            'roles: {a: ["LOGIN"]}',
            'policy: [{verbs: ["LOGIN"], roles: [members]}]',
            'tickets: {url: "LOGIN"}',
            'sources: {sns: {topics: ["LOGIN"]}}',
        )
    ),
]


@pytest.mark.parametrize("line", IN_THE_WRONG_PLACE)
async def test_what_may_be_a_password_in_the_wrong_place_of_the_team_file_is_not_repeated(
    environ: dict[str, str], line: str
) -> None:
    Path(environ["EIGHTBELLS_CONFIG"]).write_text(f"{line}\n")

    told = "\n".join(f"{one.what} {one.todo}" for one in await look(environ))
    assert "team.yml" in told
    assert WORD not in told


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("SLACK_API_URL", WORD, ["SLACK_API_URL: is no address; Slack's is https://slack.com/api/"]),
        (
            "SLACK_API_URL",
            f"https://h:{WORD}/",
            ["SLACK_API_URL: is no address; Slack's is https://slack.com/api/"],
        ),
        (
            "EIGHTBELLS_URL",
            "https://[h/",
            ["EIGHTBELLS_URL: is no address; write https://host or https://host/path"],
        ),
        ("SLACK_API_URL", "https://[h/", ["SLACK_API_URL: is no address; Slack's is https://slack.com/api/"]),
        (
            "DATABASE_URL",
            WORD,
            ["DATABASE_URL: is no database; write sqlite:///path, or postgresql://host/name with who asks"],
        ),
        (
            "EIGHTBELLS_REGISTRY_AUTH",
            f'{{"auths": {{"{WORD}": 7}}}}',
            ["EIGHTBELLS_REGISTRY_AUTH: is no docker config.json: entry 1 of auths should be a group of keys"],
        ),
    ],
)
async def test_a_setting_that_cannot_be_right_is_one_sentence_without_it(
    environ: dict[str, str], variable: str, value: str, told: list[str]
) -> None:
    assert await wrong(environ | {variable: value}) == told


def test_our_own_sentences_are_read_as_they_were_written() -> None:
    """What we say ourselves holds no secret, so that hiding a part of it hides what to do."""
    mangled = [
        (str(path), node.value)
        for path in [*Path("bot/operator").glob("*.py"), *Path("bot/config").glob("*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if Redaction().text(node.value) != node.value
    ]
    assert mangled == [("bot/config/settings.py", Settings.model_fields["database_url"].description)]
