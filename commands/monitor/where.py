"""Which alert a call is about: the one that it names, or the one in whose thread it was made."""

from bot.command import Call
from bot.domain.access import Policy
from bot.domain.alerts import AlertGroup
from bot.domain.ports import Work
from bot.domain.refusals import NotUnderstood
from bot.workflows import alert_news


async def alert_of(call: Call, work: Work, verb: str) -> str:
    """Its id, where the policy lets the caller do this to an alert of that service in that environment.

    Raises ``NotUnderstood`` where neither the words nor the thread say which, ``NotAllowed``, ``Unknown``.
    """
    named = call.args.get("alert") or await alert_here(call, work)
    if named:
        # The edge has checked the verb; which service and environment it is about is known only now.
        group = await alert_news.find(work, str(named))
        Policy(work.team).check(f"monitor.{verb}", group.environment, call.by, service=group.service)
        return group.id
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
