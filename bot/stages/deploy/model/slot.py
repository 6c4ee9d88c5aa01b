"""One service in one environment: what is live there, and whose turn it is."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from bot.core.refusals import Stale
from bot.stages.deploy.model.changes_shipped import Version
from bot.stages.deploy.model.deployment import Deployment, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One service in one environment: what is live there, and the one deployment that may run.

    ``taken_by`` is given in the transaction that lets a deployment start, and given back when its end is known:
    so two never run at once.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("service", "service+environment")
    # Whoever has one deployment of a slot redraws the others that wait there: who locked his own first, and the slot
    # then, met others in deadlocks.
    LOCKED_BEFORE: ClassVar[dict[type[Any], tuple[str, ...]]] = {Deployment: ("service", "environment")}

    id: str  # "web/production"
    service: str
    environment: str
    live: Version | None = None
    taken_by: str = ""
    latest: str = ""  # the deployment whose command ran last, however it ended
    turns: int = 0  # how often it was taken: a turn that could not be used is another one than the next

    @classmethod
    def of(cls, service: str, environment: str) -> Self:
        """A slot that nothing has come to yet."""
        return cls(id=slot_id(service, environment), service=service, environment=environment)

    def take(self, deployment: str) -> Self:
        """Taken by this deployment. Raises ``Stale`` where another one has it."""
        if self.taken_by not in ("", deployment):
            raise Stale(f"{self.taken_by} is running for {self.service} in {self.environment}.")
        return replace(self, taken_by=deployment, turns=self.turns + 1)

    def started(self, deployment: str) -> Self:
        """With this deployment as the one whose command ran last."""
        return replace(self, latest=deployment)

    def free(self, deployment: str) -> Self:
        """Free, if this deployment had it."""
        return replace(self, taken_by="") if self.taken_by == deployment else self

    def settled(self, deployment: Deployment) -> Self:
        """Free again after this deployment ended, with its version live if it succeeded."""
        freed = self.free(deployment.id)
        if deployment.state is not State.SUCCEEDED:
            return freed
        return replace(
            freed,
            live=Version(
                deployment.version, deployment.sha, deployment.id, deployment.ended_at, deployment.artifact
            ),
        )


def slot_id(service: str, environment: str) -> str:
    """The id of this service's slot there."""
    return f"{service}/{environment}"
