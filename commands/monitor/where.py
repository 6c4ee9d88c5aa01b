"""Which alert a call is about: the one that it names, or the one in whose thread it was made."""

from bot.command import Call
from bot.domain.alerts import AlertGroup
from bot.domain.ports import Work
from bot.domain.refusals import NotUnderstood
from bot.workflows import alert_news


async def alert_of(call: Call, work: Work) -> str:
    """Its id. Raises ``NotUnderstood`` where neither says which."""
    named = call.args.get("alert")
    if named:
        return str(named)
    if here := await alert_here(call, work):
        return here
    open_now = await alert_news.open_groups(work)
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
