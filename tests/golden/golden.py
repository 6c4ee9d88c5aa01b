"""Makes the golden files of the example contexts: ``make golden`` (``python -m tests.golden.golden``)."""

import importlib
import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.slack.rendering.render import Rendering
from tests.golden import contexts

FOLDER = Path(__file__).parent

# How people are called in the golden files.
NAMES = {
    "U0ANA": "Ana",
    "U0TOM": "Tom",
    "U0MEI": "Mei",
    "U0LUIS": "Luis",
    "U0YUKI": "Yuki",
    "U0PRIYA": "Priya",
}


def examples() -> dict[str, Mapping[str, Any]]:
    """Every example context by its key. Raises ``ValueError`` where two modules have the same key."""
    found: dict[str, Mapping[str, Any]] = {}
    for module in pkgutil.iter_modules(contexts.__path__):
        theirs = importlib.import_module(f"{contexts.__name__}.{module.name}").CONTEXTS
        if twice := found.keys() & theirs.keys():
            raise ValueError(f"{module.name} repeats {sorted(twice)}")
        found |= theirs
    return found


def template_of(key: str) -> str:
    """The template that an example is of."""
    return key.partition("#")[0]


def path_of(key: str) -> Path:
    """Where the golden file of an example is: ``deploy/card.json``, ``deploy/card.rolled-back.json``."""
    return FOLDER / f"{key.replace('#', '.')}.json"


def golden(render: Rendering, key: str, context: Mapping[str, Any]) -> str:
    """What the golden file of an example should hold."""
    message = render(template_of(key), context)
    shown = {"text": message.text.split("\n"), "blocks": message.blocks}
    return json.dumps(shown, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write every golden file, and remove those that no example stands behind."""
    render = Rendering(names=NAMES.get)
    wanted = {path_of(key): golden(render, key, context) for key, context in examples().items()}
    for path in set(FOLDER.rglob("*.json")) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
