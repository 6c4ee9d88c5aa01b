"""Answers to the usual questions of a stand-up, as tests write them."""


def lines(*said: str) -> dict[str, str]:
    """Since last time, next, blocked by: as many of them as are given."""
    return {f"q{number}": words for number, words in enumerate(said, 1)}
