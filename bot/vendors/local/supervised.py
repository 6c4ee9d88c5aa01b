"""Runs one command and ends whatever it leaves behind. A program of its own: ``python supervised.py [program, …]``.

It is the subreaper of its command (prctl(2)): what leaves the group by ``setsid`` or a double fork stays below it. So
several commands, and whatever else runs beside the bot, never meet. SIGTERM is passed on to all of them, SIGUSR1 ends
them at once. It ends as the command has ended: with its exit status, or by its signal.
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
CANNOT_START = 127
GRACE_SECONDS, PAUSE_SECONDS = 0.5, 0.01
DEFAULTED = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them, and children would


def descendants() -> list[int]:
    """Ids of all processes below this one that have not ended."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The name in parentheses may hold anything, spaces and parentheses too: proc_pid_stat(5).
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
            except OSError:  # it has ended since
                continue
            if state != b"Z":
                parents[int(name)] = int(parent)
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return sorted(below - {os.getpid()})


def send(number: int) -> None:
    """This signal to all of them."""
    for pid in descendants():
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def reap() -> None:
    """Take the ends of those who have ended, so that none stays as a zombie."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def end_all() -> None:
    """Nothing below is left afterwards: asked first, then forced."""
    if descendants():
        send(signal.SIGTERM)
    until = time.monotonic() + GRACE_SECONDS
    while descendants():
        if time.monotonic() > until:
            send(signal.SIGKILL)
        reap()
        time.sleep(PAUSE_SECONDS)


def start(arguments: list[str]) -> int:
    """The command in a session of its own; gives its id. Where it cannot be started, its end says why."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for number in (*DEFAULTED, signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(arguments[0], arguments)  # noqa: S606  a list, and no shell
    except OSError as error:
        os.write(1, f"Cannot start {arguments[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(CANNOT_START)


def main(arguments: list[str]) -> int:
    """Run it to its end; gives the exit status to end with."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        os.write(1, f"Cannot watch over {arguments[0]}: {os.strerror(ctypes.get_errno())}\n".encode())
        return CANNOT_START
    command = start(arguments)
    signal.signal(signal.SIGTERM, lambda *_: send(signal.SIGTERM))
    signal.signal(signal.SIGUSR1, lambda *_: send(signal.SIGKILL))
    while True:
        pid, status = os.wait()
        if pid == command:
            break
    end_all()
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    if -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
