"""Examples of what is said beside a chart, and without one."""

from dataclasses import replace

from tests.golden.contexts.monitor import ONE

WORDS = "payments-1:9090: now 0.072, at most 0.081; the limit is 0.01."
TROUBLE = "no chart: Prometheus was asked, and it does not answer (TimeoutError)"

CONTEXTS = {
    "monitor/chart": {"in_words": WORDS},
    "monitor/card#no-chart": {"group": replace(ONE, chart_trouble=TROUBLE)},
}
