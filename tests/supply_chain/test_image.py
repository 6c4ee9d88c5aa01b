"""The image: built on one that cannot change, from nothing that was not meant to go in, run with no right to spare."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from aiohttp import ClientSession

from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.registry_port import ArtifactUnknown
from bot.vendors.oci_registry.digests import Registries
from supply_chain import base_image
from supply_chain.base_image import DOCKERFILE, PINNED, renewed
from supply_chain.locked import ROOT
from tests.needs import needs
from tests.vendors.oci_registry.registries import Pusher, real_registry

DOCKER = DOCKERFILE.read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
PATIENT = timedelta(seconds=30)
OLD = f"sha256:{'0' * 64}"


def test_the_base_is_named_by_its_digest_and_nothing_else_is_built_on() -> None:
    assert len(PINNED.findall(DOCKER)) == 1
    assert re.findall(r"^FROM (.*)$", DOCKER, re.MULTILINE) == ["${BASE}"]


def test_it_runs_as_a_user_of_its_own() -> None:
    (user,) = re.findall(r"^USER (.*)$", DOCKER, re.MULTILINE)

    assert f"useradd --create-home --uid 10001 {user}" in DOCKER
    assert DOCKER.index("USER ") < DOCKER.index("ENTRYPOINT")


def test_what_pip_installs_is_checked_by_hash() -> None:
    installs = [line for line in DOCKER.splitlines() if "pip install" in line]

    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_the_builder_gets_only_what_is_copied() -> None:
    first, *lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] != "#"]
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        name.removesuffix("/")
        for line in re.findall(r"^COPY (.*) \S+$", DOCKER, re.MULTILINE)
        for name in line.split()
    }

    assert first == "*"
    assert allowed == copied


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_no_service_can_gain_rights(service: str) -> None:
    of_it = COMPOSE["services"][service]

    assert of_it["security_opt"] == ["no-new-privileges:true"]
    assert of_it["cap_drop"] == ["ALL"]
    assert "privileged" not in of_it
    assert not any("docker.sock" in str(volume) for volume in of_it["volumes"])


def test_the_bot_writes_to_its_volume_and_to_tmp_alone() -> None:
    bot = COMPOSE["services"]["bot"]

    assert bot["read_only"] is True
    assert bot["tmpfs"] == ["/tmp"]
    assert bot["volumes"] == ["data:/app/data", "./eightbells.yml:/app/eightbells.yml:ro"]
    assert "cap_add" not in bot
    assert all(port.startswith("127.0.0.1:") for port in bot["ports"])


@needs("registry")
async def test_the_digest_is_renewed_to_what_the_tag_is_now(tmp_path: Path, unused_tcp_port: int) -> None:
    async with real_registry(tmp_path, unused_tcp_port) as host, ClientSession() as session:
        pushed = await Pusher(session, host).image("library/python", "3.11-slim", "newer")
        registries = Registries(session, limit=PATIENT)
        before = f"# why\nARG BASE={host}/library/python:3.11-slim@{OLD}\nFROM ${{BASE}}\n"
        after = await renewed(before, registries)

        assert after == before.replace(OLD, pushed)
        assert await renewed(after, registries) == after
        with pytest.raises(ArtifactUnknown):
            await renewed(before.replace(":3.11-slim", ":3.9-slim"), registries)


async def test_where_the_registry_cannot_be_asked_nothing_is_written(
    tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = f"ARG BASE=127.0.0.1:{unused_tcp_port}/library/python:3.11@{OLD}\nFROM ${{BASE}}\n"
    (tmp_path / "Dockerfile").write_text(before)
    monkeypatch.setattr(base_image, "DOCKERFILE", tmp_path / "Dockerfile")
    async with ClientSession() as session:
        with pytest.raises(HostUnreachable):
            await renewed(before, Registries(session, limit=PATIENT))

    assert await asyncio.to_thread(base_image.main) == 1
    assert (tmp_path / "Dockerfile").read_text() == before
    assert "Nothing was changed" in capsys.readouterr().err


async def test_a_dockerfile_without_a_digest_is_told() -> None:
    async with ClientSession() as session:
        with pytest.raises(ValueError, match="no line ARG BASE"):
            await renewed("FROM python:3.11\n", Registries(session))
