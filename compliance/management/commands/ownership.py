"""`ownership`: listed names and holdings as JSON lines in, who is blocked by ownership out. No database is asked."""

from functools import partial
from typing import Any

from compliance.base import clock
from compliance.engine.batch.ownership import owned
from compliance.management.json_lines import Answer, JsonLinesCommand


class Command(JsonLinesCommand):
    """`{"listed": ["X"], "edges": [{"owner": "X", "owned": "A", "pct": 50}]}` gives `{"blocked", ...}`."""

    help = "Apply OFAC's 50 percent rule to graphs of holdings, one JSON object a line."

    def answering(self, options: dict[str, Any]) -> Answer:
        """The engine's fixpoint, for holdings up to the present day."""
        return partial(owned, today=clock.now().date())
