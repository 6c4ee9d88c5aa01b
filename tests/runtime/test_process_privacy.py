"""A deploy script runs as our user: it must not read our secrets out of our environment or memory."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "xoxb-from-our-environment"
PR_CAPBSET_DROP, CAP_SYS_PTRACE = 24, 19  # linux/prctl.h, linux/capability.h

# As the bot does it: a process with secrets, of which a deploy script tries to read all that there is.
BOT = """
import asyncio, os, sys
from bot.stages.deploy.model.ports import Line
from bot.core.deploy_targets import Command
from bot.vendors.local.command import LocalCommand
from bot.runtime.process_privacy import keep_to_ourselves

SCRIPT = '''
import os, sys
def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(1_000_000).decode("latin-1")
    except OSError as error:
        return str(error)
def parents(pid):
    while pid > 1 and pid != int(sys.argv[2]):
        yield pid
        pid = int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[1])
    yield pid
for pid in (*parents(os.getppid()), int(sys.argv[1])):
    print("found" if "xoxb-from-our-environment" in read(f"/proc/{pid}/environ") else "nothing")
    try:
        open(f"/proc/{pid}/mem", "rb")
        print("memory of", pid == int(sys.argv[1]))
    except OSError:
        print("no memory")
'''

async def main():
    if sys.argv[1] == "private":
        assert keep_to_ourselves({"xoxb-from-our-environment"})
    us = str(os.getpid())
    command = Command((sys.executable, "-c", SCRIPT, us, us))
    assert os.environ["SLACK_BOT_TOKEN"] == "xoxb-from-our-environment"
    async for item in LocalCommand().run(command, {}):
        print(item.text if isinstance(item, Line) else item)

asyncio.run(main())
"""


def _as_an_ordinary_user() -> None:
    """Also root in a container may not trace everything: without this right, it is as anybody else."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0)


def what_the_script_finds(how: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BOT, how],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), "SLACK_BOT_TOKEN": SECRET},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        preexec_fn=_as_an_ordinary_user,
    )
    assert "Finished(code=0" in done.stdout, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such thing")
def test_a_deploy_script_reads_none_of_our_secrets():
    assert "found" in what_the_script_finds("open"), (
        "it has to find them where nobody stops it, or this shows nothing"
    )
    found = what_the_script_finds("private")

    assert "found" not in found
    assert "memory of True" not in found


TRIAL = """
import asyncio, ctypes, os
from pathlib import Path
import bot.playground.__main__ as playground
import bot.try_out.run as trial

def told():
    with open("/proc/self/environ") as file:
        print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), "xoxb-from-our-environment" in file.read())  # PR_GET_DUMPABLE

async def run(options, port):
    told()

def prepare(folder):
    told()
    raise KeyboardInterrupt

async def started(*arguments, env, **more):
    print(sorted(name for name in env if "SECRET" in name or "TOKEN" in name), env["PATH"] == os.environ["PATH"])
    raise KeyboardInterrupt

told()
playground.run, trial._prepare = run, prepare
if os.environ["WHICH"] == "playground":
    playground.main([])
else:
    try:
        asyncio.run(trial.try_out(Path("."), page_port=0, bot_port=0, socket_mode=False, with_tokens=False, stop=None))
    except KeyboardInterrupt:
        pass
    trial.asyncio.create_subprocess_exec = started
    shared = trial._secrets({"github": 1})
    try:
        asyncio.run(trial._playground(Path(os.environ["TMPDIR"]), [], shared, "hook").__aenter__())
    except KeyboardInterrupt:
        pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such thing")
@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("playground", ["1 True", "0 True"]),
        (
            "try",
            [
                "1 True",
                "0 False",
                "['PLAYGROUND_APP_TOKEN', 'PLAYGROUND_BOT_TOKEN', 'PLAYGROUND_HOOK_SECRETS', "
                "'PLAYGROUND_SIGNING_SECRET'] True",
            ],
        ),
    ],
)
def test_the_processes_of_a_trial_keep_to_themselves(which: str, said: list[str], tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", TRIAL],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.getcwd(),
            "SLACK_BOT_TOKEN": SECRET,
            "GITHUB_TOKEN": "ghp_of_ours",
            "WHICH": which,
            "TMPDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == said
