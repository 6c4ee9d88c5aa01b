"""Whether a stand-up can be kept to where it is posted and with whom it asks, in sentences that say what to do."""

from collections.abc import Sequence

from bot.core.people import Channel, Person
from bot.core.refusals import Refusal


def postable(channel: Channel | None, name: str) -> str:
    """The id of a channel to post in. Raises ``Refusal`` where there is none, it is archived, or we are not in it."""
    if channel is None:
        raise Refusal(
            f"I see no channel {name}. It may be deleted, or private: then type “/invite @Eightbells” in it first.",
            field="channel",
        )
    if channel.is_archived:
        raise Refusal(
            f"#{channel.name} is archived, so nothing can be posted there. Choose another.", field="channel"
        )
    if not channel.is_member:
        raise Refusal(
            f"I am not in #{channel.name}, so I cannot post there. Type “/invite @Eightbells” in it, then try again.",
            field="channel",
        )
    return channel.id


def askable(user_ids: Sequence[str], everybody: Sequence[Person], field: str = "people") -> tuple[str, ...]:
    """These people, where each can be asked. Raises ``Refusal`` that names those who cannot, and why."""
    known = {person.id: person for person in everybody}
    unfit = [why for user_id in user_ids if (why := _why_not(known.get(user_id)))]
    if unfit:
        more = f" (and {len(unfit) - 3} more)" if len(unfit) > 3 else ""
        raise Refusal(
            f"{', '.join(unfit[:3])}{more}, and a stand-up asks full members of the workspace only. Leave them out.",
            field=field,
        )
    return tuple(dict.fromkeys(user_ids))


def _why_not(person: Person | None) -> str:
    if person is None or person.is_gone:
        return f"{person.name if person else 'Somebody you named'} has left"
    if person.is_bot:
        return f"{person.name} is a bot"
    if person.is_guest:
        return f"{person.name} is a guest"
    return f"{person.name} is from another workspace" if person.is_stranger else ""
