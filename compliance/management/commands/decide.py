"""`decide`: a lease's facts as JSON lines in, the decisions out. Nothing is stored and no database is asked."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError

from compliance.base import clock
from compliance.engine.batch.decisions import decided
from compliance.management.json_lines import Answer, JsonLinesCommand
from compliance.selectors.policies import pack_as_of


class Command(JsonLinesCommand):
    """Facts as a decision stores them; without `as_of` in them or on the command line, as of now."""

    help = "Decide about facts, one JSON object a line, by the policy pack of the day; nothing is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The day, and where the lines come from."""
        super().add_arguments(parser)
        parser.add_argument("--as-of", metavar="DATE", help="decide as of this past day (00:00 UTC) or ISO 8601 time")

    def answering(self, options: dict[str, Any]) -> Answer:
        """The engine, over the packs of this house."""
        now = clock.now()
        as_of = _moment(options["as_of"]) if options["as_of"] is not None else None
        if as_of and as_of > now:
            raise CommandError("--as-of lies in the future.")
        return lambda value: decided(value, now=now, pack_at=lambda moment: pack_as_of(moment)[0], as_of=as_of)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError("--as-of must be a day such as 2026-11-24, or an ISO 8601 time.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
