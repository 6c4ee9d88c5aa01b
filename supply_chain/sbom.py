"""Writes the bill of materials (SBOM, CycloneDX 1.6) of what runs: our package and all that requirements.lock pins.

    python -m supply_chain.sbom [file]

It is made from what is installed here, so that licences and who needs whom come from the packages themselves, and
holds nothing that only developing needs. The same packages give the same bytes.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from supply_chain.locked import ROOT, pinned

FILE = ROOT / "dist" / "sbom.cdx.json"
VERSION = SchemaVersion.V1_6

# Of packages whose metadata say it in words that are no SPDX expression.
LICENCES = {
    "uritemplate": "BSD-3-Clause OR Apache-2.0",  # github.com/python-hyper/uritemplate/blob/main/LICENSE
}


class NotAsLocked(Exception):
    """What is installed here is not what the lock pins, so its bill would be another's."""


def bill() -> str:
    """The bill as JSON, valid against CycloneDX's schema. Raises ``NotAsLocked``."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", str(ROOT / "pyproject.toml")]
    command += ["--output-reproducible", "--no-validate", "--spec-version", VERSION.to_version()]
    command += ["--of", "JSON", sys.executable]
    made = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  our own arguments
    whole = json.loads(made.stdout)
    text = json.dumps(only(whole, pinned()), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    if wrong := JsonStrictValidator(VERSION).validate_str(text):
        raise ValueError(f"this is no CycloneDX {VERSION.to_version()}: {wrong}")
    return text


def only(whole: Mapping[str, Any], wanted: Mapping[str, str]) -> dict[str, Any]:
    """The part of a bill that holds these packages, given as versions by canonical name."""
    kept = [_licensed(one) for one in whole["components"] if canonicalize_name(one["name"]) in wanted]
    found = {canonicalize_name(one["name"]): one["version"] for one in kept}
    if found != dict(wanted):
        wrong = sorted(name for name in wanted if found.get(name) != wanted[name])
        raise NotAsLocked(
            f"{', '.join(wrong)}: not the version of requirements.lock; run `make lint` to install it"
        )
    references = {one["bom-ref"] for one in kept} | {whole["metadata"]["component"]["bom-ref"]}
    needs = [
        {**one, "dependsOn": [ref for ref in one["dependsOn"] if ref in references]} if "dependsOn" in one else one
        for one in whole["dependencies"]
        if one["ref"] in references
    ]
    return {**whole, "components": kept, "dependencies": needs}


def _licensed(component: Mapping[str, Any]) -> dict[str, Any]:
    own = LICENCES.get(canonicalize_name(component["name"]))
    said = component.get("licenses") or ([{"expression": own}] if own else None)
    return dict(component) | ({"licenses": said} if said else {})


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    file = Path(arguments[0]) if arguments else FILE
    try:
        text = bill()
    except NotAsLocked as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{file}: {len(json.loads(text)['components'])} components\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
