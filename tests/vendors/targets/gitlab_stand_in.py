"""A project on GitLab that runs pipelines and keeps deployments, as docs.gitlab.com/api says."""

from typing import Any

from aiohttp import web

from tests.vendors.targets.orders import GITLAB_TOKEN, SHA

PROJECT = "/api/v4/projects/harbor%2Fshop%2Fweb"  # the slashes of its path are part of its name
TRACE = (
    "section_start:1764000000:step_script\r\x1b[0K\x1b[0;mExecuting step_script\n"
    "2026-11-24T10:00:01.123456Z 01O \x1b[32;1m$ ./deploy v1.4.0\x1b[0;m\n"
    "2026-11-24T10:00:02.123456Z 01E helm: release web failed\n"
    "section_end:1764000003:step_script\r\x1b[0K\n"
    "ERROR: Job failed: exit code 1\n"
)
JOBS = [
    {"id": 73, "name": "smoke", "status": "failed", "allow_failure": False, "failure_reason": "script_failure"},
    {"id": 72, "name": "lint", "status": "failed", "allow_failure": True, "failure_reason": "script_failure"},
    {"id": 71, "name": "deploy", "status": "failed", "allow_failure": False, "failure_reason": "script_failure"},
]


class GitLabStandIn:
    """Posting to ``pipeline`` begins one, cancelling cancels it; branches move when they are told to."""

    def __init__(self) -> None:
        self.refs = {"v1.4.0": SHA, "main": SHA, "release/1.x": SHA}
        self.tags = {"v1.4.0"}
        self.moves_to: str | None = None  # between the look at a ref and the start of its pipeline
        self.cancels_to = "canceled"
        self.may_cancel = True
        self.refuses: dict[str, Any] | None = None
        self.pipelines: dict[int, dict[str, Any]] = {}
        self.variables: dict[int, list[dict[str, str]]] = {}
        self.jobs = JOBS
        self.deployments: dict[int, dict[str, Any]] = {}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:  # noqa: PLR0911  a route a line
        if request.headers.get("Authorization") != f"Bearer {GITLAB_TOKEN}":
            return web.json_response({"message": "401 Unauthorized"}, status=401)
        path = request.raw_path.partition("?")[0]  # as sent, with what is encoded in it
        if not path.startswith(f"{PROJECT}/"):
            return web.json_response({"message": "404 Project Not Found"}, status=404)
        match [request.method, *path.removeprefix(f"{PROJECT}/").split("/")]:
            case ["GET", "repository", kind, ref]:
                return self._ref(kind, ref.replace("%2F", "/"))
            case ["POST", "pipeline"]:
                return self._begin(await request.json())
            case ["POST", "deployments"]:
                return self._deploy(await request.json())
            case ["GET", "deployments"]:
                return self._deployments(request)
            case ["GET", "deployments", number] if int(number) in self.deployments:
                return web.json_response(self.deployments[int(number)])
            case ["GET", "jobs", "71", "trace"]:
                return web.Response(text=TRACE)
            case [method, "pipelines", *rest]:
                return self._pipelines(request, method, rest)
        return web.json_response({"message": "404 Not found"}, status=404)

    def _pipelines(self, request: web.Request, method: str, rest: list[str]) -> web.Response:  # noqa: PLR0911
        match [method, *rest]:
            case ["GET"]:
                wanted = {name: request.query[name] for name in ("ref", "source") if name in request.query}
                found = [
                    one for one in self.pipelines.values() if all(one[name] == wanted[name] for name in wanted)
                ]
                return web.json_response(found[::-1][: int(request.query["per_page"])])
            case ["GET", number] if int(number) in self.pipelines:
                return web.json_response(self.pipelines[int(number)])
            case ["GET", number, "variables"]:
                return web.json_response(self.variables[int(number)])
            case ["GET", _, "jobs"] if request.query["scope[]"] == "failed":
                return web.json_response(self.jobs)
            case ["POST", number, "cancel"] if self.may_cancel:
                self.pipelines[int(number)]["status"] = self.cancels_to
                return web.json_response(self.pipelines[int(number)])
            case ["POST", _, "cancel"]:
                return web.json_response({"message": "403 Forbidden"}, status=403)
        return web.json_response({"message": "404 Not found"}, status=404)

    def _ref(self, kind: str, ref: str) -> web.Response:
        if ref not in (self.tags if kind == "tags" else self.refs):
            return web.json_response({"message": f"404 {kind.title()} Not Found"}, status=404)
        return web.json_response({"name": ref} if kind == "tags" else {"id": self.refs[ref]})

    def _begin(self, asked: dict[str, Any]) -> web.Response:
        if self.refuses:
            return web.json_response(self.refuses, status=400)
        if self.moves_to:
            self.refs[asked["ref"]] = self.moves_to
        return web.json_response(self.begin(asked["ref"], asked["variables"]), status=201)

    def begin(self, ref: str, variables: list[dict[str, str]]) -> dict[str, Any]:
        """A pipeline, by whomever."""
        number = 15 + len(self.pipelines)
        self.variables[number] = [{"variable_type": "env_var", **one} for one in variables]
        self.pipelines[number] = {
            "id": number,
            "sha": self.refs[ref],
            "ref": ref,
            "status": "created",
            "source": "api",
            "yaml_errors": None,
            "web_url": f"https://gitlab.com/harbor/shop/web/-/pipelines/{number}",
        }
        return self.pipelines[number]

    def _deploy(self, asked: dict[str, Any]) -> web.Response:
        missing = [name for name in ("environment", "sha", "ref", "tag", "status") if name not in asked]
        if missing:
            return web.json_response({"error": ", ".join(f"{name} is missing" for name in missing)}, status=400)
        return web.json_response(self.register(**asked), status=201)

    def register(self, environment: str, **given: Any) -> dict[str, Any]:
        """A deployment, by whomever."""
        number = 41 + len(self.deployments)
        place = {"id": 9, "name": environment, "external_url": "https://harbor.example"}
        self.deployments[number] = {"id": number, "environment": place, "deployable": None} | given
        return self.deployments[number]

    def _deployments(self, request: web.Request) -> web.Response:
        newest_first = request.query.get("sort") == "desc"
        place = request.query["environment"]
        found = [one for one in self.deployments.values() if one["environment"]["name"] == place]
        return web.json_response(found[::-1] if newest_first else found)
