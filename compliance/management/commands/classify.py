"""`classify`: figures of chips as JSON lines in, their classes under ECCN 3A090 out. No database is asked."""

from typing import Any

from compliance.engine.batch.chips import classified
from compliance.management.json_lines import Answer, JsonLinesCommand


class Command(JsonLinesCommand):
    """`{"dense_tops": {"8": 1979}, "die_mm2": 814, "datacenter": true}` gives `{"tpp", "eccn", "why", ...}`."""

    help = "Classify chips under ECCN 3A090, one JSON object a line."

    def answering(self, options: dict[str, Any]) -> Answer:
        """The engine's classifier."""
        return classified
