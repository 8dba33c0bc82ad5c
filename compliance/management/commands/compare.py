"""`compare`: pairs of people or companies as JSON lines in, how like they are out. No database is asked."""

from typing import Any

from compliance.base import clock
from compliance.engine.batch.pairs import compared
from compliance.management.json_lines import Answer, JsonLinesCommand


class Command(JsonLinesCommand):
    """`{"query": {"name": "…"}, "candidate": {"name": "…"}}` gives `{"score", "match", "why"}`."""

    help = "Compare people or companies in pairs, one JSON object a line, in FollowTheMoney's property names."

    def answering(self, options: dict[str, Any]) -> Answer:
        """The scorer that the screening uses."""
        today = clock.now().date()
        return lambda value: compared(value, today)
