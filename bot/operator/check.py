"""What ``eightbells check`` looks at: everything an operator can get wrong, all of it in one go."""

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from aiohttp import ClientSession, ClientTimeout
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings, known_secrets, read_settings, read_team
from bot.config.addresses import readable
from bot.core.dead_letters import LetterKind
from bot.core.ports import Clock
from bot.core.team import Team
from bot.operator.check_deploys import deploy_findings
from bot.operator.check_groups import group_findings
from bot.operator.check_policy import policy_findings
from bot.operator.check_slack import slack_findings
from bot.runtime.clock_skew import ClockSkew
from bot.runtime.findings import Finding, fine, mistake, warning
from bot.runtime.redaction import Redaction
from bot.slack.rendering.render import Rendering
from bot.storage import migrations
from bot.storage.engine.database import Database
from bot.storage.engine.errors import AlreadyRunning, StorageUnavailable
from bot.storage.outbox.outbox import Outbox
from bot.storage.queues import dead_letters
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Jobs
from bot.vendors.kit.webhooks import Source

DATABASE = "DATABASE_URL"
SLACK_TIMEOUT = ClientTimeout(total=10)  # seconds, for each request


async def findings(
    environ: Mapping[str, str],
    *,
    clock: Clock,
    scopes: Collection[str],
    actions: Mapping[str, bool],
    sources: Mapping[str, Source],
) -> list[Finding]:
    """Look at everything that can be looked at; what one thing hides is left out, never the rest.

    Args:
        environ: the variables of the process.
        scopes: what the manifest asks for.
        actions: of every verb that discovery finds (``deploy.approve``), and whether it can be about a service.
        sources: every webhook source that it finds, by name.
    """
    found = await _found(environ, clock=clock, scopes=scopes, actions=actions, sources=sources)
    redaction = Redaction(known_secrets(environ))
    return [replace(one, what=redaction.text(one.what), todo=redaction.text(one.todo)) for one in found]


async def _found(
    environ: Mapping[str, str],
    *,
    clock: Clock,
    scopes: Collection[str],
    actions: Mapping[str, bool],
    sources: Mapping[str, Source],
) -> list[Finding]:
    settings, wrong = read_settings(environ, serving=True)
    file = settings.config if settings else Path(environ.get("EIGHTBELLS_CONFIG") or "eightbells.yml")
    team, also_wrong = read_team(file)
    found = [mistake(f"{each.where}: {each.what}", "Correct it there.") for each in (*wrong, *also_wrong)]
    if settings is not None and not wrong:
        found.append(fine("the settings are well"))
    if team is not None:
        found.append(fine(f"{file} describes {len(team.services)} services, {len(team.environments)} environments"))
        found += policy_findings(team, actions)
        found += group_findings(team)
        found += deploy_findings(settings, team)
    if settings is not None:
        found += _templates(settings)
        found += _hooks(settings, sources, team or Team())
        found += _flags(settings, team or Team())
        skew = ClockSkew(settings.slack_api_url)
        if not any(one.where == DATABASE for one in wrong):
            found += await _database(settings, clock, skew)
        async with ClientSession(timeout=SLACK_TIMEOUT, trust_env=True) as session:
            skew.hearing(session)
            client = AsyncWebClient(session=session, base_url=settings.slack_api_url, retry_handlers=[])
            found += await slack_findings(settings, team, client, scopes=scopes)
        found += skew.findings()
    return found


def _templates(settings: Settings) -> list[Finding]:
    if settings.templates is None or not settings.templates.is_dir():
        return []
    wrong = Rendering(settings.templates).mistakes()
    return [mistake(f"EIGHTBELLS_TEMPLATES: {what}", "Correct it; until then ours is used.") for what in wrong] or [
        fine(f"the templates in {settings.templates} compile")
    ]


def _hooks(settings: Settings, sources: Mapping[str, Source], team: Team) -> list[Finding]:
    """Which sources are heard: those with a secret, if the team file sets up what must be set up there."""
    secrets = set(settings.secrets_for(sources))
    idle = {name for name, source in sources.items() if source.of_team is not None and not source.of_team(team)}
    # A source that needs no setting up is given back as it is where the team file says nothing of it.
    set_up = {
        name
        for name, source in sources.items()
        if source.of_team is not None and source.of_team(team).get(name) is not source
    } - idle
    heard = (secrets | {name for name in set_up if sources[name].secret_is_optional}) - idle
    found = [
        warning(
            f"sources.{name} is set up, but {name} has no secret: its webhooks are refused",
            f"Set EIGHTBELLS_HOOK_SECRET_{_variable(name)}.",
        )
        for name in sorted(set_up - heard)
    ]
    found += [
        warning(f"{name} has a secret, but nothing to go by: its webhooks are refused", f"Set up sources.{name}.")
        for name in sorted(secrets & idle)
    ]
    if heard:
        found.append(fine(f"webhooks are heard from {', '.join(sorted(heard))}"))
    else:
        todo = f"Set EIGHTBELLS_HOOK_SECRET_<NAME> for those that you use of {', '.join(sorted(sources))}."
        found.append(warning("no source has a secret: every webhook is refused", todo))
    for name in sorted(set(settings.hook_secrets) - {source.replace("_", "-") for source in sources}):
        todo = f"Sources are {', '.join(sorted(sources))}."
        found.append(mistake(f"EIGHTBELLS_HOOK_SECRET_{_variable(name)}: there is no such source", todo))
    return found


