"""Gives back to the system what a start needed and nothing needs any more."""

import ctypes
import gc
import sys


def give_back() -> bool:
    """Have the C library return its free pages, where it can (glibc); whether it returned any.

    Compiling the templates and reading the team file leave about 3 MB in its hands, and it keeps them until asked.
    https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    return bool(trim and trim(0))


def look_for_garbage() -> None:
    """From now on, and never in what is there for good: see ``bot.__main__.main``."""
    gc.freeze()
    gc.enable()
