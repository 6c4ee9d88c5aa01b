"""The command that the modules beside this one add their verbs to, and what several of them take."""

from bot.command import Call, Command, environment, id_of
from bot.domain.access import Policy
from bot.domain.deployments import Deployment
from bot.domain.ports import Work
from bot.domain.stages import Stage
from bot.workflows import deploy

command = Command("deploy", "Bring a version of a service to an environment", stage=Stage.DEPLOY)

DEPLOYMENT = id_of("D", "the deployment, such as D-12")
ENVIRONMENT = environment("which environment")


async def permitted(call: Call, work: Work, verb: str) -> Deployment:
    """The deployment that a button names, once the policy of the place that it goes to allows the caller this.

    A button names the deployment and not the environment. Raises ``Unknown``, ``NotAllowed``.
    """
    deployment = await deploy.known(work, call.args["deployment"])
    Policy(work.team).check(f"deploy.{verb}", deployment.environment, call.by, service=deployment.service)
    return deployment
