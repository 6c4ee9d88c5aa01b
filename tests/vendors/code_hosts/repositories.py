"""A real git repository for tests, and a stand-in for GitHub that serves it in GitHub's shape."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

FILES = {  # by the number of the commit that writes them
    0: {"README.md": "Web\n"},
    2: {"db/0007 läuft.sql": "alter table orders\n"},
    4: {"README.md": "Web, better\n"},
}
OF_GITLAB = (
    "Merge branch 'pay' into 'main'\n\nPay in one step\n\nCloses #7\n\nSee merge request harbour/shop/web!815"
)
HOSTILE = "fix: <!channel> \x1b[31m{{ 7*7 }} & \u2028 *bold* (#812)"


def git(path: Path, *arguments: str, **more: str) -> str:
    """Run git there as somebody without a configuration; gives what it printed."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(path),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ana Keller",
        "GIT_AUTHOR_EMAIL": "ana@harbour.example",
        "GIT_COMMITTER_NAME": "Ana Keller",
        "GIT_COMMITTER_EMAIL": "ana@harbour.example",
        **more,
    }
    done = subprocess.run(["git", "-C", str(path), *arguments], env=environment, check=True, capture_output=True)
    return done.stdout.decode().strip()


def make_repository(path: Path) -> Path:
    """``main`` with six commits, three tags and some files, and a branch ``feature/x`` with one more of GitLab's."""
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    for number, message in enumerate(
        [
            "feat: begin",
            "fix: first (#1)",
            HOSTILE + "\n\nA body\nof two lines, and C-41.\n",
            "feat(checkout): pay in one step (#809)",
            "Merge pull request #813 from harbour/fix",
            "chore: tidy",
        ]
    ):
        at = f"2026-11-{number + 1:02}T09:00:00+01:00"
        for name, text in FILES.get(number, {}).items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(text)
        git(path, "add", "--all")
        git(path, "commit", "-q", "--allow-empty", "-m", message, GIT_AUTHOR_DATE=at, GIT_COMMITTER_DATE=at)
        if tag := {1: "v1.3.9", 3: "v1.4.0", 4: "v1.10.0"}.get(number):
            git(path, "tag", "-a", tag, "-m", tag)
    git(path, "switch", "-q", "-c", "feature/x")
    git(path, "commit", "-q", "--allow-empty", "-m", OF_GITLAB, GIT_COMMITTER_DATE="2026-11-09T09:00:00Z")
    git(path, "switch", "-q", "main")
    return path


