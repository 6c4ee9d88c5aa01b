"""Of which nouns figures and digests look through all that changed in a stretch of time, however many.

Each of these has an index for it, which every write of one has to keep: name no noun that nobody looks back at.
"""

from typing import Any

from bot.domain.alerts import AlertGroup
from bot.domain.blockers import Blocker
from bot.domain.deployments import Deployment
from bot.domain.incidents import Incident
from bot.domain.standup_answers import StandupAnswer

LOOKED_BACK_AT: frozenset[type[Any]] = frozenset({AlertGroup, Blocker, Deployment, Incident, StandupAnswer})
