"""What placeholders stand for where somebody else carries out a deployment."""

from collections.abc import Mapping

from bot.core.deploy_targets import filled
from bot.stages.deploy.model.ports import Order


def values_of(order: Order) -> Mapping[str, str]:
    """The order's values, with ``{deployment}`` as the name of this start.

    ``D-12/2`` rather than ``D-12``: what the other side shows and reports back has to tell a second start from the
    first, which may have ended badly and be reported late.
    """
    return {**order.values, "deployment": order.run}


def ref_of(text: str, order: Order) -> str:
    """A branch or tag in the words of the team file, where ``{version}`` is the name that was asked for.

    Code hosts start pipelines and workflows on names and not on commits; whoever fills it in compares the commit.
    """
    return filled(text, {**values_of(order), "version": order.ref or order.values.get("version", "")})


def bound_to(text: str, order: Order) -> str:
    """The commit at which such a ref has to stand: the one that was approved, where the ref is what is deployed."""
    is_deployed = any(f"{{{name}}}" in text for name in ("version", "sha"))
    return order.values.get("sha", "") if is_deployed else ""
