"""The tables in README and docs that are made from the code: ``make docs`` writes them, a test compares them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from bot import discovery

ROOT = Path(__file__).resolve().parents[1]


def commands() -> str:
    """One row a command, in the order of the flow."""
    found = discovery.commands().values()
    ordered = sorted(found, key=lambda one: (one.stage is None, one.stage.order if one.stage else 0, one.name))
    rows = (f"| `/{one.name}` | {one.summary}: {_verbs(one.verbs.values())} |" for one in ordered)
    return "\n".join(rows)


def _verbs(verbs) -> str:  # type: ignore[no-untyped-def]
    return ", ".join(f"`{verb.usage}`" if verb.usage else "alone" for verb in verbs if not verb.hidden)


def sources() -> str:
    """One row a source."""
    found = sorted(discovery.sources().values(), key=lambda one: one.title)
    return "\n".join(f"| {s.title} | `/hooks/{s.name}` | `{s.secret_variable}` | {s.how_to} |" for s in found)


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "commands": ("README.md", commands),
    "sources": ("README.md", sources),
}


def written(name: str, text: str) -> str:
    """The page with this table as it should be. Raises ``ValueError`` where its markers are missing."""
    table = TABLES[name][1]()
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not marked.search(text):
        raise ValueError(f"there are no markers for {name}")
    return marked.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def main() -> None:
    """Write every table."""
    for name, (page, _) in TABLES.items():
        path = ROOT / page
        path.write_text(written(name, path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
