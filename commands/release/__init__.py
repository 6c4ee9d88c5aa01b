"""/release: notes of what a version brings, and flags that let it reach people by degrees.

One module per group of verbs; each adds its own to ``command``, and help shows them in this order.
"""

from commands.release import notes as notes  # isort: skip
from commands.release import deciding as deciding  # isort: skip
from commands.release import posting as posting  # isort: skip
from commands.release import asked as asked  # isort: skip
from commands.release import flags as flags  # isort: skip
from commands.release import roll_outs as roll_outs  # isort: skip
from commands.release.declared import command

__all__ = ["command"]
