"""The command that the modules beside this one add their verbs to."""

from bot.core.command import Command

command = Command("standup", "Stand-ups: asked in everyone's own morning, gathered under one message")
