"""A change: a piece of work followed from idea to benefit, and where in the flow it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Self

from bot.core import text_limits
from bot.core.code_hosts import PullRequestName, host_and_path, host_of
from bot.core.durations import rounded
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.core.stages import Stage
from bot.core.team import Repository


class ChangeState(StrEnum):
    """Whether a change is still on its way, and if not, how it ended."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


_STANDING = {
    Stage.PLAN: "Planned",
    Stage.CODE: "In code",
    Stage.BUILD: "In build",
    Stage.TEST: "In test",
    Stage.RELEASE: "In release",
    Stage.DEPLOY: "In deploy",
    Stage.MANAGE: "Live",
    Stage.MONITOR: "Live and watched",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A piece of work, from idea to benefit.

    Attributes:
        goal: what it is to do, in a few sentences.
        benefit: what is hoped for once it is live.
        stage: the furthest stage it has reached.
        prs: pull requests that carry it, by their ids, such as ``owner/repo#12``.
        came_from: id of the feedback, the concern or the idea that it answers.
        channel: where its card is, whatever the team file says later.
    """

    PREFIX: ClassVar[str] = "C"
    FOUND_BY: ClassVar[tuple[str, ...]] = (
        *("state", "stage", "owner_id", "service", "came_from", "owner_id+state", "stage+state", "state+due"),
        "stage+state+reached_at",
    )

    title: str
    created_by: str
    created_at: datetime
    goal: str = ""
    benefit: str = ""
    owner_id: str | None = None
    due: date | None = None
    service: str | None = None
    stage: Stage = Stage.PLAN
    reached_at: datetime | None = None
    state: ChangeState = ChangeState.OPEN
    prs: tuple[str, ...] = ()
    came_from: str | None = None
    channel: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_by_name: str = ""
    id: str = ""

    @classmethod
    def plan(
        cls,
        title: str,
        by: Person,
        at: datetime,
        *,
        goal: str | None = None,
        benefit: str | None = None,
        owner_id: str | None = None,
        due: date | None = None,
        service: str | None = None,
        came_from: str | None = None,
        channel: str = "",
    ) -> Self:
        """A new change at its first stage. Raises ``Refusal`` where a text is empty or too long."""
        return cls(
            title=text_limits.line(title, "title", "title"),
            created_by=by.id,
            created_at=at,
            goal=text_limits.optional(goal, "goal", "goal"),
            benefit=text_limits.optional(benefit, "benefit", "benefit"),
            owner_id=owner_id,
            due=due,
            service=service,
            reached_at=at,
            came_from=came_from,
            channel=channel,
        )

    @property
    def is_open(self) -> bool:
        """Whether it is still on its way."""
        return self.state is ChangeState.OPEN

    @property
    def subject(self) -> Subject:
        """How the ledger names it."""
        return Subject("change", self.id)

    @property
    def standing(self) -> str:
        """Where it is, in a word or two: "Planned", "In code", "Live", "Done"."""
        return _STANDING[self.stage] if self.is_open else str(self.state).capitalize()

    def is_overdue(self, today: date) -> bool:
        """Whether its target date has passed and it has not ended."""
        return self.is_open and self.due is not None and self.due < today

    def edit(
        self,
        *,
        title: str,
        goal: str | None,
        benefit: str | None,
        owner_id: str | None,
        due: date | None,
        service: str | None,
    ) -> Self:
        """The change with other words, owner, target date and service; what is None is empty afterwards."""
        return replace(
            self,
            title=text_limits.line(title, "title", "title"),
            goal=text_limits.optional(goal, "goal", "goal"),
            benefit=text_limits.optional(benefit, "benefit", "benefit"),
            owner_id=owner_id,
            due=due,
            service=service,
        )

    def start(self, by: Person, at: datetime) -> Self:
        """The change in code, with whoever starts it as its owner if it has none.

        Raises ``Stale`` where it has ended, or is in code or further already.
        """
        self._must_be_open(at)
        if self.stage is not Stage.PLAN:
            raise Stale(f"{self.id} is in {self.stage} already. “/plan show {self.id}” says who has it.")
        return replace(self, stage=Stage.CODE, reached_at=at, owner_id=self.owner_id or by.id)

    def advance(self, stage: Stage, at: datetime) -> Self:
        """The change at this stage; itself where it is there, further on, or has ended."""
        if not self.is_open or stage.order <= self.stage.order:
            return self
        return replace(self, stage=stage, reached_at=at)

    def fall_back(self, stage: Stage, at: datetime) -> Self:
        """The change at an earlier stage, after a rollback; itself where it is not further on, or has ended."""
        if not self.is_open or stage.order >= self.stage.order:
            return self
        return replace(self, stage=stage, reached_at=at)

    def link(self, pr: str) -> Self:
        """The change with one more pull request; itself where it is there already."""
        return self if pr in self.prs else replace(self, prs=(*self.prs, pr))

    def end(self, state: ChangeState, by: Person, at: datetime) -> Self:
        """The change, done or dropped. Raises ``Stale`` where it has ended before."""
        self._must_be_open(at)
        return replace(self, state=state, ended_at=at, ended_by=by.id, ended_by_name=by.name)

    def _must_be_open(self, at: datetime) -> None:
        if self.ended_at is not None:
            ago = rounded(at - self.ended_at)
            raise Stale(
                f"{self.id} is {self.state} ({self.ended_by_name}, {ago} ago). "
                "If there is more to do, add a new change with “/plan add”."
            )


# Neither "ABC-41" nor "C-41a" names a change, but a branch such as "fix/c-41-rounding" does.
_CHANGE_ID = re.compile(r"(?<![A-Za-z0-9])[Cc]-0*([1-9][0-9]{0,8})(?![A-Za-z0-9])")
# GitHub's, and GitLab's with its groups.
_PR_URL = re.compile(
    r"(https?://[^/\s]+)/([\w.-]+(?:/[\w.-]+)+?)/(?:pull|-/merge_requests|merge_requests)/([0-9]{1,9})(?:[/?#]\S*)?"
)
_PR_NAME = re.compile(r"([\w.-]+(?::[0-9]{1,5})?(?:/[\w.-]+)+)[#!]([0-9]{1,9})")
_PR_SHORT = re.compile(r"(?:([\w.-]+)?[#!])?([0-9]{1,9})")


def change_ids_in(text: str) -> tuple[str, ...]:
    """Ids of changes that a text names, each once, in order, such as "C-41"; whether they exist is not known."""
    return tuple(dict.fromkeys(f"C-{number}" for number in _CHANGE_ID.findall(text)))


def pull_request_named(
    text: str, repositories: Mapping[str, Repository], service: str | None = None
) -> PullRequestName:
    """The pull or merge request that a text means.

    Understands an address, ``owner/repo#12``, ``group/sub/repo!12``, either after its host, ``web#12`` for a service
    of ``repositories``, and ``#12`` where ``service`` says whose. Raises ``Refusal`` where it is none of these.
    """
    wanted = text.strip().strip("<>").partition("|")[0]
    if found := _PR_URL.fullmatch(wanted):
        return PullRequestName(found[2], int(found[3]), host_of(found[1]))
    if found := _PR_NAME.fullmatch(wanted):
        host, path = host_and_path(found[1], [one.web for one in repositories.values()])
        own = repositories.get(service or "")
        is_own = not host and own is not None and own.is_named(path)
        return PullRequestName(path, int(found[2]), own.web if own and is_own else host)
    if (found := _PR_SHORT.fullmatch(wanted)) and (one := repositories.get(found[1] or service or "")):
        return PullRequestName(one.remote or "", int(found[2]), one.web)
    raise Refusal(
        f"“{text_limits.first_line(text, 60)}” names no pull request that I can place. "
        "Write it as “org/web#812”, or paste its address.",
        field="pr",
    )
