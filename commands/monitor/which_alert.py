"""Which alert a call is about: the one that it names, or the one in whose thread it was made."""

from collections.abc import Sequence

from bot.core.command import Call, Place
from bot.core.ports import Work
from bot.core.refusals import NotUnderstood
from bot.stages.flow import authorise
from bot.stages.monitor import cards
from bot.stages.monitor.model.alert_group import AlertGroup


async def alert_meant(call: Call, work: Work) -> Sequence[Place]:
    """Where the alert fires that a call is about. Raises as ``alert_of``."""
    return await authorise.of_alert(work, await alert_of(call, work))


async def rotation_meant(call: Call, work: Work) -> Sequence[Place]:
    """The services of the rotation that a call names, and those that a form gives to it."""
    args = call.args
    name = next((str(args[key]) for key in ("rotation", "name", "team") if args.get(key)), "")
    there = await authorise.of_rotation(work, name) if name else authorise.NOWHERE
    # The field may also be emptied: then the rotation is for every service, and belongs to none.
    return (*there, *authorise.of_services(services_in(args.get("services") or ""))) if "people" in args else there


async def page_meant(call: Call, work: Work) -> Sequence[Place]:
    """The services of the rotation that was called."""
    return await authorise.of_page(work, call.args["page"])


def services_in(words: str) -> tuple[str, ...]:
    """The services that a rotation's form names, by commas."""
    return tuple(one.strip() for one in words.split(",") if one.strip())


async def alert_of(call: Call, work: Work) -> str:
    """Its id. Raises ``NotUnderstood`` where neither the words nor the thread say which, ``Unknown``."""
    named = call.args.get("alert") or await alert_here(call, work)
    if named:
        return (await cards.find(work, str(named))).id
    open_now = await cards.open_groups(work)
    names = ", ".join(group.id for group in open_now[:5])
    hint = f"These fire: {names}." if names else "None fires."
    raise NotUnderstood(
        f"Which alert? Name it, such as {AlertGroup.PREFIX}-9, or say it in the alert's thread. {hint}",
        field="alert",
    )


async def alert_here(call: Call, work: Work) -> str:
    """The id of the alert in whose thread the call was made, or ""."""
    if not (call.on and call.on.thread_ts):
        return ""
    kind, _, id = (await work.message_key(call.on.channel_id, call.on.thread_ts) or "").partition(":")
    return id.partition(":")[0] if kind == "alert" else ""
