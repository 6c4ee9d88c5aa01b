"""Verbs about where alerts go: which route takes one and why, and what a changed route would have said."""

import re

from bot.core.command import Call, Reply, choice, number, text, word
from bot.core.ports import Work
from bot.core.refusals import NotUnderstood
from bot.stages.monitor import noise
from bot.stages.monitor.model import matchers
from bot.stages.monitor.model.labels import read_labels
from commands.monitor.command import command

GROUP_BY_MAX = 8


@command.verb(
    "route <labels>",
    "Where an alert with these labels goes, and why",
    examples=("alertname=HighErrorRate service=web severity=critical",),
    reads_only=True,
    labels=text("its labels, such as alertname=HighErrorRate service=web"),
)
async def route(call: Call, work: Work) -> Reply:
    """Every route in the order in which it is tried."""
    return Reply("monitor/route", {"path": noise.path(work, read_labels(call.args["labels"]))})


@command.verb(
    "preview <route> [where <matchers>] [by <labels>] [storm <most>] [paging <paging>]",
    "What a changed route would have said in the last 30 days",
    examples=('web where service="web", severity!="info" by alertname, cluster', "default storm 5 paging no"),
    reads_only=True,
    route=word("the route's name; a new one is tried first"),
    matchers=text('which alerts it takes, such as service="web", severity=~"critical|page"'),
    labels=text("the labels that tell one message from another"),
    most=number("more messages than this in a minute become one"),
    paging=choice("yes", "no", about="whether critical ones call whoever is on call"),
)
async def preview(call: Call, work: Work) -> Reply:
    """Today's routes and the changed ones, side by side."""
    changes: dict[str, object] = {}
    if "matchers" in call.args:
        changes["matchers"] = matchers.read(call.args["matchers"])
    if "labels" in call.args:
        changes["group_by"] = _labels(call.args["labels"])
    if "most" in call.args:
        changes["storm"] = _most(call.args["most"])
    if "paging" in call.args:
        changes["pages"] = call.args["paging"] == "yes"
    if not changes:
        raise NotUnderstood(
            'Say what changes: which alerts it takes (where service="web"), how they are grouped (by alertname), '
            "when one message stands for many (storm 5), or whether it calls anybody (paging no).",
            field="matchers",
        )
    return Reply("monitor/preview", {"preview": await noise.preview(work, call.args["route"], changes)})


def _labels(written: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for name in re.split(r"[\s,]+", written) if name))
    wrong = next((name for name in names if not re.fullmatch(r"[a-zA-Z_]\w*", name)), None)
    if wrong or not names or len(names) > GROUP_BY_MAX:
        what = f"“{wrong[:60]}” is no label" if wrong else f"name one to {GROUP_BY_MAX} labels"
        raise NotUnderstood(
            f"These are no labels to group by: {what}. Write them as alertname, cluster.", field="labels"
        )
    return names


def _most(most: int) -> int:
    if not 1 <= most <= 1_000:
        raise NotUnderstood("A storm begins beyond 1 to 1,000 messages a minute; 12 is usual.", field="most")
    return most
