"""What a text points at: pull requests, changes, alerts and deployments, by their addresses and ids."""

import itertools
import re
from collections.abc import Iterator, Mapping

from bot.core.code_hosts import PullRequestName, host_and_path, host_of
from bot.core.ledger import Subject
from bot.core.team import Repository
from bot.stages.plan.model.change import change_ids_in

_URL = re.compile(r"https?://\S+")
# GitHub's, and GitLab's with its groups: https://git.example.com/harbor/shop/web/-/merge_requests/12
_PR_URL = re.compile(
    r"(https?://[^/\s]+)/([\w.-]+(?:/[\w.-]+)+?)/(?:pull|-/merge_requests|merge_requests)/([0-9]{1,9})(?![0-9])"
)
# "org/web#812", "web#812" or "#812", and as GitLab writes them, "group/sub/web!12"; neither "#8120a" nor the anchor
# of something longer.
_PR_NAME = re.compile(r"(?<![\w./#!&-])(?:([\w.-]+(?::[0-9]{1,5})?(?:/[\w.-]+)+)|([\w.-]+))?[#!]([0-9]{1,9})(?!\w)")
_ID = re.compile(r"(?<![A-Za-z0-9-])([AD])-0*([1-9][0-9]{0,8})(?![A-Za-z0-9])")
_KINDS = {"A": "alert", "D": "deployment"}


def links_in(text: str) -> tuple[Subject, ...]:
    """Alerts, deployments and changes that a text names by their ids, each once; whether they exist is not known."""
    plain = _URL.sub(" ", text)
    found = [Subject(_KINDS[letter], f"{letter}-{number}") for letter, number in _ID.findall(plain)]
    found += [Subject("change", id) for id in change_ids_in(plain)]
    return tuple(dict.fromkeys(found))


def pull_requests_in(
    text: str, repositories: Mapping[str, Repository], service: str | None = None
) -> tuple[PullRequestName, ...]:
    """Pull and merge requests that a text names, each once; whether they exist is not known.

    ``repositories`` are services with theirs. ``web#812`` and ``web!812`` are read by them, and ``#812`` where
    ``service`` says whose, or where there is only one repository. Paths are spelled as there.
    """
    found = _by_address(text, repositories), _by_name(_URL.sub(" ", text), repositories, service)
    return tuple(dict.fromkeys(itertools.chain(*found)))


def _by_address(text: str, repositories: Mapping[str, Repository]) -> Iterator[PullRequestName]:
    spelled = _spellings(repositories)
    for found in _PR_URL.finditer(text):
        yield PullRequestName(_spelling(found[2], spelled), int(found[3]), host_of(found[1]))


def _by_name(text: str, repositories: Mapping[str, Repository], service: str | None) -> Iterator[PullRequestName]:
    spelled = _spellings(repositories)
    only = next(iter(repositories.values())) if len(set(repositories.values())) == 1 else None
    own = repositories.get(service or "")
    for found in _PR_NAME.finditer(text):
        if whole := found[1]:
            host, path = host_and_path(whole, [one.web for one in repositories.values()])
            is_own = not host and own is not None and own.is_named(path)
            host = own.web if own and is_own else host
            yield PullRequestName(spelled.get(path.casefold(), path), int(found[3]), host)
        elif one := repositories.get(found[2] or service or "") or (None if found[2] else only):
            yield PullRequestName(one.remote or "", int(found[3]), one.web)


def _spellings(repositories: Mapping[str, Repository]) -> dict[str, str]:
    paths = [one.remote for one in repositories.values() if one.remote]
    return {path.casefold(): path for path in paths}


def _spelling(path: str, spelled: Mapping[str, str]) -> str:
    """As the team file spells it; a GitLab below a path of its server has that path before the project's."""
    parts = path.split("/")
    ends = ("/".join(parts[at:]).casefold() for at in range(len(parts) - 1))
    return next((spelled[end] for end in ends if end in spelled), path)
