"""/release: notes of what a version brings, and flags that let it reach people by degrees.

One module per group of verbs; each adds its own to ``command``, and help shows them in this order.
"""

from commands.release import notes as notes  # isort: skip
from commands.release import approve as approve  # isort: skip
from commands.release import publish as publish  # isort: skip
from commands.release import customer_lines as customer_lines  # isort: skip
from commands.release import flags as flags  # isort: skip
from commands.release import rollouts as rollouts  # isort: skip
from commands.release.command import command

__all__ = ["command"]
