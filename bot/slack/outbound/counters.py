"""What the messenger counts, for /metrics."""

from prometheus_client import Counter, Gauge

WAITING = Gauge("eightbells_outbox_waiting", "Messages that are not as Slack should show them yet", ["band"])
DEAD = Gauge("eightbells_outbox_dead", "Dead letters: messages that cannot be sent as things are")
SENT = Counter("eightbells_messages_sent", "Steps that Slack accepted", ["doing"])
FAILED = Counter("eightbells_messages_failed", "Calls that did not succeed, by what was made of it", ["verdict"])
RECONCILED = Counter("eightbells_messages_reconciled", "Doubts cleared by looking into the conversation", ["found"])
BURIED = Counter("eightbells_messages_dead", "Messages that became dead letters")
