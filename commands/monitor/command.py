"""What /monitor is called; its verbs are in the modules beside this one."""

from bot.core.command import Command
from bot.core.stages import Stage

command = Command("monitor", "Open alerts, and what to do about them", stage=Stage.MONITOR)
