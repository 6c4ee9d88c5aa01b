"""What ``eightbells check`` finds of user groups that hold whoever is on call and give a role as well."""

from bot.core.group_powers import MOVING, named_by
from bot.core.policy import WIDE
from bot.core.team import Team
from bot.runtime.findings import Finding, warning
from bot.team.oncall.model.rotations import Rotations


def group_findings(team: Team) -> list[Finding]:
    """Of rotations whose group belongs to a role, owners or a stand-up; and of rules that seem to reach them."""
    found: list[Finding] = []
    for name, rota in team.part(Rotations).rotas.items():
        group = rota.user_group
        if group and (names := named_by(team, group)):
            whom = " and ".join(names)
            found.append(
                warning(
                    f"rotations.{name}.user_group: {group} belongs to {whom}, and whoever is on call is put in",
                    "Name another group there; or give monitor.cover and monitor.swap by name to those who may "
                    "choose who that is: without such a rule nobody covers or swaps in it.",
                )
            )
            found += _idle_rules(team)
    return list(dict.fromkeys(found))


def _idle_rules(team: Team) -> list[Finding]:
    """Rules that seem to let somebody move others into such a group, and do not."""
    return [
        warning(
            f"{rule.name}: {', '.join(verbs)} for {', '.join(wide)} leaves out rotations whose group is a role's",
            "Name roles that people were chosen for, and no environment.",
        )
        for rule in team.policy
        if (verbs := [verb for verb in rule.verbs if verb in MOVING]) and (wide := sorted(WIDE & {*rule.roles}))
    ]
