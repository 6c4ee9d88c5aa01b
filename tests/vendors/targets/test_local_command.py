"""Real commands: what is passed to them, what they print, and that nothing is left of them."""

import asyncio
import subprocess
import sys
import time
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from bot.core.deploy_targets import Command
from bot.stages.deploy.model.ports import Finished, Line
from bot.vendors.kit.output import LINE_MAX, Lines
from bot.vendors.local.command import LocalCommand

VALUES = {"service": "web", "version": "v1.4.0", "environment": "production", "sha": "f" * 40, "deployment": "D-12"}
QUICK = LocalCommand(grace=timedelta(milliseconds=200))


def python(code: str, *more: str, **options) -> Command:
    return Command((sys.executable, "-u", "-c", code, *more), **options)


async def run(command: Command, values=VALUES) -> tuple[list[str], Finished]:
    async with aclosing(QUICK.run(command, values)) as items:
        *lines, finished = [item async for item in items]
    assert isinstance(finished, Finished)
    return [line.text for line in lines if isinstance(line, Line)], finished


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def gone(pid: int) -> bool:
    """Whether it ends within a second; signals take a moment to arrive."""
    for _ in range(100):
        if not is_running(pid):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_values_stay_within_their_argument():
    code = "import sys; print(sys.argv[1:])"
    hostile = VALUES | {"version": 'v1 {sha}; rm -rf / $(id) && "x"'}

    lines, finished = await run(python(code, "{service}@{version}", "{other}", "--to={environment}"), hostile)

    assert finished == Finished(0)
    assert finished.ok
    assert lines == [str(["web@" + hostile["version"], "{other}", "--to=production"])]


async def test_it_knows_the_deployment_and_none_of_our_secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    code = "import os; print(os.getcwd()); [print(f'{k}={v}') for k, v in sorted(os.environ.items())]"

    lines, _ = await run(python(code, directory=str(tmp_path)))

    assert lines[0] == str(tmp_path.resolve())
    assert "EIGHTBELLS_VERSION=v1.4.0" in lines
    assert "EIGHTBELLS_DEPLOYMENT=D-12" in lines
    assert not [line for line in lines if "secret" in line]
    names = {line.partition("=")[0] for line in lines[1:] if not line.startswith("EIGHTBELLS_")}
    assert names <= {"PATH", "HOME", "LANG", "TZ", "LC_CTYPE"}


async def test_both_streams_arrive_and_the_exit_code_is_kept():
    lines, finished = await run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))

    assert sorted(lines) == ["err", "out"]
    assert finished == Finished(3)
    assert not finished.ok


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Command(("/nowhere/deploy",)), "Cannot start /nowhere/deploy: No such file"),
        (Command((sys.executable,), directory="/nowhere"), "No such file"),
        (Command(()), "names no command"),
        (Command((sys.executable, "a\0b")), "embedded null byte"),
    ],
)
async def test_what_cannot_be_started_ends_with_a_reason(command, says):
    lines, finished = await run(command)

    assert finished == Finished(127)
    assert says in lines[0]


async def test_a_signal_has_no_exit_code():
    _, finished = await run(python("import os; os.kill(os.getpid(), 9)"))

    assert finished == Finished(None)


async def test_lines_arrive_while_it_runs():
    async with aclosing(QUICK.run(python("import time; print('first'); time.sleep(60)"), VALUES)) as lines:
        assert await asyncio.wait_for(anext(lines), 10) == Line("first")


async def test_a_hanging_command_is_ended_as_a_group(tmp_path):
    pids = tmp_path / "pids"
    code = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', "
        "'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)"
    )

    lines, finished = await run(python(code, limit=timedelta(seconds=1)))

    assert finished == Finished(None, timed_out=True)
    assert lines[-1] == "Stopped: it took longer than 1 s."
    for pid in map(int, pids.read_text().split()):
        assert await gone(pid)


async def test_closing_ends_the_group():
    code = "import os, subprocess, time; print(os.getpid(), subprocess.Popen(['sleep', '60']).pid); time.sleep(60)"
    async with aclosing(QUICK.run(python(code), VALUES)) as lines:
        first = await anext(lines)
        assert isinstance(first, Line)
        pids = [int(pid) for pid in first.text.split()]
        assert all(is_running(pid) for pid in pids)

    assert [await gone(pid) for pid in pids] == [True, True]


