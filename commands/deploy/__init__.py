"""/deploy: bring a version somewhere, with somebody else's yes, and see it happen.

One module per group of verbs; each adds its own to ``command``, and help shows them in this order.
"""

from commands.deploy import request as request  # isort: skip
from commands.deploy import status as status  # isort: skip
from commands.deploy import locks as locks  # isort: skip
from commands.deploy import who as who  # isort: skip
from commands.deploy import decide as decide  # isort: skip
from commands.deploy.command import command

__all__ = ["command"]
