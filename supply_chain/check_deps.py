"""Whether a version that we pin has a known vulnerability: pip-audit's answer, or that there was none.

    python -m supply_chain.check_deps [lock] [options of pip-audit, such as -s osv]

Ends with 0 where every package was checked and has none, with 1 where one has, with 2 where any was not checked:
pip-audit by itself ends with 0 and "No known vulnerabilities found" when it could look up nothing.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from supply_chain.locked import LOCK, pinned

CLEAN, VULNERABLE, UNCHECKED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ends, and what to tell."""

    status: int
    lines: tuple[str, ...]


def judged(report: Mapping[str, Any] | None, wanted: Mapping[str, str], trouble: str = "") -> Verdict:
    """What a report of pip-audit's means for these packages.

    Args:
        report: as ``--format json`` gives it; None where there was none.
        wanted: versions by canonical name.
        trouble: what pip-audit said besides.
    """
    answered = {canonicalize_name(one["name"]): one for one in (report or {}).get("dependencies", ())}
    checked = {name for name, version in wanted.items() if answered.get(name, {}).get("version") == version}
    skipped = [str(one["skip_reason"]) for one in answered.values() if "skip_reason" in one]
    lines = [_finding(one, hole) for one in answered.values() for hole in one.get("vulns", ())]
    is_vulnerable = bool(lines)
    if left := sorted(set(wanted) - checked):
        lines.append(
            f"NOT CHECKED: {len(left)} of {len(wanted)} packages, {left[0]} first. Nothing is known of them."
        )
        lines.append(f"  {skipped[0] if skipped else trouble.strip() or 'pip-audit gave no answer for them'}")
        lines.append("  Try again where PyPI or osv.dev can be reached (make check-deps ARGS='-s osv').")
    elif not is_vulnerable:
        lines.append(f"All {len(wanted)} packages were checked: no known vulnerability.")
    return Verdict(VULNERABLE if is_vulnerable else UNCHECKED if left else CLEAN, tuple(lines))


def checked(lock: Path = LOCK, options: Sequence[str] = ()) -> Verdict:
    """Ask pip-audit about everything that a lock file pins."""
    # By the lock alone: nothing is resolved, downloaded or installed.
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "-r", str(lock)]
    command += ["--format", "json", "--progress-spinner", "off", *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own arguments
    try:
        report = json.loads(ended.stdout)
    except ValueError:
        report = None
    last_line = ended.stderr.strip().rpartition("\n")[2]
    return judged(report, pinned(lock), last_line)


def _finding(package: Mapping[str, Any], hole: Mapping[str, Any]) -> str:
    names = ", ".join([hole["id"], *hole.get("aliases", ())])
    fixed = ", ".join(hole.get("fix_versions", ())) or "no version"
    return f"VULNERABLE: {package['name']} {package['version']}: {names}; fixed in {fixed}"


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    given = list(arguments)
    lock = Path(given.pop(0)) if given and not given[0].startswith("-") else LOCK
    verdict = checked(lock, given)
    sys.stdout.write("\n".join((*verdict.lines, "")))
    return verdict.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
