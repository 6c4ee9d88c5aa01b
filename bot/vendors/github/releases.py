"""What releases need of GitHub: pull requests with their labels, how two commits lie, and releases themselves."""

from collections.abc import Collection, Mapping
from typing import Any

from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable, MergedPull, RefUnknown, Relation, TagMoved
from bot.vendors.github.checks import GitHubChecks
from bot.vendors.github.code_host import _Absent, _name, _text

PULLS_MAX = 2_000  # of the newest pull requests that are looked through


class GitHubReleases(GitHubChecks):
    """GitHub as a ``ReleaseHost``. Writing needs a token that may (contents: write)."""

    async def relation(self, repository: Repository, since: str | None, until: str) -> Relation:
        """See ``ReleaseHost.relation``; GitHub has the whole history."""
        if since is None:
            return Relation()
        try:
            body = await self._get(
                repository, "compare/{base}...{head}{?per_page}", base=since, head=until, per_page=1
            )
        except _Absent:  # no common history; commits says so where there is no such commit
            return Relation(is_ancestor=False)
        return Relation(body.get("status") in ("ahead", "identical"))

    async def pull_requests(self, repository: Repository, numbers: Collection[int]) -> Mapping[int, MergedPull]:
        """See ``ReleaseHost.pull_requests``: those among the newest ``PULLS_MAX`` that were closed."""
        wanted = set(numbers)
        found: dict[int, MergedPull] = {}
        if not wanted:
            return found
        pages = self._pages(repository, "pulls{?state,sort,direction,per_page}", PULLS_MAX, **_NEWEST_CLOSED)
        try:
            async for body in pages:
                pull = _pull(body)
                if pull.number in wanted:
                    found[pull.number] = pull
                    if len(found) == len(wanted):
                        break
        except _Absent as absent:
            raise HostUnreachable(f"GitHub has no repository {repository.github}, or hides it from us") from absent
        return found

    async def write_release(self, repository: Repository, tag: str, sha: str, title: str, body: str) -> str:
        """See ``ReleaseHost.write_release``. GitHub would make a tag that is not there, so that is looked up first."""
        try:
            await self._get(repository, "git/ref/tags/{tag}", tag=tag)
        except _Absent as absent:
            raise RefUnknown(tag) from absent
        if (there := await self.resolve(repository, f"refs/tags/{tag}")) != sha:
            raise TagMoved(there)
        # Where the tag goes away just now, GitHub makes it anew at this commit, and not at the newest one.
        content = {"tag_name": tag, "target_commitish": sha, "name": title, "body": body}
        try:
            known = await self._get(repository, "releases/tags/{tag}", tag=tag)
        except _Absent:
            known = None
        api, place = self._api(repository), f"/repos/{_name(repository)}/releases"
        try:
            async with self._asking():
                if known is None:
                    written = await api.post(place, data=content)
                else:
                    written = await api.patch(f"{place}/{{id}}", {"id": _id(known)}, data=content)
        except _Absent as absent:
            raise HostUnreachable("GitHub does not let us write releases; the token lacks a right") from absent
        return _text(written, "html_url")


_NEWEST_CLOSED = {"state": "closed", "sort": "updated", "direction": "desc"}


def _id(release: Mapping[str, Any]) -> str:
    id = release.get("id")
    if not isinstance(id, int):
        raise HostUnreachable("GitHub's answer has no id")
    return str(id)


def _pull(body: Any) -> MergedPull:
    try:
        return MergedPull(
            int(body["number"]),
            body.get("title") or "",
            body.get("body") or "",
            (body.get("user") or {}).get("login") or "",
            tuple(label["name"] for label in body.get("labels") or ()),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostUnreachable("GitHub's answer describes a pull request in a way that I do not know") from error
