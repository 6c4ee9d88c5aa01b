"""The command line: arguments only; what they do is elsewhere."""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from bot.config import ConfigErrors, Settings, known_secrets, load, read_settings
from bot.runtime.clock import SystemClock

T = TypeVar("T")

cli = typer.Typer(
    name="eightbells",
    help="A self-hosted Slack bot that keeps a team's whole DevOps flow in chat, on one ledger.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.command()
def run() -> None:
    """Serve a Slack workspace until stopped; settings come from the environment and the team file."""
    from bot.app import serve  # noqa: PLC0415  so that --help and check need not load everything

    try:
        settings, team = load(os.environ)
    except ConfigErrors as errors:
        _give_up(f"{errors}\n`eightbells check` looks at everything else too.")
    _guarded(lambda: serve(settings, team, stop=_stopped()))


@cli.command(name="try")
def try_(
    port: Annotated[int, typer.Option(help="of the page in the browser; 0 takes a free one")] = 3001,
    bot_port: Annotated[int, typer.Option(help="of the bot, for webhooks; 0 takes a free one")] = 3000,
    folder: Annotated[Path, typer.Option(help="where the demonstration's files are made")] = Path("data/try"),
    socket_mode: Annotated[bool, typer.Option(help="speak Socket Mode instead of HTTP")] = False,
    with_tokens: Annotated[
        bool, typer.Option(help="use GITHUB_TOKEN and GITLAB_TOKEN, for services that you deploy there")
    ] = False,
) -> None:
    """Start the bot with a local stand-in for a workspace; no Slack account is needed."""
    from bot.try_out.run import try_out  # noqa: PLC0415

    how = {"socket_mode": socket_mode, "with_tokens": with_tokens}
    _guarded(lambda: try_out(folder, page_port=port, bot_port=bot_port, stop=_stopped(), **how))


@cli.command()
def check() -> None:
    """Name every mistake in settings, team file, database, tokens, scopes and channels at once."""
    from bot import discovery  # noqa: PLC0415
    from bot.operator import check as operator_check  # noqa: PLC0415
    from bot.runtime.findings import Severity  # noqa: PLC0415
    from bot.slack import manifest  # noqa: PLC0415
    from bot.stages.flow.authorise import may_name_services  # noqa: PLC0415

    verbs = [verb for command in discovery.commands().values() for verb in command.verbs.values()]
    found = asyncio.run(
        operator_check.findings(
            os.environ,
            clock=SystemClock(),
            scopes=manifest.scopes(),
            actions={verb.action: may_name_services(verb) for verb in verbs},
            sources=discovery.sources(),
        )
    )
    signs = {Severity.FINE: "ok      ", Severity.WARNING: "warning ", Severity.MISTAKE: "mistake "}
    for one in found:
        typer.echo(f"{signs[one.severity]}{one.what}")
        if one.todo:
            typer.echo(f"        {one.todo}")
    if any(one.severity is Severity.MISTAKE for one in found):
        raise typer.Exit(1)


@cli.command()
def migrate() -> None:
    """Bring the database to this version's tables; `run` does the same at its start."""
    from bot.operator.commands import migrate_now  # noqa: PLC0415

    _say(_guarded(lambda: migrate_now(_settings())))


@cli.command()
def vacuum() -> None:
    """Make SQLite's file as small as what is in it, while the bot is stopped; takes twice its space meanwhile."""
    from bot.operator.commands import vacuum  # noqa: PLC0415

    _say(_guarded(lambda: vacuum(_settings())))


@cli.command(name="manifest")
def manifest_(
    url: Annotated[str, typer.Option(help="public https address, for requests over HTTP")] = "",
    prefix: Annotated[str, typer.Option(help="begins every slash command's name")] = "",
    output: Annotated[Path | None, typer.Option(help="write here instead of printing")] = None,
) -> None:
    """Print the app manifest for api.slack.com, made from the commands that there are."""
    from bot import discovery  # noqa: PLC0415
    from bot.slack import manifest  # noqa: PLC0415

    text = manifest.manifest(discovery.commands(), url=url or None, prefix=prefix)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


@cli.command()
def replay(
    kind: Annotated[str, typer.Argument(help="message, job or delivery; nothing lists what is dead")] = "",
    letter: Annotated[str, typer.Argument(help="which one, as listed")] = "",
) -> None:
    """List what could not be said or done, or give one of it another chance."""
    from bot.operator.commands import list_dead, revive  # noqa: PLC0415

    settings = _settings()
    _say(_guarded(lambda: revive(settings, kind, letter) if kind else list_dead(settings)))


@cli.command()
def audit(
    known: Annotated[
        str, typer.Argument(help="a head that was kept elsewhere (PLACE:DIGEST): everything must agree with it")
    ] = "",
    head: Annotated[bool, typer.Option("--head", help="only print the head, to be kept elsewhere")] = False,
    since: Annotated[str, typer.Option(help="a head that was kept: read only what came after it")] = "",
    export: Annotated[
        Path | None, typer.Option(help="write the ledger as JSON lines, for docs/verify.py; - is standard output")
    ] = None,
) -> None:
    """Check the ledger against its chain of hashes, and votes against the ledger. It only reads, beside the bot.

    With a head that was kept where nobody with the database can write, it proves that everything up to that head is as
    it was. Without one it does not prove anything against somebody who can write to the database: they can make the
    whole chain anew. Against whom it proves what: docs/auditing.md.
    """
    from bot.operator import audit as operator_audit  # noqa: PLC0415

    if head:
        _say(_guarded(lambda: operator_audit.head(_settings())))
    elif export is not None:
        _say(_guarded(lambda: operator_audit.export(_settings(), export)), err=True)
    else:
        whole, text = _guarded(lambda: operator_audit.audit(_settings(), known=known, since=since))
        _say(text)
        if not whole:
            raise typer.Exit(1)


def main() -> None:
    """The console script ``eightbells``."""
    # What is imported at the start stays for good: looking for garbage in it, again and again while it grows, is a
    # tenth of the time until we are ready. ``bot.app`` turns the collector on once it is.
    gc.disable()
    cli()


def _settings() -> Settings:
    settings, wrong = read_settings(os.environ, serving=False)
    if settings is None or wrong:
        _give_up(str(ConfigErrors(wrong)))
    return settings


def _guarded(work: Callable[[], Awaitable[T]]) -> T:
    """Run it; what an operator can mend is said in a sentence, without a traceback."""
    from bot.operator.commands import MENDABLE  # noqa: PLC0415

    async def all_of_it() -> T:
        return await work()

    try:
        return asyncio.run(all_of_it())
    except MENDABLE as problem:
        _give_up(str(problem) or type(problem).__name__)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _stopped() -> asyncio.Event:
    """Set by SIGTERM or Ctrl-C; a second one ends at once."""
    from bot.runtime.draining import end_in_time  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first(name: signal.Signals) -> None:
        end_in_time()
        stop.set()
        loop.remove_signal_handler(name)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, first, name)
    return stop


def _give_up(sentence: str) -> NoReturn:
    _say(sentence, err=True)
    raise typer.Exit(1)


def _say(text: str, *, err: bool = False) -> None:
    """Print it without secrets: what a database or a library says may hold the address that it was given."""
    from bot.runtime.redaction import Redaction  # noqa: PLC0415

    typer.echo(Redaction(known_secrets(os.environ)).text(text), err=err)


if __name__ == "__main__":
    main()
