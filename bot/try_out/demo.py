"""Makes what `eightbells try` works with: two git repositories, a deploy script and a team file."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bot.try_out import history

HERE = Path(__file__).resolve().parent
SEED = HERE.parent / "playground" / "seed.json"
TEAM_FILE = "eightbells.yml"
SCRIPT = "deploy.py"
REPOSITORIES = {"web": history.WEB, "payments": history.PAYMENTS}
# What the captured webhooks are for of those sources that a team file sets up.
SOURCES: dict[str, Any] = {
    "sns": {"topics": ["arn:aws:sns:eu-west-1:123456789012:harbor-alarms"]},
    "generic": {
        "uptime": {
            "alerts": "checks[?state!='paused']",
            "name": "monitor.name",
            "status": "state",
            "resolved": ["up"],
            "severity": "priority",
            "summary": "reason",
            "fingerprint": "monitor.id",
            "starts_at": "since",
            "ends_at": "until",
            "url": "links.page",
            "labels": {
                "service": "tags.service",
                "environment": "tags.env",
                "region": "regions | join(', ', @)",
            },
            "annotations": {"dashboard": "links.chart"},
        }
    },
}


def make_demo(directory: Path) -> Path:
    """Fill the directory with the demo and give the path of its team file; what is there already stays.

    Raises ``OSError``, and ``subprocess.CalledProcessError`` where git fails.
    """
    directory.mkdir(parents=True, exist_ok=True)
    people = _people()
    for name, steps in REPOSITORIES.items():
        if not (directory / name / ".git").exists():
            _make_repository(directory / name, steps, people)
    shutil.copyfile(HERE / "deploy_script.py", directory / SCRIPT)
    file = directory / TEAM_FILE
    if not file.exists():
        text = "# The team of the demo. Change it as you like; it is written only where it is not there.\n"
        file.write_text(text + yaml.safe_dump(team_file(directory), sort_keys=False, allow_unicode=True), "utf-8")
    return file


def team_file(directory: Path) -> dict[str, Any]:
    """What the demo's team file holds, for the people and groups of the playground."""
    deploy = {
        "run": [sys.executable, SCRIPT, "{service}", "{version}", "{environment}", "{sha}"],
        "directory": str(directory.resolve()),
        "limit": "2m",
    }
    return {
        "name": "Harbour",
        "channels": {
            "default": "#general",
            "standup": "#standup",
            "build": "#builds",
            "test": "#builds",
            "release": "#releases",
            "deploy": "#deploys",
            "monitor": "#alerts",
        },
        "people": {
            name: {"slack": id} | ({"github": f"{name}-dev"} if name in ("ana", "tom") else {})
            for name, id in _ids().items()
        },
        "services": {
            name: {
                "repository": {"git": str((directory / name).resolve()), "github": f"harbor/{name}"},
                "deploy": deploy,
                "owners": owners,
                **({"channel": "#web"} if name == "web" else {}),
            }
            for name, owners in (("web", ["@tom", "@yuki"]), ("payments", ["@luis"]))
        },
        "environments": {"staging": {}, "production": {"approvals": 1, "expires_after": "4h"}},
        "roles": {"release": ["S0RELEASE"], "on-call": ["@mei"]},
        "policy": [
            {"verbs": "deploy.approve", "environments": "production", "roles": ["release", "owners"]},
            {"verbs": ["release.publish"], "roles": ["release", "owners"]},
        ],
        "sources": SOURCES,
    }


def _make_repository(path: Path, steps: tuple[history.Step, ...], people: Mapping[str, tuple[str, str]]) -> None:
    """Made beside its place and then moved there, so that a half-made one is never taken for it."""
    made = path.with_name(f".{path.name}.making")
    shutil.rmtree(made, ignore_errors=True)
    _git(None, "init", "--quiet", "--initial-branch=main", str(made))
    stream = "".join(history.stream(steps, dict(people), datetime.now(UTC)))
    _git(made, "fast-import", "--quiet", given=stream)
    _git(made, "reset", "--quiet", "--hard", "main")
    shutil.rmtree(path, ignore_errors=True)
    made.rename(path)


def _git(path: Path | None, *arguments: str, given: str = "") -> None:
    where = ["-C", str(path)] if path else []
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    command = ["git", *where, *arguments]
    subprocess.run(command, input=given.encode(), env=environment, check=True, capture_output=True)  # noqa: S603


def _seed() -> dict[str, Any]:
    return json.loads(SEED.read_text(encoding="utf-8"))


def _ids() -> dict[str, str]:
    return {person["name"]: person["id"] for person in _seed()["people"] if not person.get("is_guest")}


def _people() -> dict[str, tuple[str, str]]:
    return {
        person["name"]: (person["real_name"], f"{person['name']}@harbour.example") for person in _seed()["people"]
    }
