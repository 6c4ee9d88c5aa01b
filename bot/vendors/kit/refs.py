"""What a ref may mean, whichever host is asked; and asking several things of a host at the same time."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.stages.code.model.ports import RefAmbiguous

T = TypeVar("T")

FULL_SHA = re.compile(r"[0-9a-f]{40}")
_SHORT_SHA = re.compile(r"[0-9a-f]{4,39}")


def is_plain(ref: str) -> bool:
    """Whether it can be the name of one ref: no option, no range, nothing that no ref may hold."""
    return bool(ref) and not ref.startswith("-") and ".." not in ref and ref.isprintable() and " " not in ref


async def commit_behind(ref: str, look: Callable[[str, str], Awaitable[str | None]]) -> str | None:
    """The full SHA behind a name, or nothing; a tag goes before a branch, and both before a short SHA, as with git.

    Args:
        look: gives the commit by its kind (``tags``, ``heads`` or ``commits``) and name, or nothing.

    Raises ``RefAmbiguous`` where it is a tag and a branch with another commit; hosts would take one and tell nobody.
    """
    asked = _meanings(ref)
    shas = await together(*(look(kind, name) for kind, name in asked.items()))
    found = {kind: sha for kind, sha in zip(asked, shas, strict=True) if sha}
    if len({found[kind] for kind in ("tags", "heads") if kind in found}) > 1:
        raise RefAmbiguous(ref, (f"tags/{ref}", f"heads/{ref}"))
    return next(iter(found.values()), None)


def _meanings(ref: str) -> dict[str, str]:
    name = ref.removeprefix("refs/")
    for kind in ("tags", "heads"):
        if name.startswith(f"{kind}/"):
            return {kind: name.removeprefix(f"{kind}/")}
    if ref == "HEAD" or FULL_SHA.fullmatch(ref):
        return {"commits": ref}
    return {"tags": ref, "heads": ref} | ({"commits": ref} if _SHORT_SHA.fullmatch(ref) else {})


async def together(*questions: Awaitable[T]) -> list[T]:
    """Their answers, all asked at once. Once all have ended, the first trouble among them is raised."""
    answers = await asyncio.gather(*questions, return_exceptions=True)
    good: list[T] = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        good.append(answer)
    return good
