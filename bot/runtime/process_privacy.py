"""Keeps this process to itself: what runs as the same user, such as a deploy script, must not read our secrets."""

import ctypes
import os
import sys
from collections.abc import Collection

PR_SET_DUMPABLE = 4  # linux/prctl.h


def keep_to_ourselves(secrets: Collection[str] = ()) -> bool:
    """Let nobody but root read our memory and environment, or debug us; False where the system knows no such thing.

    The kernel gives ``/proc/<pid>/environ`` and ``mem`` of such a process to whoever may trace any process
    (CAP_SYS_PTRACE), and no core is dumped: prctl(2), proc(5). It lasts until the next program is executed, so that
    what we start is as it would be. Root may have rights enough to read the environment all the same (Linux 6.18 shows
    it also without CAP_SYS_PTRACE), so our ``secrets`` are blotted out there; ``os.environ`` has its own copy.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _blot_out(libc, [secret.encode() for secret in secrets])
    return True


def _blot_out(libc: ctypes.CDLL, secrets: Collection[bytes]) -> None:
    """Overwrite the values that hold a secret where the kernel shows them: in the block that we were started with."""
    block = ctypes.POINTER(ctypes.c_void_p).in_dll(libc, "environ")
    for number in range(len(os.environ) + 1):
        at = block[number]
        if at is None:
            return
        name, _, value = ctypes.string_at(at).partition(b"=")
        if any(secret in value for secret in secrets):
            ctypes.memset(at + len(name) + 1, ord("x"), len(value))
