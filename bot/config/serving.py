"""What serving Slack needs of the environment, beyond what other commands of the program do."""

import base64
import binascii
from collections.abc import Iterator, Mapping

from bot.sections.mistakes import Mistake


def missing(values: Mapping[str, str]) -> Iterator[Mistake]:
    """What serving Slack needs beyond what is there."""
    # An install that looks as if others could join it, and then answers nobody, is worse than a refusal.
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        if name in values:
            yield Mistake(name, "one process serves one workspace for now; unset it, and set SLACK_BOT_TOKEN")
    if "SLACK_BOT_TOKEN" not in values:
        yield Mistake(
            "SLACK_BOT_TOKEN", "is not set; it is on your app's page “OAuth & Permissions” and begins with xoxb-"
        )
    if "SLACK_APP_TOKEN" not in values and "SLACK_SIGNING_SECRET" not in values:
        yield Mistake(
            "SLACK_APP_TOKEN",
            "is not set; make one with connections:write on “Basic Information” for Socket Mode, or set "
            "SLACK_SIGNING_SECRET for requests over HTTP",
        )


def is_key(text: str) -> bool:
    """Whether it is 32 bytes in URL-safe base64."""
    try:
        return len(base64.urlsafe_b64decode(text.encode())) == 32
    except (binascii.Error, ValueError):
        return False
