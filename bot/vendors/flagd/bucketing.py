"""The hash that says who is within a share: murmur3, as flagd has it."""

import mmh3


def murmur3(data: bytes) -> int:
    """murmur3 of 32 bits with seed 0, as a number from 0 to 2**32 - 1."""
    return mmh3.hash(data, signed=False)
