import pytest

from bot.core.team import Repository
from bot.stages.code.model.links import links_in, pull_requests_in

TWO = {"web": Repository(github="Org/Web"), "payments": Repository(github="org/payments")}
ONE = {"web": Repository(github="org/web")}


def named(text: str, repositories: dict[str, Repository], service: str | None = None) -> list[str]:
    """All that a text names, in the order of kinds; pull requests by path and number."""
    pulls = pull_requests_in(text, repositories, service)
    return [*(f"pr:{one.repository}#{one.number}" for one in pulls), *map(str, links_in(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("waiting for org/web#812", ["pr:Org/Web#812"]),
        ("review of other/thing#7 please", ["pr:other/thing#7"]),
        ("web#812 and payments#9", ["pr:Org/Web#812", "pr:org/payments#9"]),
        ("see https://github.com/org/web/pull/812/files#diff-1 now", ["pr:Org/Web#812"]),
        ("(https://github.com/org/web/pull/812)", ["pr:Org/Web#812"]),
        ("org/web#812, org/web#812.", ["pr:Org/Web#812"]),
        ("A-9 fires and D-12 waits for C-41", ["alert:A-9", "deployment:D-12", "change:C-41"]),
        ("c-41 too", ["change:C-41"]),
        ("A-09", ["alert:A-9"]),
        ("#812", []),  # whose?
        ("chat#3", []),  # no service of that name
        ("paper size a-4, grade d-1, UTF-8, ABC-41, A-9b, B-7", []),
        ("https://wiki.example/A-9#812 and mail#", []),
        ("color #8120a", []),
        ("", []),
    ],
)
def test_a_text_names_what_it_waits_for(text: str, found: list[str]):
    assert named(text, TWO) == found


def test_a_bare_number_needs_somebody_whose_it_is():
    assert named("review of #812", TWO, "payments") == ["pr:org/payments#812"]
    assert named("review of #812", ONE) == ["pr:org/web#812"]
    assert named("review of #812", {}) == []


GROUPS = {"web": Repository(gitlab="Harbor/Shop/web"), "api": Repository(gitlab="harbor/api")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://git.example.com/harbor/shop/web/-/merge_requests/12 now", ["pr:Harbor/Shop/web#12"]),
        ("https://git.example.com/harbor/shop/web/-/merge_requests/12/diffs#note_1", ["pr:Harbor/Shop/web#12"]),
        ("(https://gitlab.com/harbor/api/merge_requests/012)", ["pr:harbor/api#12"]),
        ("https://git.example.com/git/harbor/shop/web/-/merge_requests/12", ["pr:Harbor/Shop/web#12"]),
        ("https://gitlab.com/other/sub/thing/-/merge_requests/7?tab=1", ["pr:other/sub/thing#7"]),
        ("https://gitlab.com/harbor/api/-/issues/7 and /-/merge_requests/8", []),
        ("https://gitlab.com/harbor/api/-/merge_requests/new", []),
        ("waits for harbor/shop/web!12 and harbor/api!9.", ["pr:Harbor/Shop/web#12", "pr:harbor/api#9"]),
        ("harbor/shop/web#12, harbor/shop/web!12", ["pr:Harbor/Shop/web#12"]),
        ("web!12 and api!9", ["pr:Harbor/Shop/web#12", "pr:harbor/api#9"]),
        ("Done!12 wow!3 !!4 a!=5 !6th", []),
        ("!12", []),  # whose?
    ],
)
def test_a_merge_request_has_a_pull_requests_one_spelling(text: str, found: list[str]):
    assert named(text, GROUPS) == found


def test_a_bare_merge_request_needs_somebody_whose_it_is():
    assert named("review of !12", GROUPS, "web") == ["pr:Harbor/Shop/web#12"]
    assert named("!12 first", {"api": Repository(gitlab="harbor/api")}) == ["pr:harbor/api#12"]
