"""README says what the code does."""

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from typing import get_args

import pytest
import yaml

from bot.config.team_file import parse_team
from bot.core.deploy_targets import DeployTarget
from bot.vendors.deploys.webhook import source as deploys
from bot.vendors.kit.webhooks import Delivery
from tests.doc_tables import ROOT, TABLES, written

DEPLOYING = (ROOT / "docs" / "deploying.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_is_as_the_code_says(name: str) -> None:
    text = (ROOT / TABLES[name][0]).read_text("utf-8")

    assert written(name, text) == text, "run `make docs`"


def test_every_file_that_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text("utf-8"))

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_team_file_in_deploying_is_one() -> None:
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DEPLOYING, re.DOTALL)]
    teams = [block for block in blocks if "run-name" not in block]

    assert len(teams) == len(blocks) - 1
    for block in teams:
        team, mistakes = parse_team(block, "docs")
        assert (team is not None, [str(one) for one in mistakes]) == (True, [])


def test_every_way_to_deploy_is_in_deploying() -> None:
    block = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", DEPLOYING, re.DOTALL)[0])
    team, _ = parse_team(block, "docs")

    assert team is not None
    kinds = {type(service.deploy) for service in team.services.values()}
    assert kinds == set(get_args(DeployTarget))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not at hand")
def test_the_callback_of_a_shell_script_is_one_that_we_take() -> None:
    body = re.findall(r"body='(.*?)'", DEPLOYING)[0]
    line = re.findall(r"printf %s .*?cut -d' ' -f1", DEPLOYING)[0]
    done = subprocess.run(
        ["sh", "-c", line],
        env={"body": body, "SECRET": "s3cret", "PATH": os.defpath},
        capture_output=True,
        check=True,
    )
    signature = f"sha256={done.stdout.decode().strip()}"

    assert signature == f"sha256={hmac.new(b's3cret', body.encode(), hashlib.sha256).hexdigest()}"
    assert deploys.verify({"x-eightbells-signature": signature}, body.encode(), "s3cret")
    (event,) = deploys.parse(Delivery("deploys", {}, body.encode(), datetime(2026, 11, 24, tzinfo=UTC)))
    assert event.deployment == json.loads(body)["deployment"]
