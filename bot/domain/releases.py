"""A release: what a version brings, written for people, edited and then published once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from bot.domain import notes
from bot.domain.notes import Notes
from bot.domain.refusals import Refusal, Stale
from bot.domain.spans import rounded


class ReleaseState(StrEnum):
    """Where a release stands. ``FAILED``: its notes could not be drafted."""

    DRAFTING = "drafting"
    DRAFT = "draft"
    PUBLISHED = "published"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Notes for one version of one service.

    ``since`` and ``until`` are the refs that bound it, as asked for and, once drafted, as they were found;
    ``sha`` is the commit of ``until``, ``changes`` are ids such as "C-41".
    """

    PREFIX: ClassVar[str] = "R"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("service", "state", "version")

    service: str
    asked_by: str
    asked_name: str
    asked_at: datetime
    since: str = ""
    until: str = ""
    version: str = ""
    sha: str | None = None
    commits: int = 0
    changes: tuple[str, ...] = ()
    notes: Notes = field(default_factory=Notes)
    state: ReleaseState = ReleaseState.DRAFTING
    id: str = ""
    drafted_at: datetime | None = None
    edited_by: str = ""
    published_at: datetime | None = None
    published_by: str = ""
    published_name: str = ""
    channel: str = ""  # where it was published

    @property
    def name(self) -> str:
        """ "web v1.4.0", or "web" until the version is known."""
        return f"{self.service} {self.version}".strip()

    def drafted(
        self, *, since: str, until: str, sha: str, commits: int, changes: Sequence[str], notes: Notes, at: datetime
    ) -> Self:
        """With its notes. Raises ``Stale`` where it has them already."""
        self._must_be(ReleaseState.DRAFTING, at=at)
        return replace(
            self,
            since=since,
            until=until,
            version=until,
            sha=sha,
            commits=commits,
            changes=tuple(changes),
            notes=notes,
            state=ReleaseState.DRAFT,
            drafted_at=at,
        )

    def failed(self, at: datetime) -> Self:
        """Without notes, as they could not be made."""
        self._must_be(ReleaseState.DRAFTING, at=at)
        return replace(self, state=ReleaseState.FAILED)

    def edited(self, texts: Sequence[tuple[str, str]], version: str, by: str, at: datetime) -> Self:
        """With the notes as a person left them. Raises ``Stale``, and ``Refusal`` where nothing is left."""
        self._must_be(ReleaseState.DRAFT, at=at)
        written = notes.edited(texts, self.notes.folded)
        if not written.count:
            raise Refusal("Nothing is left of the notes. Leave at least one line.")
        return replace(self, notes=written, version=version.strip() or self.version, edited_by=by)

    def publish(self, by: str, name: str, channel: str, at: datetime) -> Self:
        """Published, once. Raises ``Stale``, and ``Refusal`` where there is nothing to read."""
        self._must_be(ReleaseState.DRAFT, at=at)
        if not self.notes.count:
            raise Refusal(f'The notes of {self.name} are empty. Write a line with "/release edit {self.id}" first.')
        return replace(
            self,
            state=ReleaseState.PUBLISHED,
            published_at=at,
            published_by=by,
            published_name=name,
            channel=channel,
        )

    def must_be_draft(self, at: datetime) -> None:
        """Raises ``Stale`` where its words cannot be changed (any more)."""
        self._must_be(ReleaseState.DRAFT, at=at)

    def _must_be(self, state: ReleaseState, *, at: datetime) -> None:
        if self.state is state:
            return
        if self.published_at is not None:
            ago = rounded(at - self.published_at)
            raise Stale(
                f"{self.id} {self.name} was published by {self.published_name} {ago} ago in {self.channel}."
            )
        if self.state is ReleaseState.DRAFTING:
            raise Stale(f"{self.id} is still being drafted; its notes come to {self.asked_name} by direct message.")
        if self.state is ReleaseState.FAILED:
            raise Stale(f'{self.id} has no notes, as they could not be drafted. Ask again with "/release draft".')
        raise Stale(f"{self.id} {self.name} is a draft already.")
