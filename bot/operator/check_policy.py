"""What ``eightbells check`` finds of the policy: rules about verbs that are not there, and rules that nobody meets."""

from collections.abc import Mapping

from bot.core.team import Rule, Team
from bot.runtime.findings import Finding, mistake, warning

OWNERS = "owners"


def policy_findings(team: Team, actions: Mapping[str, bool]) -> list[Finding]:
    """Of each rule; ``actions`` are of every verb, and whether it can be about a service."""
    commands = {action.partition(".")[0] for action in actions}
    known = {*actions, "*", *(f"{command}.*" for command in commands)}
    found: list[Finding] = []
    for rule in team.policy:
        found += [
            mistake(f"{rule.name}: there is no verb {verb}", f"Verbs are {', '.join(sorted(actions))}.")
            for verb in rule.verbs
            if verb not in known
        ]
        found += _owners_of_nothing(rule, actions)
    return found


def _owners_of_nothing(rule: Rule, actions: Mapping[str, bool]) -> list[Finding]:
    """Verbs that the rule gives to owners by name, and that are never about a service."""
    # A rule for "deploy.*" that is about others too is no mistake.
    idle = [verb for verb in rule.verbs if actions.get(verb) is False]
    if OWNERS not in rule.roles or not idle:
        return []
    effect = "nobody may do it" if set(rule.roles) == {OWNERS} else "owners may not do it by this rule"
    return [
        warning(
            f"{rule.name}: {', '.join(idle)}: about no service, which has no owners, so {effect}",
            "Give it to another role, by a rule of its own.",
        )
    ]
