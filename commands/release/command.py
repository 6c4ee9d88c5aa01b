"""What /release is called; its verbs are in the modules beside this one."""

from bot.core.command import Command
from bot.core.stages import Stage

command = Command("release", "Notes of what a version brings, drafted and published", stage=Stage.RELEASE)
