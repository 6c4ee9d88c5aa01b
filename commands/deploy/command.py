"""The command that the modules beside this one add their verbs to, and what several of them take."""

from bot.core.command import Command, environment, id_of
from bot.core.stages import Stage

command = Command("deploy", "Bring a version of a service to an environment", stage=Stage.DEPLOY)

DEPLOYMENT = id_of("D", "the deployment, such as D-12")
ENVIRONMENT = environment("which environment")
