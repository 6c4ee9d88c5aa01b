"""Renews the digest by which the Dockerfile names the image that ours is built on.

    python -m supply_chain.base_image

A tag moves; a digest is one image for ever, security fixes included. So it is renewed on purpose: this asks the
registry what the tag is now and writes that into the Dockerfile, to be reviewed as any other change.
"""

import asyncio
import re
import sys
from datetime import timedelta
from pathlib import Path

from aiohttp import ClientSession

from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.registry_port import ArtifactUnknown
from bot.vendors.oci_registry.digests import Registries
from supply_chain.locked import ROOT

DOCKERFILE = ROOT / "Dockerfile"
LIMIT = timedelta(seconds=30)  # for one look-up; nobody waits in a chat

PINNED = re.compile(r"^ARG BASE=(?P<name>\S+)@(?P<digest>sha256:[0-9a-f]{64})$", re.MULTILINE)


async def renewed(dockerfile: str, registries: Registries) -> str:
    """The Dockerfile with the digest that its base's tag has now. Raises ``HostUnreachable``, ``ArtifactUnknown``."""
    found = PINNED.search(dockerfile)
    if found is None:
        raise ValueError("the Dockerfile has no line ARG BASE=<registry>/<path>:<tag>@sha256:<digest>")
    digest = await registries.digest(found["name"])
    return dockerfile.replace(f"{found['name']}@{found['digest']}", f"{found['name']}@{digest}")


async def renew(file: Path) -> str:
    """Do so in a file; gives what to tell."""
    before = await asyncio.to_thread(file.read_text, "utf-8")
    async with ClientSession(trust_env=True) as session:
        after = await renewed(before, Registries(session, limit=LIMIT))
    if after == before:
        return "The base image is the newest of its tag."
    await asyncio.to_thread(file.write_text, after, "utf-8")
    return "The base image is renewed; build it, run its check, and commit the Dockerfile."


def main() -> int:
    """The command line."""
    try:
        sys.stdout.write(asyncio.run(renew(DOCKERFILE)) + "\n")
    except HostUnreachable as problem:
        sys.stderr.write(f"Nothing was changed: {problem}.\n")
        return 1
    except ArtifactUnknown as problem:
        sys.stderr.write(f"Nothing was changed: the registry knows no {problem}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
