"""What of a release is live after a deployment: judged by commits where they are known, and by names where not."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from bot.core.find_or_refuse import every
from bot.core.jobs import Job
from bot.core.ports import Work
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import ROLLED_BACK, Strike

COMPARE = "release.compare"


@dataclass(frozen=True, slots=True)
class Move:
    """What a deployment brought to its readers, or took back from them, as far as it was listed.

    ``version`` and ``sha`` are the newest of it: what is live now, or what was live before it was taken back.
    ``is_whole`` says that it is all listed: a card keeps only the newest commits, and counts them from what was live
    when it was asked for.
    """

    deployment: Deployment
    goes_back: bool
    version: str
    sha: str | None
    shas: frozenset[str]
    pulls: frozenset[int]
    is_whole: bool

    @classmethod
    def of(cls, deployment: Deployment, taken: Deployment | None) -> Self:
        """``taken`` is the deployment that it rolled back, if it is a rollback."""
        ships, before = deployment.ships, deployment.before
        goes_back = bool(deployment.rolls_back) or ships.goes_back
        version, sha = deployment.version, deployment.sha
        if goes_back:
            version, sha = (taken.version, taken.sha) if taken else (ships.since, None)
            if sha is None and before is not None and before.name == version:
                sha = before.sha
            if sha is None and ships.commits:
                sha = ships.commits[0].sha  # the newest of what was taken away
        is_whole = len(ships.commits) == ships.count
        if taken is not None and taken.before is not None and taken.before.name != taken.ships.since:
            return cls(deployment, goes_back, version, sha, frozenset(), frozenset(), is_whole=False)
        shas = frozenset(commit.sha for commit in ships.commits)
        return cls(deployment, goes_back, version, sha, shas, frozenset(ships.pull_requests), is_whole)

    @property
    def was(self) -> str | None:
        """The commit that was live before, where that is known."""
        before = self.deployment.before
        return self.sha if self.goes_back else before.sha if before else None

    @property
    def can_be_compared(self) -> bool:
        """Whether the code host can tell what it changed."""
        return bool(self.was and self.deployment.sha and self.was != self.deployment.sha)

    def is_open_for(self, release: Release) -> bool:
        """Whether commits that are not listed may make a difference to its readers."""
        if self.is_whole or not self.can_be_compared:
            return False
        if not self.goes_back:
            return bool(release.struck_for(ROLLED_BACK))
        if _is(release, self.deployment.version, self.deployment.sha):
            return False
        return not release.struck_for(ROLLED_BACK).issuperset(one.number for one in release.brought)

    def numbers(self, release: Release) -> tuple[int, ...]:
        """Numbers of what it has in common with a release; all of them where it is the same commit."""
        if _is(release, self.version, self.sha):
            return tuple(release.numbers)
        return of_commits(release, self.shas, self.pulls)

    def told_to(self, release: Release, now: datetime) -> Release:
        """The release as its readers have it after this; itself where it makes no difference to them."""
        deployment = self.deployment
        if not self.goes_back:
            return release.lift(self.numbers(release), ROLLED_BACK)
        if _is(release, deployment.version, deployment.sha):
            return release.lift(release.numbers, ROLLED_BACK)
        return release.strike(struck_by(deployment, self.numbers(release), now))


def struck_by(deployment: Deployment, numbers: Sequence[int], now: datetime) -> Strike:
    """These lines, as this deployment took them back."""
    at, told_by = deployment.ended_at or now, deployment.reported_by
    return Strike(tuple(numbers), ROLLED_BACK, at, deployment.id, by=deployment.asked_by, told_by=told_by)


def of_commits(release: Release, shas: Collection[str], pulls: Collection[int] = ()) -> tuple[int, ...]:
    """Numbers of what these commits bring; what people added to the notes goes with all the rest of them."""
    found = tuple(
        one.number
        for one in release.brought
        if one.pull_request in pulls or any(sha in shas for sha in (one.sha, *one.more_shas))
    )
    return tuple(release.numbers) if found and len(found) == len(release.brought) else found


def owe_a_look(work: Work, move: Move, releases: Iterable[Release]) -> None:
    """Have the code host asked, where people have read of something.

    A card lists the newest commits only, and of two lines of history what came and not what went with it.
    """
    if move.can_be_compared and any(releases):
        args = {"deployment": move.deployment.id}
        work.owe(Job(COMPARE, f"{COMPARE}:{move.deployment.id}:{work.now:%Y%m%dT%H%M%S%f}", work.now, args))


async def move_of(work: Work, deployment: Deployment) -> Move:
    """What it did, with the deployment that it took back, if there is one."""
    taken = await work.get(Deployment, deployment.rolls_back) if deployment.rolls_back else None
    return Move.of(deployment, taken)


async def moves_so_far(work: Work, service: str, environment: str) -> list[Move]:
    """What has been deployed there, the oldest first: what became of a release that nobody had read yet."""
    done = await every(work, Deployment, service=service, environment=environment, state=State.SUCCEEDED)
    ended = sorted(done, key=lambda one: one.ended_at or one.asked_at)
    return [await move_of(work, one) for one in ended]


def _is(release: Release, version: str, sha: str | None) -> bool:
    """Whether they are the same: a branch keeps its name, so the commit decides where both are known."""
    if sha and release.sha:
        return sha == release.sha
    return version in (release.version, release.until)
