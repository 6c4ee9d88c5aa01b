"""Notes as files know them: a section of a changelog (keepachangelog.com), and the text of a release on GitHub."""

import re
from collections.abc import Iterator

from bot.stages.release.model import draft
from bot.stages.release.model.notes import Line, Voice
from bot.stages.release.model.release import Release

BODY_MAX = 125_000  # characters of a release's text; GitHub refuses more
CUT = "\n\n*The rest did not fit. The whole is in Slack.*\n"

# keepachangelog.com/en/1.1.0: Added, Changed, Deprecated, Removed, Fixed, Security; breaking ones come first.
_KEPT = {
    draft.FEATURES: "Added",
    draft.BREAKING: "Changed",
    draft.PERFORMANCE: "Changed",
    draft.OTHER: "Changed",
    draft.FIXES: "Fixed",
}
_ORDER = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")

_SPECIAL = re.compile(r"([\\*_`\[\]<>|~])")
_MENTION = re.compile(r"@(?=[A-Za-z0-9])")


def changelog(release: Release, voice: Voice = Voice.ENGINEERS) -> str:
    """The release as one section of a CHANGELOG.md."""
    at = release.published_at or release.drafted_at or release.asked_at
    sections: dict[str, list[str]] = {}
    for section in release.shown(voice).sections:
        title = _KEPT.get(section.title, section.title if section.title in _ORDER else "Changed")
        mark = "**Breaking:** " if section.title == draft.BREAKING else ""
        sections.setdefault(title, []).extend(f"- {mark}{_line(line)}" for line in section.lines)
    ordered = sorted(sections.items(), key=lambda one: _ORDER.index(one[0]))
    head = f"## [{_text(_number(release.version))}] - {at:%Y-%m-%d}\n"
    return "\n".join([head, *(f"### {title}\n\n{chr(10).join(lines)}\n" for title, lines in ordered)])


def release_text(release: Release, voice: Voice) -> str:
    """The text of a release on a code host, with what is not live struck through; cut where it is too long."""
    text = "\n".join(_body(release, voice)) + "\n"
    if len(text) <= BODY_MAX:
        return text
    return text[: text.rfind("\n", 0, BODY_MAX - len(CUT))] + CUT


def _body(release: Release, voice: Voice) -> Iterator[str]:
    if release.struck:
        yield "**Correction:** the items struck through are not live.\n"
    for section in release.shown(voice).sections:
        if section.title:
            yield f"### {_text(section.title)}\n"
        yield from (f"- {_line(line)}" for line in section.lines)
        yield ""


def _line(line: Line) -> str:
    return f"~~{_text(line.text)}~~ (not live)" if line.is_struck else _text(line.text)


def _text(text: str) -> str:
    """One line of Markdown that means nothing but itself and mentions nobody."""
    return _MENTION.sub("@<!-- -->", _SPECIAL.sub(r"\\\1", " ".join(text.split())))


def _number(version: str) -> str:
    return version[1:] if re.match(r"[vV]\d", version) else version