async def test_cancelling_whoever_reads_ends_the_group():
    seen: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def read() -> None:
        async with aclosing(
            QUICK.run(python("import os, time; print(os.getpid()); time.sleep(60)"), VALUES)
        ) as lines:
            async for line in lines:
                assert isinstance(line, Line)
                seen.set_result(int(line.text))

    reading = asyncio.create_task(read())
    pid = await seen
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

    assert await gone(pid)


async def test_what_it_leaves_behind_does_not_hold_us_up():
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
    began = time.monotonic()

    lines, finished = await run(python(code))

    assert finished == Finished(0)
    assert time.monotonic() - began < 10
    assert await gone(int(lines[0]))


ESCAPES = {
    "a session of its own": "subprocess.Popen(['sleep', '60'], start_new_session=True).pid",
    "a double fork": "int(subprocess.check_output(['sh', '-c', 'setsid sleep 60 >/dev/null 2>&1 & echo $!']))",
    "deaf to SIGTERM": (
        "subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(15, signal.SIG_IGN); "
        "time.sleep(60)'], start_new_session=True).pid"
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="subreapers are Linux's")
@pytest.mark.parametrize("how", ESCAPES)
@pytest.mark.parametrize("ends", ["sys.exit(0)", "sys.exit(3)", "os.kill(os.getpid(), 9)", "time.sleep(60)"])
async def test_what_leaves_its_group_is_ended_with_it(how: str, ends: str):
    code = f"import os, subprocess, sys, time; print({ESCAPES[how]}, flush=True); time.sleep(0.3); {ends}"

    lines, finished = await run(python(code, limit=timedelta(seconds=3)))

    assert await gone(int(lines[0]))
    assert finished.timed_out == ("sleep(60)" in ends)


@pytest.mark.skipif(sys.platform != "linux", reason="subreapers are Linux's")
async def test_the_end_of_one_command_ends_nothing_of_another():
    lasting = python(
        f"import subprocess, time; print({ESCAPES['a session of its own']}, flush=True); time.sleep(60)"
    )
    async with aclosing(QUICK.run(lasting, VALUES)) as others:
        first = await anext(others)
        assert isinstance(first, Line)
        ours = subprocess.Popen(["sleep", "60"])
        lines, _ = await run(python(f"import subprocess; print({ESCAPES['a session of its own']})"))

        assert await gone(int(lines[0]))
        assert is_running(int(first.text))
        assert ours.poll() is None
        ours.kill()
        ours.wait()
    assert await gone(int(first.text))


async def test_a_flood_is_capped_and_its_end_is_kept():
    lines, finished = await run(python("for n in range(200_000): print(f'line {n}')"))

    assert finished.ok
    assert len(lines) == 5_051
    assert lines[5_000] == "… 194,950 lines left out …"
    assert lines[-1] == "line 199999"


async def test_binary_and_endless_lines_are_text():
    code = "import sys; w = sys.stdout.buffer.write; w(b'\\xff\\x00bin\\n'); w(b'x' * 5_000_000); w(b'\\nend')"

    lines, _ = await run(python(code))

    assert lines[0] == "��bin"
    assert lines[1] == "x" * (LINE_MAX - 1) + "…"
    assert lines[2:] == ["end"]


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"\x1b[31mred\x1b[0m\n", ["red"]),
        (b"10 %\r50 %\r100 %\r\n", ["100 %"]),
        ("a\u2028b\n".encode(), ["a\u2028b"]),
        (b"\n\n", ["", ""]),
        (b"", []),
        (b"\x1b]0;title\x07text\ttab\x08\n", ["text\ttab�"]),
    ],
)
def test_what_a_terminal_would_show(printed, shown):
    lines = Lines()

    assert lines.feed(printed) + lines.finish() == shown


def test_a_line_in_pieces_is_one_line():
    lines = Lines()

    assert [line for byte in "añb\n".encode() for line in lines.feed(bytes([byte]))] == ["añb"]


async def test_no_descriptor_is_left_open():
    async def open_after(command: Command) -> int:
        await run(command)
        await asyncio.sleep(0)  # a transport closes its end in the loop's next turn
        return len(list(Path("/proc/self/fd").iterdir()))

    before = await open_after(python("print(1)"))

    assert await open_after(python("print(1)")) == before
    assert await open_after(Command(("/nowhere",))) == before
