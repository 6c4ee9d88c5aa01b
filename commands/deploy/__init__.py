"""/deploy: bring a version somewhere, with somebody else's yes, and see it happen.

One module per group of verbs; each adds its own to ``command``, and help shows them in this order.
"""

from commands.deploy import asking as asking  # isort: skip
from commands.deploy import looking as looking  # isort: skip
from commands.deploy import holding as holding  # isort: skip
from commands.deploy import people as people  # isort: skip
from commands.deploy import deciding as deciding  # isort: skip
from commands.deploy.declared import command

__all__ = ["command"]
