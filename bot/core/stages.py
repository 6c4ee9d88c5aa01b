"""The eight stages of the flow, in the order in which a change passes them."""

from enum import StrEnum


class Stage(StrEnum):
    """Where in the flow something happens; compare stages by their ``order``."""

    PLAN = "plan"
    CODE = "code"
    BUILD = "build"
    TEST = "test"
    RELEASE = "release"
    DEPLOY = "deploy"
    MANAGE = "manage"
    MONITOR = "monitor"

    @property
    def order(self) -> int:
        """0 for plan … 7 for monitor."""
        return list(Stage).index(self)
