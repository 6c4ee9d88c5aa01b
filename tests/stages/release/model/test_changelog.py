"""Notes as a section of a changelog and as a release's text: Markdown that means itself and mentions nobody."""

from dataclasses import replace

from bot.stages.release.model.changelog import BODY_MAX, changelog, release_text
from bot.stages.release.model.notes import Line, Notes, Section, Voice
from tests.golden.contexts.release import PUBLISHED, ROLLED


def test_a_changelog_keeps_its_headings():
    assert changelog(PUBLISHED) == (
        "## [1.4.0] - 2026-11-24\n\n"
        "### Added\n\n- Checkout: pay in one step (#809)\n\n"
        "### Changed\n\n- **Breaking:** Api: drop /v1/cart (#798)\n\n"
        "### Fixed\n\n- Prices in yen & won without decimals\n- \\<!channel\\> is \\~shown\\~ as text\n"
    )


def test_what_is_not_live_is_struck_through():
    text = release_text(ROLLED, Voice.CUSTOMERS)

    assert text.startswith("**Correction:** the items struck through are not live.\n")
    assert "- ~~Checkout takes one step instead of three.~~ (not live)" in text


def test_nobody_is_mentioned_and_nothing_is_formatted():
    hostile = Notes((Section("Other", (Line("thanks @org/team ![x](http://x) <b> `a` mail a@b.c", 1),)),))
    text = release_text(replace(PUBLISHED, notes={Voice.ENGINEERS: hostile}), Voice.ENGINEERS)

    assert "@org" not in text
    assert "@<!-- -->org/team !\\[x\\](http://x) \\<b\\> \\`a\\`" in text


def test_a_text_that_is_too_long_is_cut_at_a_line_and_says_so():
    long = Notes((Section("Other", tuple(Line("x" * 999, n) for n in range(200))),))
    text = release_text(replace(PUBLISHED, notes={Voice.ENGINEERS: long}), Voice.ENGINEERS)

    assert len(text) <= BODY_MAX
    assert text.endswith("x\n\n*The rest did not fit. The whole is in Slack.*\n")
