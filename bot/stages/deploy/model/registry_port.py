"""What deployments need of the registries that hold what is deployed."""

from typing import Protocol


class ArtifactUnknown(Exception):
    """There is nothing of this name, or it is no name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no artefact {name!r}")
        self.name = name


class Artifacts(Protocol):
    """The registries that hold artefacts."""

    async def digest(self, name: str) -> str:
        """``sha256:…`` of what ``registry/path:tag`` is now; another one later means that it was pushed anew.

        Raises ``ArtifactUnknown``, ``HostUnreachable`` (of ``bot.core.ports``, which imports ports like this one).
        """
        ...