class GitHubStandIn:
    """Answers as docs.github.com/en/rest says, from a repository on disk; ``fail_with`` makes it answer so instead.

    Pages hold ``page`` items at most, so that a few commits take several pages.
    """

    def __init__(self, path: Path, *, page: int = 100) -> None:
        self.path = path
        self.page = page
        self.fail_with: Callable[[], web.Response] | None = None
        # By the field of the answer that holds them.
        self.checks: dict[str, list[dict[str, Any]] | Callable[[], web.Response]] = {}
        self.meet: asyncio.Barrier | None = None  # where requests wait for one another
        self.asked: list[str] = []
        self.headers: Mapping[str, str] = {}

    def app(self) -> web.Application:
        """What a test server serves."""
        app = web.Application()
        app.router.add_get("/repos/harbour/web/commits/{ref}", self._answer(self._commit))
        app.router.add_get("/repos/harbour/web/commits", self._answer(self._commits))
        app.router.add_get("/repos/harbour/web/compare/{range}", self._answer(self._compare))
        app.router.add_get("/repos/harbour/web/tags", self._answer(self._tags))
        app.router.add_get("/repos/harbour/web/actions/runs", self._answer(partial(self._listed, "workflow_runs")))
        app.router.add_get(
            "/repos/harbour/web/commits/{ref}/check-suites", self._answer(partial(self._listed, "check_suites"))
        )
        app.router.add_get(
            "/repos/harbour/web/commits/{ref}/status", self._answer(partial(self._listed, "statuses"))
        )
        app.router.add_get("/{tail:.*}", self._answer(lambda _: _not_found()))
        return app

    def _answer(self, make: Any) -> Any:
        async def answer(request: web.Request) -> web.Response:
            self.asked.append(request.path_qs)
            self.headers = request.headers.copy()
            if self.meet:
                await self.meet.wait()
            return self.fail_with() if self.fail_with else make(request)

        return answer

    def _commit(self, request: web.Request) -> web.Response:
        try:
            sha = git(self.path, "rev-parse", "--verify", request.match_info["ref"] + "^{commit}")
        except subprocess.CalledProcessError:
            message = f"No commit found for SHA: {request.match_info['ref']}"
            return web.json_response(
                {"message": message, "documentation_url": "https://docs.github.com"}, status=422
            )
        return web.json_response(self._shaped(sha))

    def _commits(self, request: web.Request) -> web.Response:
        shas = git(self.path, "rev-list", request.query["sha"]).split()
        return self._paged(request, [self._shaped(sha) for sha in shas])

    def _compare(self, request: web.Request) -> web.Response:
        base, _, head = request.match_info["range"].partition("...")
        try:
            git(self.path, "merge-base", base, head)
        except subprocess.CalledProcessError:
            return _not_found()
        shas = git(self.path, "rev-list", "--reverse", f"{base}..{head}").split()
        behind = int(git(self.path, "rev-list", "--count", f"{head}..{base}"))
        page, size = int(request.query.get("page", 1)), int(request.query.get("per_page", 30))
        on_page = [self._shaped(sha) for sha in shas[(page - 1) * size : page * size]]
        paths = git(self.path, "diff", "-z", "--name-only", f"{base}...{head}").split("\0")
        status = ("diverged" if behind else "ahead") if shas else ("behind" if behind else "identical")
        return web.json_response(
            {
                "status": status,
                "ahead_by": len(shas),
                "behind_by": behind,
                "total_commits": len(shas),
                "commits": on_page,
                # Whatever the page of commits, files stand on the first, and there are 300 of them at most.
                "files": [{"filename": path, "status": "modified"} for path in paths if path and page == 1][:300],
            }
        )

    def _tags(self, request: web.Request) -> web.Response:
        names = git(self.path, "tag").split("\n")
        return self._paged(request, [{"name": name, "commit": {"sha": "a" * 40}} for name in names])

    def _listed(self, field: str, request: web.Request) -> web.Response:
        found = self.checks.get(field, [])
        if not isinstance(found, list):
            return found()
        sha = request.query.get("head_sha") or request.match_info["ref"]
        return self._paged(request, [one for one in found if one.get("head_sha", sha) == sha], field)

    def _paged(self, request: web.Request, items: list[Any], field: str = "") -> web.Response:
        number = int(request.query.get("page", 1))
        shown: Any = items[(number - 1) * self.page : number * self.page]
        if field:
            shown = {"total_count": len(items), field: shown}
        headers = {}
        if number * self.page < len(items):
            following = request.url.update_query(page=number + 1)
            headers["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
        return web.json_response(shown, headers=headers)

    def _shaped(self, sha: str) -> dict[str, Any]:
        name, email, at, message = git(self.path, "log", "-1", "--format=%an%x00%ae%x00%cI%x00%B", sha).split("\0")
        person = {"name": name, "email": email, "date": at}
        return {
            "sha": sha,
            "node_id": "C_kwDO",
            "commit": {"author": person, "committer": person, "message": message, "tree": {"sha": sha}},
            "author": {"login": "ana-dev"},
            "html_url": f"https://github.com/harbour/web/commit/{sha}",
        }


def _not_found() -> web.Response:
    return web.json_response({"message": "Not Found", "documentation_url": "https://docs.github.com"}, status=404)
