"""The team as its file describes it: services, environments, roles, policy, channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, cached_property
from typing import Any, Self, TypeVar

from bot.core.code_hosts import host_behind
from bot.core.deploy_targets import DeployTarget
from bot.core.freezes import Window
from bot.core.ledger_heads import HeadPosts
from bot.core.retention import Retention
from bot.core.run_references import GITHUB, GITLAB
from bot.core.stages import Stage

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a service's code lives: a local path, ``owner/name`` on GitHub, or a project's path on GitLab."""

    git: str | None = None
    github: str | None = None
    github_api: str = "https://api.github.com"
    gitlab: str | None = None  # with its groups: harbor/web, harbor/shop/web
    gitlab_api: str = "https://gitlab.com/api/v4"
    web_host: str = ""  # where people open it, if that is not the host of its API

    @property
    def remote(self) -> str | None:
        """As webhooks of its code host name it: ``owner/name``, or the project's whole path."""
        return self.github or self.gitlab

    @property
    def host(self) -> str:
        """Which kind of code host that is, as the source of its webhooks is called; else ""."""
        return GITHUB if self.github else GITLAB if self.gitlab else ""

    @property
    def web(self) -> str:
        """The host that people open it at: ``github.com``; "" without a code host."""
        if not self.remote:
            return ""
        return self.web_host or host_behind(self.github_api if self.github else self.gitlab_api)

    def is_named(self, path: str, kind: str = "", host: str = "") -> bool:
        """Whether a code host means this one by that path; a project of the same path on another host is another.

        ``kind`` is as ``self.host``, and ``host`` as ``self.web``; each "" where it is not known.
        """
        is_there = kind in ("", self.host) and host in ("", self.web)
        return is_there and self.remote is not None and self.remote.casefold() == path.casefold()

    @property
    def pull_mark(self) -> str:
        """What the code host writes before the number of a pull request; ``#`` is an issue's on GitLab."""
        return "!" if self.gitlab else "#"

    @property
    def is_known(self) -> bool:
        """Whether there is anything to be read."""
        return bool(self.git or self.github or self.gitlab)


@dataclass(frozen=True, slots=True)
class Service:
    """What is built and deployed."""

    name: str
    repository: Repository = Repository()
    deploy: DeployTarget | None = None
    channel: str | None = None
    owners: tuple[str, ...] = ()  # user ids, or user group ids (S…)
    migrations: tuple[str, ...] = ()  # patterns of paths such as "db/migrations/*", where * is anything
    artifact: str | None = None  # what its image is called, with placeholders as in Command


@dataclass(frozen=True, slots=True)
class IncidentHold:
    """From which severity on an open incident is said on cards; and whether it also keeps deployments waiting."""

    severity: str = "major"
    enforces: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a service is deployed, in the order in which a version travels, and what has to be so before it starts.

    Attributes:
        approvals: how many other people must say yes.
        expires_after: how long they have.
        after: the environment in which the same commit must have been live; "" for none.
        soak: for how long it must have been there.
        checks: names of pipelines whose newest run of the commit must have passed.
        watch: how long after a deployment alerts of its service are noted on its card.
        freezes: when nothing new is deployed.
        incidents: which open incidents of a service keep it still.
    """

    name: str
    order: int = 0
    approvals: int = 0
    expires_after: timedelta = timedelta(hours=4)
    after: str = ""
    soak: timedelta = timedelta()
    checks: tuple[str, ...] = ()
    watch: timedelta = timedelta(minutes=15)
    freezes: tuple[Window, ...] = ()
    incidents: IncidentHold = IncidentHold()


@dataclass(frozen=True, slots=True)
class Role:
    """People by user id and by Slack user group id."""

    name: str
    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the policy: who may use these verbs, and where.

    Attributes:
        name: what a refusal calls it, such as ``policy.2``.
        verbs: ``deploy.approve``, ``deploy.*`` or ``*``.
        environments: empty means every environment, and verbs that have none.
        roles: role names, and the built-in ``members``, ``owners``, ``admins``, ``guests``, ``everyone``.
    """

    name: str
    verbs: tuple[str, ...]
    environments: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("members",)

    def rank(self, action: str) -> int | None:
        """How exactly it names this verb: 2 its name, 1 ``deploy.*``, 0 ``*``; None where it is about others."""
        command = f"{action.partition('.')[0]}.*"
        ranks = {action: 2, command: 1, "*": 0}
        return max((ranks[verb] for verb in self.verbs if verb in ranks), default=None)


