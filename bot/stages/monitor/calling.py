"""Calls people: whoever a step of an escalation names, each at most once for one step."""

from dataclasses import dataclass

from bot.core.ports import Work
from bot.team.oncall import rotations


@dataclass(frozen=True, slots=True)
class Called:
    """Whom a step reaches: a person, or a channel. ``rotation`` is the one that they are on call for."""

    person: str = ""
    channel: str = ""
    rotation: str = ""

    @property
    def who(self) -> str:
        """The user or channel id (or name)."""
        return self.person or self.channel


async def reached(work: Work, to: str) -> Called:
    """Whom "payments", "U0ANA" or "#ops" is now; nobody where the rotation is gone."""
    if to.startswith("#") or (to[:1] in {"C", "G"} and to.isupper()):
        return Called(channel=to)
    if to[:1] in {"U", "W"} and to.isupper() and to.isalnum():
        return Called(person=to)
    rotation = next((one for one in await rotations.rotations(work) if one.id == to), None)
    if rotation is None:
        return Called(rotation=to)
    return Called(person=await rotations.on_call(work, rotation.id), rotation=rotation.id)
