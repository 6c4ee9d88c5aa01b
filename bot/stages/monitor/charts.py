"""Charts of what fires: the last hour of its expression, with its limit, in the alert's thread."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.core.curves import Curve
from bot.core.handlers import due_outside
from bot.core.jobs import Due, Job, Outcome
from bot.core.messages import Band, File
from bot.core.ports import Charts, Tools, Work
from bot.stages.monitor import cards as news
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.drawn import Drawn
from bot.stages.monitor.model.ports import Measurements, PrometheusUnreachable
from bot.stages.monitor.model.route import Alerting

SHOWN = timedelta(hours=1)
WITHIN = timedelta(minutes=10)  # later nobody looks for it any more


def draw_soon(work: Work, group: AlertGroup) -> None:
    """Have a chart drawn for this time that the group fires, where its expression is known and it has a thread."""
    drawable = work.team.part(Alerting).prometheus and group.has_card and Drawn.of(group.lead.url)
    if drawable:
        key = f"alert.chart:{group.id}:{group.times_fired}"
        work.owe(Job("alert.chart", key, work.now, {"group": group.id, "time": group.times_fired}, window=WITHIN))


@due_outside("alert.chart")
async def draw(tools: Tools, due: Due) -> Outcome:
    """Ask, draw, and send it; where Prometheus is not there the card says so, and all else goes on."""
    group_id = str(due.job.args["group"])
    async with tools.unit() as work:
        group = await work.get(AlertGroup, group_id)
    drawn = Drawn.of(group.lead.url) if group else None
    measurements = tools.port_if_any(Measurements)
    if due.missed or group is None or drawn is None or measurements is None:
        return Outcome.NOOP
    now = tools.clock.now()
    try:
        curves = await measurements.over_time(drawn.query, now - SHOWN, now)
    except PrometheusUnreachable as problem:
        trouble = f"no chart: Prometheus was asked, and {problem}"
        await tools.unit.run(lambda work: _note(work, group_id, trouble))
        return Outcome.DONE
    if not any(curve.points for curve in curves):
        return Outcome.NOOP
    picture = await tools.port(Charts).curves(group.name, curves, drawn.threshold)
    in_words = _in_words(curves, drawn.threshold)

    async def send(work: Work) -> None:
        found = await _note(work, group_id, "")
        if found is not None:
            work.say(
                File(
                    due.job.key,
                    news.channel_of(work, found),
                    "last-hour.png",
                    picture,
                    "monitor/chart",
                    {"in_words": in_words},
                    alt=f"The last hour of {found.name}. {in_words}",
                    thread_of=news.card_key(found),
                    band=Band.NORMAL,
                )
            )

    await tools.unit.run(send)
    return Outcome.DONE


async def _note(work: Work, group_id: str, trouble: str) -> AlertGroup | None:
    """Have the card say what is wrong with its chart, or that nothing is any more."""
    group = await work.get(AlertGroup, group_id)
    if group is not None and group.chart_trouble != trouble:
        group = replace(group, chart_trouble=trouble)
        await work.save(group)
        news.show(work, group)
    return group


def _in_words(curves: Sequence[Curve], threshold: float | None) -> str:
    """What the chart shows, for whoever does not see it."""
    every = [curve for curve in curves if curve.points]
    parts = [
        f"{curve.name}: now {curve.points[-1][1]:.4g}, at most {max(value for _, value in curve.points):.4g}"
        for curve in every[:5]
    ]
    more = f" and {len(every) - 5} more" if len(every) > 5 else ""
    limit = "" if threshold is None else f"; the limit is {threshold:g}"
    return f"{'; '.join(parts)}{more}{limit}."
