"""What container images are called: ``registry.example.com/shop/web:v1.4.0``."""

import re
from dataclasses import dataclass

HUB = "docker.io"
_HUB_TOO = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})

# As github.com/distribution/reference has it, but that the registry and the tag have to be there.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?P<registry>(?:localhost|{_LABEL}(?=[.:])(?:\.{_LABEL})*)(?::[0-9]{{1,5}})?)"
    rf"/(?P<path>(?=[^:]{{1,255}}:){_PART}(?:/{_PART})*)"
    r":(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})"
)


@dataclass(frozen=True, slots=True)
class Image:
    """Where an image is: its registry (with a port, where it has one), the path there, and the tag."""

    registry: str
    path: str
    tag: str

    @classmethod
    def read(cls, name: str) -> "Image | None":
        """The image of this name; None for what is none, such as one with a space, ``..`` or a second tag in it."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        registry, path = registry_named(found["registry"]), found["path"]
        # docker.io/redis is short for docker.io/library/redis.
        return cls(registry, f"library/{path}" if registry == HUB and "/" not in path else path, found["tag"])


def registry_named(host: str) -> str:
    """One name for each registry: Docker Hub is known by several, and case does not matter."""
    lower = host.lower()
    return HUB if lower in _HUB_TOO else lower
