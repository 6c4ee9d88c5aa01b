"""What /code is called; its verbs are in the modules beside this one."""

from bot.core.command import Command
from bot.core.stages import Stage

command = Command("code", "Who works on what, what holds them up, and what they would do", stage=Stage.CODE)
