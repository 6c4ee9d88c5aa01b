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
    if call.on and call.on.thread_ts:
        key = await work.message_key(call.on.channel_id, call.on.thread_ts)
        kind, _, id = (key or "").partition(":")
        if kind == "alert":
            return id.partition(":")[0]
    open_now = await alert_news.open_groups(work)
    names = ", ".join(group.id for group in open_now[:5])
    hint = f"These fire: {names}." if names else "None fires."
    raise NotUnderstood(
        f"Which alert? Name it, such as {AlertGroup.PREFIX}-9, or say it in the alert's thread. {hint}",
        field="alert",
    )
