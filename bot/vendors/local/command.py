"""Runs an allow-listed command on this machine: no shell, no secrets, and nothing of it left when it is stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import timedelta
from errno import EMFILE, ENFILE, ENOENT
from pathlib import Path

from bot.core.deploy_targets import Command, filled
from bot.stages.deploy.model.ports import Finished, Line
from bot.vendors.kit.output import Lines, Redact, as_it_is

# How long a process group may take to end by itself after SIGTERM.
GRACE = timedelta(seconds=5)
# How long who watches over a command may take to end all of it by force.
FORCED = timedelta(seconds=5)
# How long we go on reading after the command has ended: something that it left behind may hold its output open.
DRAIN = timedelta(seconds=1)
CHUNK = 65_536  # bytes
_IS_LINUX = sys.platform == "linux"
CANNOT_START = 127  # what a shell says of a command that it does not find

# What leaves its process group is found again only by its subreaper, which Linux alone has: prctl(2). Elsewhere a
# command is ended as a process group, and what left that goes on.
_SUPERVISOR = (sys.executable, "-I", "-S", str(Path(__file__).with_name("supervised.py"))) if _IS_LINUX else ()
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ")


class LocalCommand:
    """A ``Target`` that runs commands of the team file.

    Args:
        grace: how long the process group has between SIGTERM and SIGKILL.
        redact: takes secrets out of what is printed.
    """

    def __init__(self, *, grace: timedelta = GRACE, redact: Redact = as_it_is) -> None:
        self._grace = grace
        self._redact = redact

    async def run(self, command: Command, values: Mapping[str, str]) -> AsyncIterator[Line | Finished]:
        """See ``Target.run``. A command that cannot be started ends with code 127 and says why."""
        try:
            ours, process = await _started(command, values)
        except (OSError, ValueError) as error:
            yield Line(_why_not(command, error))
            yield Finished(
                CANNOT_START, note="not started: no file descriptors were left" if _lacks_descriptors(error) else ""
            )
            return
        output = await _Output.of(ours, process, command.limit)
        try:
            async for line in _lines(output, Lines(redact=self._redact)):
                yield Line(line)
            code = await output.code()
            if code is None:
                yield Line(f"Stopped: it took longer than {command.limit.total_seconds():g} s.")
                await _end(process, self._grace)
            yield Finished(code if code is not None and code >= 0 else None, timed_out=code is None)
        finally:
            output.close()
            await _end(process, self._grace)


def arguments(command: Command, values: Mapping[str, str]) -> list[str]:
    """The argument list with the values in their places; each stays within its own argument, read once."""
    return [filled(one, values) for one in command.arguments]


def environment(values: Mapping[str, str]) -> dict[str, str]:
    """What the command may know: where programs are, and what is deployed. Never a secret of ours."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {f"EIGHTBELLS_{name.upper()}": value for name, value in values.items()}


async def _started(command: Command, values: Mapping[str, str]) -> tuple[int, asyncio.subprocess.Process]:
    """The reading end of what it prints, and the command. Raises ``OSError``, ``ValueError`` with nothing left open."""
    ours, theirs = os.pipe()
    try:
        return ours, await _start(command, values, theirs)
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)


def _lacks_descriptors(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (EMFILE, ENFILE)


def _why_not(command: Command, error: Exception) -> str:
    name = command.arguments[0] if command.arguments else "nothing"
    if _lacks_descriptors(error):
        return f"Not started: the bot is out of file descriptors. Raise `ulimit -n`, then run {name} again."
    return f"Cannot start {name}: {getattr(error, 'strerror', None) or error}"


async def _start(command: Command, values: Mapping[str, str], output: int) -> asyncio.subprocess.Process:
    if not command.arguments:
        raise ValueError("the team file names no command")
    if command.directory is not None and not os.access(command.directory, os.X_OK):
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), command.directory)
    return await asyncio.create_subprocess_exec(
        *_SUPERVISOR,
        *arguments(command, values),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=command.directory,
        env=environment(values),
        start_new_session=True,  # so that it leads a group of its own, which can be ended as a whole
    )


async def _lines(output: "_Output", lines: Lines) -> AsyncIterator[str]:
    while chunk := await output.chunk():
        for line in lines.feed(chunk):
            yield line
    for line in lines.finish():
        yield line


class _Output:
    """What a command prints, until it has ended and printed everything, or its time is up."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        transport: asyncio.ReadTransport,
        process: asyncio.subprocess.Process,
        limit: timedelta,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = reader
        self._transport = transport
        self._deadline = self._loop.time() + limit.total_seconds()
        self._exit = asyncio.create_task(process.wait())
        self._reading: asyncio.Task[bytes] | None = None

    @classmethod
    async def of(cls, pipe: int, process: asyncio.subprocess.Process, limit: timedelta) -> "_Output":
        """The output that arrives at this end of a pipe, which is ours to close."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=CHUNK)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb", buffering=0)
        )
        return cls(reader, transport, process, limit)

    async def chunk(self) -> bytes:
        """The next bytes; none when nothing more is to be waited for."""
        while self._left() > 0:
            self._reading = self._reading or asyncio.create_task(self._reader.read(CHUNK))
            waited_for = {self._reading} if self._exit.done() else {self._reading, self._exit}
            await asyncio.wait(waited_for, timeout=self._left(), return_when=asyncio.FIRST_COMPLETED)
            if self._reading.done():
                chunk, self._reading = self._reading.result(), None
                return chunk
            if self._exit.done():
                self._deadline = min(self._deadline, self._loop.time() + DRAIN.total_seconds())
        return b""

    async def code(self) -> int | None:
        """The exit status (negative: the signal that ended it); None where its time was up before."""
        if not self._exit.done():
            await asyncio.wait({self._exit}, timeout=max(0.0, self._left()))
        return self._exit.result() if self._exit.done() else None

    def close(self) -> None:
        """Stop reading, whoever may still hold the other end."""
        for task in (self._reading, self._exit):
            if task is not None:
                task.cancel()
        self._transport.close()

    def _left(self) -> float:
        return self._deadline - self._loop.time()


async def _end(process: asyncio.subprocess.Process, grace: timedelta) -> None:
    """End the whole group of a command that still runs: asked first, then forced. Nothing, where it has ended."""
    if process.returncode is not None:
        return
    _signal(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(grace.total_seconds()):
            await process.wait()
    if _IS_LINUX and process.returncode is None:
        # Its children may have ignored the first signal, or left its group: who watches over them ends them all.
        _signal(process.pid, signal.SIGUSR1)
        with suppress(TimeoutError):
            async with asyncio.timeout(FORCED.total_seconds()):
                await process.wait()
    # The group is ours until the last of them is gone.
    _signal(process.pid, signal.SIGKILL)
    await process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
