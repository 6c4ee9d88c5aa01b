"""What a lock file pins for the Python that runs this."""

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"

_PIN = re.compile(r"^[A-Za-z0-9][^#\n\\]*==[^#\n\\]*", re.MULTILINE)


def pinned(lock: Path = LOCK) -> dict[str, str]:
    """Versions by canonical name; what another system or Python needs is left out."""
    requirements = [Requirement(line.strip()) for line in _PIN.findall(lock.read_text("utf-8"))]
    return {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in requirements
        if one.marker is None or one.marker.evaluate()
    }
