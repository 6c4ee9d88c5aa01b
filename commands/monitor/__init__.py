"""/monitor: what fires now, who is on it, and quiet for a while.

One module per group of verbs; each adds its own to ``command``, and help shows them in this order.
"""

from commands.monitor import looking as looking  # isort: skip
from commands.monitor import alerts as alerts  # isort: skip
from commands.monitor import silences as silences  # isort: skip
from commands.monitor import oncall as oncall  # isort: skip
from commands.monitor import incidents as incidents  # isort: skip
from commands.monitor import routes as routes  # isort: skip
from commands.monitor import noise as noise  # isort: skip
from commands.monitor.command import command

__all__ = ["command"]
