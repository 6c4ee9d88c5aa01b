"""A stand-in for GitLab that serves a real git repository in the shapes of docs.gitlab.com/api."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.vendors.code_hosts.repositories import git

PROJECT = "harbour/shop/web"
PREFIX = "/git/api/v4"  # a GitLab below a path of its server
PAGE_MAX = 100
BODY = web.RequestKey("body", dict[str, Any])


class GitLabStandIn:
    """One private project; whoever comes without the token is told that there is none, as GitLab does.

    ``fail_with`` makes it answer so instead; pages hold ``page`` items at most; ``only_links`` leaves out the headers
    of its own that tell of pages.
    """

    def __init__(self, path: Path, token: str) -> None:
        self.path = path
        self.token = token
        self.page = PAGE_MAX
        self.only_links = False
        self.fail_with: Callable[[], web.Response] | None = None
        self.pipelines: list[dict[str, Any]] = []
        self.jobs: dict[str, list[dict[str, Any]]] = {}  # by the pipeline's id
        self.merge_requests: list[dict[str, Any]] = []
        self.releases: dict[str, dict[str, Any]] = {}
        self.timed_out = False
        self.may_write = True
        self.asked: list[str] = []
        self.headers: Mapping[str, str] = {}

    def app(self) -> web.Application:
        """What a test server serves."""
        app = web.Application()
        here = f"{PREFIX}/projects/{{id}}"
        for path, make in {
            "repository/commits/{name}": self._commit,
            "repository/commits": self._commits,
            "repository/tags/{name}": self._tag,
            "repository/tags": self._tags,
            "repository/branches/{name}": self._branch,
            "repository/compare": self._compare,
            "repository/merge_base": self._merge_base,
            "pipelines": self._pipelines,
            "pipelines/{name}/jobs": self._jobs,
            "merge_requests": self._merge_requests,
        }.items():
            app.router.add_get(f"{here}/{path}", self._answer(make))
        app.router.add_post(f"{here}/releases", self._answer(self._create))
        app.router.add_put(f"{here}/releases/{{name}}", self._answer(self._update))
        app.router.add_get("/{tail:.*}", self._answer(lambda _: absent("404 Not Found")))
        return app

    def _answer(self, make: Any) -> Any:
        async def answer(request: web.Request) -> web.Response:
            self.asked.append(request.raw_path)
            self.headers = request.headers.copy()
            if self.fail_with:
                return self.fail_with()
            is_known = (
                request.match_info.get("id") == PROJECT and request.headers.get("private-token") == self.token
            )
            if not is_known:
                return absent("404 Project Not Found")
            if request.can_read_body:
                request[BODY] = json.loads(await request.text())
            return make(request)

        return answer

    def _commit(self, request: web.Request) -> web.Response:
        return self._shaped_or(request.match_info["name"], "404 Commit Not Found")

    def _commits(self, request: web.Request) -> web.Response:
        number, size = self._asked_page(request)
        options = f"--skip={(number - 1) * size}", f"--max-count={size + 1}"
        return self._page(request, self._log(request.query.get("ref_name", "main"), *options))

    def _tag(self, request: web.Request) -> web.Response:
        return self._ref(request, "refs/tags/", "404 Tag Not Found")

    def _branch(self, request: web.Request) -> web.Response:
        return self._ref(request, "refs/heads/", "404 Branch Not Found")

    def _tags(self, request: web.Request) -> web.Response:
        names = git(self.path, "tag").split("\n")
        return self._paged(request, [{"name": name, "message": "", "commit": {"id": "a" * 40}} for name in names])

    def _compare(self, request: web.Request) -> web.Response:
        assert request.query["straight"] == "true"
        if self.timed_out:
            return web.json_response({"commits": [], "diffs": [], "compare_timeout": True})
        try:
            told = git(self.path, "diff", "-z", "--name-only", request.query["from"], request.query["to"])
        except subprocess.CalledProcessError:
            return absent("404 Ref Not Found")
        diffs = [{"old_path": path, "new_path": path, "diff": "@@"} for path in told.split("\0") if path]
        return web.json_response({"commits": [], "diffs": diffs, "compare_timeout": False})

    def _merge_base(self, request: web.Request) -> web.Response:
        refs = request.query.getall("refs[]")
        done = subprocess.run(["git", "-C", str(self.path), "merge-base", *refs], capture_output=True, check=False)
        if done.returncode > 1:
            return web.json_response({"message": f"Could not find ref: {refs}"}, status=400)
        return self._shaped_or(done.stdout.decode().strip(), "404 Merge Base Not Found")

    def _pipelines(self, request: web.Request) -> web.Response:
        found = [one for one in self.pipelines if one["sha"] == request.query["sha"]]
        return self._paged(request, found)

    def _jobs(self, request: web.Request) -> web.Response:
        return self._paged(request, self.jobs.get(request.match_info["name"], []))

    def _merge_requests(self, request: web.Request) -> web.Response:
        wanted = {int(iid) for iid in request.query.getall("iids[]")}
        assert request.query["state"] == "all"
        return self._paged(request, [one for one in self.merge_requests if one["iid"] in wanted])

    def _create(self, request: web.Request) -> web.Response:
        if not self.may_write:
            return web.json_response({"message": "403 Forbidden"}, status=403)
        tag = request[BODY]["tag_name"]
        if tag in self.releases:
            return web.json_response({"message": "Release already exists"}, status=409)
        place = f"https://git.example.com/git/{PROJECT}/-/releases/{tag}"
        self.releases[tag] = {**request[BODY], "_links": {"self": place}}
        return web.json_response(self.releases[tag], status=201)

    def _update(self, request: web.Request) -> web.Response:
        known = self.releases[request.match_info["name"]]
        known.update(request[BODY])
        return web.json_response(known)

    def _ref(self, request: web.Request, under: str, missing: str) -> web.Response:
        name = request.match_info["name"]
        found = self._log(f"{under}{name}^{{commit}}", "-1")
        return web.json_response({"name": name, "commit": found[0]}) if found else absent(missing)

    def _shaped_or(self, ref: str, missing: str) -> web.Response:
        found = self._log(f"{ref}^{{commit}}", "-1") if ref else []
        return web.json_response(found[0]) if found else absent(missing)

    def _log(self, revision: str, *options: str) -> list[dict[str, Any]]:
        fields = "%H%x00%an%x00%ae%x00%cI%x00%s%x00%B"
        try:
            told = git(self.path, "log", *options, f"--format={fields}%x01", "--end-of-options", revision, "--")
        except subprocess.CalledProcessError:
            return []
        found = (one.strip("\n").split("\0") for one in told.split("\x01") if one.strip("\n"))
        return [
            {
                "id": sha,
                "short_id": sha[:8],
                "title": title,
                "message": message,
                "author_name": name,
                "author_email": email,
                "committer_name": name,
                "committed_date": at,
                "created_at": at,
            }
            for sha, name, email, at, title, message in found
        ]

    def _paged(self, request: web.Request, items: list[Any]) -> web.Response:
        number, size = self._asked_page(request)
        return self._page(request, items[(number - 1) * size : number * size + 1])

    def _asked_page(self, request: web.Request) -> tuple[int, int]:
        return int(request.query.get("page", 1)), min(int(request.query.get("per_page", 20)), self.page)

    def _page(self, request: web.Request, items: list[Any]) -> web.Response:
        """The items, but one that there is beyond what a page holds."""
        number, size = self._asked_page(request)
        following = str(number + 1) if len(items) > size else ""
        headers = (
            {} if self.only_links else {"X-Page": str(number), "X-Per-Page": str(size), "X-Next-Page": following}
        )
        if following:
            place = request.url.update_query(page=following)
            headers["Link"] = f'<{place}>; rel="next", <{place}>; rel="first"'
        return web.json_response(items[:size], headers=headers)


def absent(message: str) -> web.Response:
    """How GitLab says no."""
    return web.json_response({"message": message}, status=404)
