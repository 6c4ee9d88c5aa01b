"""What releases need of GitLab: merge requests with their labels, how two commits lie, and releases themselves."""

from collections.abc import Collection, Mapping
from typing import Any

from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable, MergedPull, RefUnknown, Relation, TagMoved
from bot.vendors.gitlab.code_host import GitLab
from bot.vendors.gitlab.host_client import Absent, Exists, Forbidden, Query, text
from bot.vendors.kit.refs import together

BATCH = 50  # merge requests in one question; each takes some 15 characters of its address


class GitLabReleases(GitLab):
    """GitLab as a ``ReleaseHost``. Writing needs a token with the scope ``api`` and the role Developer."""

    async def relation(self, repository: Repository, since: str | None, until: str) -> Relation:
        """See ``ReleaseHost.relation``; GitLab has the whole history."""
        if since is None:
            return Relation()
        first, _, base = await together(
            self.resolve(repository, since),
            self.resolve(repository, until),
            self._merge_base(repository, since, until),
        )
        return Relation(first == base)

    async def pull_requests(self, repository: Repository, numbers: Collection[int]) -> Mapping[int, MergedPull]:
        """See ``ReleaseHost.pull_requests``."""
        wanted = sorted(set(numbers))
        batches = (wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH))
        found = await together(*(self._batch(repository, batch) for batch in batches))
        return {pull.number: pull for batch in found for pull in batch}

    async def write_release(self, repository: Repository, tag: str, sha: str, title: str, body: str) -> str:
        """See ``ReleaseHost.write_release``."""
        try:
            found = await self._api.get(repository, "repository", "tags", tag)
        except Absent as absent:
            raise RefUnknown(tag) from absent
        if (there := text(found, "commit", "id")) != sha:
            raise TagMoved(there)
        written = {"name": title, "description": body}
        try:
            try:
                made = await self._api.send(
                    "POST", repository, "releases", body={"tag_name": tag, "ref": sha, **written}
                )
            except Exists:
                made = await self._api.send("PUT", repository, "releases", tag, body=written)
        except (Absent, Forbidden) as refused:
            raise HostUnreachable("GitLab does not let us write releases; the token lacks a right") from refused
        return text(made, "_links", "self")

    async def _merge_base(self, repository: Repository, since: str, until: str) -> str:
        try:
            found = await self._api.get(repository, "repository", "merge_base", query={"refs[]": (since, until)})
        except Absent:  # no common history
            return ""
        return text(found, "id")

    async def _batch(self, repository: Repository, numbers: Collection[int]) -> list[MergedPull]:
        query: Query = {"iids[]": [str(number) for number in numbers], "state": "all", "scope": "all"}
        found = await self._api.pages(repository, "merge_requests", most=BATCH, query=query)
        return [_pull(one) for one in found]


def _pull(body: Any) -> MergedPull:
    try:
        return MergedPull(
            int(body["iid"]),
            body.get("title") or "",
            body.get("description") or "",
            (body.get("author") or {}).get("username") or "",
            tuple(str(label) for label in body.get("labels") or ()),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostUnreachable("GitLab's answer describes a merge request in a way that I do not know") from error
