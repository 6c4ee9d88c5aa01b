"""What a text points at: pull requests, changes, alerts and deployments, by their addresses and ids."""

import re
from collections.abc import Iterator, Mapping

from bot.domain.changes import change_ids_in
from bot.domain.ledger import Subject

_URL = re.compile(r"https?://\S+")
# GitHub's, and GitLab's with its groups: https://git.example.com/harbor/shop/web/-/merge_requests/12
_PR_URL = re.compile(
    r"https?://[^/\s]+/([\w.-]+(?:/[\w.-]+)+?)/(?:pull|-/merge_requests|merge_requests)/([0-9]{1,9})(?![0-9])"
)
# "org/web#812", "web#812" or "#812", and as GitLab writes them, "group/sub/web!12"; neither "#8120a" nor the anchor
# of something longer.
_PR_NAME = re.compile(r"(?<![\w./#!&-])(?:([\w.-]+(?:/[\w.-]+)+)|([\w.-]+))?[#!]([0-9]{1,9})(?!\w)")
_ID = re.compile(r"(?<![A-Za-z0-9-])([AD])-0*([1-9][0-9]{0,8})(?![A-Za-z0-9])")
_KINDS = {"A": "alert", "D": "deployment"}


def links_in(text: str, repositories: Mapping[str, str], service: str | None = None) -> tuple[Subject, ...]:
    """What a text names, each once; whether it exists is not known.

    ``repositories`` are services with their ``owner/name`` or their project's path. ``web#812`` and ``web!812`` are
    read by them, and ``#812`` where ``service`` says whose, or where there is only one repository. A merge request
    gets a pull request's subject, so that all of a team's have one spelling: ``group/sub/web#12``.
    """
    found = [*_pull_requests(text, repositories, service)]
    plain = _URL.sub(" ", text)
    found += [Subject(_KINDS[letter], f"{letter}-{number}") for letter, number in _ID.findall(plain)]
    found += [Subject("change", id) for id in change_ids_in(plain)]
    return tuple(dict.fromkeys(found))


def _pull_requests(text: str, repositories: Mapping[str, str], service: str | None) -> Iterator[Subject]:
    spelled = {name.casefold(): name for name in repositories.values()}
    only = next(iter(spelled.values()), "") if len(spelled) == 1 else ""
    for found in _PR_URL.finditer(text):
        yield _pull_request(_spelling(found[1], spelled), found[2])
    for found in _PR_NAME.finditer(_URL.sub(" ", text)):
        if whole := found[1]:
            repository = spelled.get(whole.casefold(), whole)
        else:
            repository = repositories.get(found[2] or service or "") or ("" if found[2] else only)
        if repository:
            yield _pull_request(repository, found[3])


def _spelling(path: str, spelled: Mapping[str, str]) -> str:
    """As the team file spells it; a GitLab below a path of its server has that path before the project's."""
    parts = path.split("/")
    ends = ("/".join(parts[at:]).casefold() for at in range(len(parts) - 1))
    return next((spelled[end] for end in ends if end in spelled), path)


def _pull_request(repository: str, number: str) -> Subject:
    return Subject("pr", f"{repository}#{int(number)}")
