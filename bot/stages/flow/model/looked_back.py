"""Of which nouns figures and digests look through all that changed in a stretch of time, however many.

Each of these has an index for it, which every write of one has to keep: name no noun that nobody looks back at.
"""

from typing import Any

from bot.stages.code.model.blocker import Blocker
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.incident import Incident
from bot.stages.standup.model.answer import StandupAnswer

LOOKED_BACK_AT: frozenset[type[Any]] = frozenset({AlertGroup, Blocker, Deployment, Incident, StandupAnswer})
