"""How long notes take once their commits are read: ``python -m benchmarks.notes [commits …]``.

A real git repository of so many commits (bodies with trailers, one in ten a merge) is read with the git program, then
drafted in three voices, cut into messages and rendered, as publishing does.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.core.people import Person
from bot.core.team import Repository
from bot.slack.rendering.render import Rendering
from bot.stages.code.model.ports import Commit
from bot.stages.release.cards import TEMPLATES
from bot.stages.release.model import notes
from bot.stages.release.model.draft import Drafted, of_commits
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import Post
from bot.stages.release.model.rules import ReleaseRules
from bot.vendors.local.git import LocalGit

KINDS = ("feat(checkout)", "fix", "perf(search)", "chore", "fix(api)", "feat", "docs", "fix(cart)", "feat(a11y)")
ANA = Person("U0ANA", "Ana")
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def history(commits: int) -> Iterator[str]:
    """What ``git fast-import`` reads."""
    for n in range(1, commits + 1):
        who = f"Ana <{n % 40}+dev{n % 40}@users.noreply.github.com> {1_700_000_000 + n * 600} +0000"
        subject = (
            f"Merge pull request #{n} from org/branch"
            if n % 10 == 0
            else f"{KINDS[n % len(KINDS)]}: make thing {n} work & <stay> that way (#{n})"
        )
        trailer = f"Release-Note: Thing {n} works.\nOps-Note: Watch thing {n}.\n" if n % 3 == 0 else ""
        message = f"{subject}\n\nWhy it is done, in a few words, for C-{n % 90 + 1}.\n{trailer}"
        yield f"commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {len(message.encode())}\n{message}\n"


def published(commits: Sequence[Commit]) -> tuple[Release, Drafted]:
    """The release of these commits, in three channels."""
    asked = Release(service="web", asked_by=ANA.id, asked_name=ANA.name, asked_at=AT, id="R-1")
    drafted = of_commits(commits)
    draft = asked.drafted(
        drafted,
        since="v1",
        until="v2",
        version="v2",
        sha=commits[0].sha,
        commits=len(commits),
        changes=(),
        rules=ReleaseRules(),
        at=AT,
    )
    return draft.publish(ANA.id, ANA.name, [Post(voice, f"#{voice}") for voice in Voice], AT), drafted


def rendered(release: Release, render: Rendering) -> int:
    """Render every message of every voice; gives how many there are."""
    count = 0
    for post in release.posts:
        parts = notes.pages(release.shown(post.voice))
        for number, part in enumerate(parts, start=1):
            render(TEMPLATES[post.voice], {"release": release, "notes": part, "part": number, "parts": len(parts)})
        count += len(parts)
    return count


async def measure(commits: int, render: Rendering) -> None:
    """Print the times of one size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        subprocess.run(["git", "-C", folder, "init", "-q", "-b", "main"], check=True)
        stream = "".join(history(commits)).encode()
        subprocess.run(["git", "-C", folder, "fast-import", "--quiet"], input=stream, check=True)
        began = time.perf_counter()
        found = await LocalGit().commits(Repository(git=str(path)), None, "main")
        reading = time.perf_counter() - began
    began = time.perf_counter()
    release, drafted = published(found)
    drafting = time.perf_counter() - began
    messages = rendered(replace(release), render)
    making = time.perf_counter() - began
    lines = sum(each.count for each in drafted.notes.values())
    print(
        f"{commits:6,} commits: read in {reading:.2f} s; drafted in {drafting:.2f} s ({lines:,} lines, 3 voices), "
        f"{messages} messages rendered in {making - drafting:.2f} s; in all {making:.2f} s, "
        f"{making / reading:.1f} times the reading"
    )


def main(sizes: Sequence[int]) -> None:
    """Measure each size."""
    render = Rendering()
    render.warm()
    for size in sizes:
        asyncio.run(measure(size, render))


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [2_000, 10_000])