@cache
def _by_default(kind: type[P]) -> P:
    # Asked for every alert; parts are never changed, so that all may have the same one.
    return kind()


@dataclass(frozen=True)
class Team:
    """Everything the team file says, checked: what every room asks as fields, a room's own section as a part."""

    name: str = "the team"
    services: Mapping[str, Service] = field(default_factory=dict[str, Service])
    environments: Mapping[str, Environment] = field(default_factory=dict[str, Environment])
    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])
    policy: tuple[Rule, ...] = ()
    channels: Mapping[str, str] = field(default_factory=dict[str, str])  # stage or "standup" -> "#channel"
    default_channel: str = "#general"
    logins: Mapping[str, str] = field(default_factory=dict[str, str])  # on the code hosts -> user id
    alertmanager: str = ""  # address of the Alertmanager in which silences are kept as well
    head_posts: HeadPosts | None = None  # where the ledger's head is posted daily
    cdevents: str = ""  # address at which others hear, as CDEvents, of what went live
    retention: Retention = field(default_factory=Retention)
    parts: Mapping[type[Any], Any] = field(default_factory=dict[type[Any], Any])

    def part(self, kind: type[P]) -> P:
        """A room's own section of the file, by the class that the room reads it into; its defaults where it has none.

        So whoever adds a section changes nothing here. Every such class can be made without arguments.
        """
        found = self.parts.get(kind)
        return _by_default(kind) if found is None else found

    def with_parts(self, *parts: object) -> Self:
        """The same team with these sections beside the others, or instead of those of their classes."""
        return replace(self, parts={**self.parts, **{type(one): one for one in parts}})

    @property
    def repositories(self) -> dict[str, Repository]:
        """Services by name, with their repositories on code hosts."""
        return {name: one.repository for name, one in self.services.items() if one.repository.remote}

    def usual_host(self, path: str) -> str:
        """The code host on which a repository of this path is called by its path alone; "" where there is none.

        Where the path is that of several services, the first of them says it, and of none, the first service.
        """
        known = list(self.repositories.values())
        named = [one for one in known if one.is_named(path)]
        return next((one.web for one in (*named, *known)), "")

    def called(self, path: str, host: str) -> str:
        """What a repository is called: its path, after its host where that is not the usual one for this path."""
        return path if not host or self.usual_host(path) in ("", host) else f"{host}/{path}"

    def rules_about(self, action: str) -> tuple[tuple[int, Rule], ...]:
        """Rules of the policy that are about a verb of ours, anywhere, each with how exactly it names the verb."""
        found = self._rules_by_verb.get(action)
        if found is None:
            ranked = ((rule.rank(action), rule) for rule in self.policy)
            found = tuple((rank, rule) for rank, rule in ranked if rank is not None)
            self._rules_by_verb[action] = found
        return found

    @cached_property
    def _rules_by_verb(self) -> dict[str, tuple[tuple[int, Rule], ...]]:
        # Asked about every verb that a view would show, at every gesture; there are as many entries as verbs.
        return {}

    def channel_for(self, stage: Stage | str, service: str | None = None) -> str:
        """Where news of this stage is posted: the stage's channel, else the service's, else the default."""
        known = self.services.get(service) if service else None
        named = self.channels.get(str(stage))
        return named or (known.channel if known and known.channel else self.default_channel)
