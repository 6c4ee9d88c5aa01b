"""/code: who works on what, what holds them up, and what they would do.

One module per group of verbs; each adds its own to ``command``, and help shows them in this order.
"""

from commands.code import progress as progress  # isort: skip
from commands.code import blockers as blockers  # isort: skip
from commands.code import asking as asking  # isort: skip
from commands.code import ideas as ideas  # isort: skip
from commands.code.command import command

__all__ = ["command"]
