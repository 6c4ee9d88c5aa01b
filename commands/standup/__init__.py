"""/standup: rounds of questions, asked in everyone's own morning, answered directly, gathered under one message.

One module per group of verbs; each adds its own to ``command``, and help shows them in this order.
"""

from commands.standup import rounds as rounds  # isort: skip
from commands.standup import answers as answers  # isort: skip
from commands.standup import definitions as definitions  # isort: skip
from commands.standup import mine as mine  # isort: skip
from commands.standup import reading as reading  # isort: skip
from commands.standup import digests as digests  # isort: skip
from commands.standup import held as held  # isort: skip
from commands.standup.declared import command

__all__ = ["command"]
