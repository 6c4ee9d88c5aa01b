"""What carriers are asked to carry out, and what their errors must not hold."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bot.core.team import Repository
from bot.stages.deploy.model.ports import Order

GITHUB_TOKEN, GITLAB_TOKEN, SECRET = "ghp_0123456789secret", "glpat-0123456789secret", "shared-hook-secret"
SECRETS = (GITHUB_TOKEN, GITLAB_TOKEN, SECRET)
SHA, OTHER_SHA = "9f3c2a17d4e5b6a8c9d0e1f2a3b4c5d6e7f80912", "0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa"

STARTED = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def order(url: str = "", *, run: str = "D-12/1", reference: str = "", **values: str) -> Order:
    """Web v1.4.0 to production, at a server that is both GitHub and GitLab."""
    given = {
        "service": "web",
        "version": "v1.4.0",
        "environment": "production",
        "sha": SHA,
        "deployment": run.partition("/")[0],
    }
    repository = Repository(
        github="harbor/web", github_api=url, gitlab="harbor/shop/web", gitlab_api=f"{url}/api/v4"
    )
    return Order(run, repository, given | values, STARTED, reference)


def all_of(error: BaseException) -> str:
    """Everything that an error says, and those that come along with it, as whoever logs it could see."""
    return "\n".join(repr((type(one), one, one.args, vars(one))) for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    left = [error]
    while left:
        one = left.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            left += [each for each in (one.__cause__, one.__context__) if each is not None]
