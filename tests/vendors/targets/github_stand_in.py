"""A repository on GitHub that runs workflows and keeps deployments, as docs.github.com/en/rest says."""

from typing import Any

from aiohttp import web

from tests.vendors.targets.orders import GITHUB_TOKEN, OTHER_SHA, SHA

LOG = "\ufeff2026-11-24T10:00:01.1234567Z ##[group]Run ./deploy v1.4.0\n" + "".join(
    f"2026-11-24T10:00:{second:02}.0000000Z \x1b[31mstep {second}\x1b[0m\n" for second in range(2, 60)
)
STEPS = [{"name": "Check out", "conclusion": "success"}, {"name": "Roll out", "conclusion": "failure"}]
JOBS = [
    {"id": 70, "name": "build", "conclusion": "success", "steps": []},
    {"id": 71, "name": "deploy", "conclusion": "failure", "steps": STEPS},
    {"id": 72, "name": "smoke", "conclusion": "timed_out", "steps": []},
]


class GitHubStandIn:
    """Dispatches make runs, and cancelling cancels them. ``generation`` is how old a server it is.

    ``new`` tells which run it began where it is asked to, ``silent`` is older and overlooks the question, and
    ``strict`` refuses it.
    """

    def __init__(self, generation: str = "new", run_name: str = "Deploy {deployment}") -> None:
        self.generation = generation
        self.run_name = run_name
        self.runs: dict[int, dict[str, Any]] = {}
        self.deployments: dict[int, dict[str, Any]] = {}
        self.statuses: dict[int, list[dict[str, Any]]] = {}
        self.dispatched: list[dict[str, Any]] = []
        self.pending: list[str] = []
        self.merges = False
        self.refs = {"v1.4.0": SHA, "main": SHA}
        self.moves_to = ""  # where the branch stands by the time that a run of it begins
        self.log = LOG
        self.log_asked_with: list[str | None] = []
        self.log_at = ""

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._who])
        repository = "/repos/harbor/web"
        app.router.add_get(repository, self._repository)
        app.router.add_get(repository + "/commits/{ref:.+}", self._commit)
        app.router.add_post(repository + "/actions/workflows/{file}/dispatches", self._dispatch)
        app.router.add_get(repository + "/actions/workflows/{file}/runs", self._runs)
        app.router.add_get(repository + "/actions/runs/{id}", self._run)
        app.router.add_get(repository + "/actions/runs/{id}/jobs", self._jobs)
        app.router.add_get(repository + "/actions/runs/{id}/pending_deployments", self._pending)
        app.router.add_post(repository + "/actions/runs/{id}/cancel", self._cancel)
        app.router.add_get(repository + "/actions/jobs/71/logs", self._log)
        app.router.add_post(repository + "/deployments", self._deploy)
        app.router.add_get(repository + "/deployments", self._deployments)
        app.router.add_get(repository + "/deployments/{id}/statuses", self._statuses)
        return app

    def log_server(self) -> web.Application:
        """Where logs lie: somebody else's storage, at signed addresses."""
        app = web.Application()
        app.router.add_get("/signed", self._signed_log)
        return app

    @web.middleware
    async def _who(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"token {GITHUB_TOKEN}":
            return web.json_response({"message": "Bad credentials"}, status=401)
        return await handler(request)

    async def _repository(self, request: web.Request) -> web.Response:
        return web.json_response({"id": 1, "full_name": "harbor/web", "default_branch": "trunk"})

    async def _commit(self, request: web.Request) -> web.Response:
        sha = self.refs.get(request.match_info["ref"])
        if sha is None:
            return web.json_response(
                {"message": f"No commit found for SHA: {request.match_info['ref']}"}, status=422
            )
        return web.json_response({"sha": sha})

    async def _dispatch(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.dispatched.append(asked)
        if request.match_info["file"] != "deploy.yml":
            return web.json_response({"message": "Not Found", "status": "404"}, status=404)
        if self.generation == "strict" and "return_run_details" in asked:
            message = 'Invalid request.\n\n"return_run_details" is not a permitted key.'
            return web.json_response({"message": message}, status=422)
        deployment = asked.get("inputs", {}).get("deployment", "")
        run = self.begin(self.run_name.format(deployment=deployment), asked["ref"])
        if self.generation != "new" or not asked.get("return_run_details"):
            return web.Response(status=204)
        details = {"workflow_run_id": run["id"], "run_url": "https://api/…", "html_url": run["html_url"]}
        return web.json_response(details)

    def begin(self, title: str, branch: str = "main") -> dict[str, Any]:
        """A run, by whomever."""
        number = 9_000_000_000 + len(self.runs)
        self.runs[number] = {
            "id": number,
            "name": "Deploy",
            "display_title": title,
            "head_branch": branch,
            "head_sha": self.moves_to or self.refs.get(branch, OTHER_SHA),
            "event": "workflow_dispatch",
            "status": "queued",
            "conclusion": None,
            "html_url": f"https://github.com/harbor/web/actions/runs/{number}",
        }
        return self.runs[number]

    async def _runs(self, request: web.Request) -> web.Response:
        found = [run for run in self.runs.values() if run["event"] == request.query["event"]][::-1]
        return web.json_response({"total_count": len(found), "workflow_runs": found})

    async def _run(self, request: web.Request) -> web.Response:
        run = self.runs.get(int(request.match_info["id"]))
        return web.json_response(run) if run else web.json_response({"message": "Not Found"}, status=404)

    async def _jobs(self, request: web.Request) -> web.Response:
        return web.json_response({"total_count": len(JOBS), "jobs": JOBS})

    async def _pending(self, request: web.Request) -> web.Response:
        return web.json_response([{"environment": {"id": 1, "name": name}} for name in self.pending])

    async def _cancel(self, request: web.Request) -> web.Response:
        run = self.runs[int(request.match_info["id"])]
        if run["status"] == "completed":
            return web.json_response({"message": "Cannot cancel a workflow run that is completed."}, status=409)
        run |= {"status": "completed", "conclusion": "cancelled"}
        return web.json_response({}, status=202)

    async def _log(self, request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": self.log_at})

    async def _signed_log(self, request: web.Request) -> web.Response:
        self.log_asked_with.append(request.headers.get("Authorization"))
        return web.Response(text=self.log)

    async def _deploy(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if self.merges:
            return web.json_response({"message": "Auto-merged trunk into v1.4.0 on deployment."}, status=202)
        if asked["ref"] not in {SHA, OTHER_SHA, "v1.4.0"}:
            return web.json_response({"message": f"No ref found for: {asked['ref']}"}, status=422)
        number = 40 + len(self.deployments)
        self.deployments[number] = {"id": number, "sha": SHA, **asked}
        self.statuses[number] = []
        return web.json_response(self.deployments[number], status=201)

    async def _deployments(self, request: web.Request) -> web.Response:
        wanted = {name: request.query[name] for name in ("sha", "environment", "task") if name in request.query}
        found = [one for one in self.deployments.values() if all(one[name] == wanted[name] for name in wanted)]
        return web.json_response(found[::-1])

    async def _statuses(self, request: web.Request) -> web.Response:
        return web.json_response(self.statuses[int(request.match_info["id"])][::-1])

    def report(self, number: int, state: str, **more: str) -> None:
        """A status, by whoever carries it out."""
        given = {"id": sum(map(len, self.statuses.values())) + 1, "state": state, "description": "", "log_url": ""}
        self.statuses[number].append(given | more)
