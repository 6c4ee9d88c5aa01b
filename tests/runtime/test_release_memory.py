"""What a start leaves is given back, where the C library can."""

import ctypes
import sys

import pytest

from bot.runtime import release_memory


def test_what_was_let_go_is_given_back(monkeypatch: pytest.MonkeyPatch):
    can = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "malloc_trim")
    held = [bytes(1000) for _ in range(20_000)]  # too large for Python's own arenas, so that they are the library's
    del held[:-1]  # the last one keeps the pages before it from being returned at once

    assert release_memory.give_back() is can
    monkeypatch.setattr(sys, "platform", "somewhere")
    assert release_memory.give_back() is False