def _flags(settings: Settings, team: Team) -> list[Finding]:
    """In which environments applications may ask for flags, if in any, and whether flagd's files can be written."""
    served = settings.ofrep_tokens_of(team.environments)
    names = ", ".join(team.environments) or "none"
    found = [
        mistake(
            f"EIGHTBELLS_OFREP_TOKEN_{_variable(name)}: there is no such environment", f"Environments are {names}."
        )
        for name, token in settings.ofrep_tokens.items()
        if token.get_secret_value() not in served.values()
    ]
    if served:
        found.append(fine(f"applications may ask for flags in {', '.join(served)}"))
    folder = settings.flagd_folder
    if folder is not None and folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK)):
        found.append(mistake(f"EIGHTBELLS_FLAGD_FOLDER: {folder} is no folder to write to", "Name another one."))
    return found


def _variable(source: str) -> str:
    return source.upper().replace("-", "_")


async def _database(settings: Settings, clock: Clock, skew: ClockSkew) -> list[Finding]:
    """Whether the database serves, whether its tables are ours, and what was given up in it."""
    url = settings.database_url.get_secret_value()
    name = readable(url)
    scheme, _, place = url.partition(":///")
    if scheme.startswith("sqlite") and not _is_file(place):
        return [fine(f"{name} will be made at the first start")]
    try:
        database = await Database.open(url, clock=clock, replica_id=f"check-{token_hex(4)}")
    except AlreadyRunning:
        return [fine(f"{name} is in use by a running bot, whose /readyz and /metrics tell the rest")]
    except (StorageUnavailable, ValueError, OSError) as problem:
        return [
            mistake(f"{name} does not serve ({type(problem).__name__})", "Look whether it runs and lets us in.")
        ]
    try:
        await skew.look(database)
        return await _in_database(database, name)
    except StorageUnavailable as problem:
        return [mistake(f"{name} does not serve: {problem}", "Look into the database's own log.")]
    finally:
        await database.close()


def _is_file(path: str) -> bool:
    return Path(path).is_file()


async def _in_database(database: Database, name: str) -> list[Finding]:
    async with database.read() as conn:
        revision = await conn.run_sync(migrations.current)
    newest = migrations.newest()
    if revision is None:
        return [fine(f"{name} is empty; its tables will be made at the first start")]
    if revision > newest:
        return [mistake(f"{name} was changed by a newer version ({revision}; this one knows {newest})", "Update.")]
    if revision < newest:
        return [warning(f"{name} is at revision {revision} of {newest}", "The next start changes it; back it up.")]
    if not await database.healthy():
        return [mistake(f"{name} takes no writes", "Look for a full disk, or a database that is read-only.")]
    return [fine(f"{name} serves"), *await _given_up(database)]


async def _given_up(database: Database) -> list[Finding]:
    """Messages, jobs and deliveries that wait for an admin: how many, and the last one's error."""
    async with database.read() as conn:
        number = await dead_letters.given_up(conn)
    messages = await Outbox(database, database.replica_id).dead(1)
    jobs = await Jobs(database, database.replica_id).dead(1)
    deliveries = await Inbox(database, database.replica_id).dead_letters(1)
    found: list[Finding] = []
    if messages:
        last = messages[0]
        todo = "Correct the cause, then send them again from the Home tab of an admin."
        many = _many(number[LetterKind.MESSAGE], "message")
        found.append(warning(f"{many} not sent; the last, {last.key} to {last.to}: {last.reason}", todo))
    if jobs:
        last_job = jobs[0]
        todo = "Correct the cause, then redo them from the Home tab of an admin."
        many = _many(number[LetterKind.JOB], "job")
        found.append(warning(f"{many} given up; the last, {last_job.job.key}: {last_job.note}", todo))
    if deliveries:
        last_one = deliveries[0]
        todo = "Correct the sender or update, then replay them from the Home tab of an admin."
        many = _many(number[LetterKind.DELIVERY], "delivery", "deliveries")
        what = f"{many} not understood; the last, of {last_one.delivery.source}"
        found.append(warning(f"{what}: {last_one.path}: {last_one.reason}", todo))
    return found or [fine("nothing was given up")]


def _many(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
