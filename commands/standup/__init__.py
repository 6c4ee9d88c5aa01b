"""/standup: rounds of questions, asked in everyone's own morning, answered directly, gathered under one message.

One module per group of verbs; each adds its own to ``command``, and help shows them in this order.
"""

from commands.standup import rounds as rounds  # isort: skip
from commands.standup import answers as answers  # isort: skip
from commands.standup import setups as setups  # isort: skip
from commands.standup import presence as presence  # isort: skip
from commands.standup import history as history  # isort: skip
from commands.standup import digests as digests  # isort: skip
from commands.standup import privacy as privacy  # isort: skip
from commands.standup.command import command

__all__ = ["command"]
