"""What a message says of the pull request that brought it, as GitHub and as GitLab write it."""

import pytest

from bot.stages.code.model.commits import pull_request_in, read

SEE = "Pay in one step\n\nCloses #7\n\nSee merge request {}"


@pytest.mark.parametrize(
    ("line", "body", "number"),
    [
        ("fix: round half up (#812)", "", 812),
        ("fix: round half up (!812)", "", 812),
        ("Merge pull request #813 from org/fix", "", 813),
        ("Merge branch 'pay' into 'main'", SEE.format("harbour/web!12"), 12),
        ("Merge branch 'pay' into 'main'", SEE.format("harbour/shop.eu/web-app!12"), 12),
        ("Merge branch 'pay' into 'main'", SEE.format("!12"), 12),
        ("Merge branch 'pay' into 'main'", SEE.format("harbour/web!12") + "\r\n", 12),
        ("feat: pay (!9)", SEE.format("harbour/web!12"), 9),
        ("feat: all of it", f"{SEE.format('a/b!3')}\n\n* more\n\n{SEE.format('a/b!5')}", 5),
        ("feat: pay", "See merge request a/b!12 for why", None),
        ("feat: pay", "I did not see merge request a/b!12", None),
        ("feat: pay", "Closes #12, after !13", None),
        ('Revert "pay"', "This reverts merge request !12", None),
        ("feat: pay", "", None),
    ],
)
def test_the_pull_request_that_a_message_names(line: str, body: str, number: int | None):
    assert pull_request_in(line, body) == number
    assert read(line, body).pull_request == number
