"""`replay_decision ID`: the engine gives the same bytes again, or it is told where not. `--as-of DATE`: what the rules,
figures and lists of that day answer to the same question."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from compliance.base import clock
from compliance.base.errors import InvalidInput, NotFound
from compliance.engine.packs import NoPackInForce
from compliance.services.gate import DecisionErased, replay
from compliance.services.past_decisions import PastAnswer, decided_as_of


class Command(BaseCommand):
    """Exit status 1 when the decision does not replay, or no rule or no list speaks of the day."""

    help = "Decide again from a decision's stored facts and pack, and compare the bytes; or as of another day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The decision and the day."""
        parser.add_argument("decision_id", type=UUID)
        parser.add_argument(
            "--as-of",
            metavar="DATE",
            help="by the rules, figures and lists as they stood on this day (its end, in UTC) or at this time (ISO "
            "8601); nothing is stored",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Says whether it is the same, or what that day answers."""
        try:
            if options["as_of"]:
                self._tell(decided_as_of(options["decision_id"], _moment(options["as_of"])))
                return
            same = replay(options["decision_id"])
        except (NotFound, NoPackInForce, DecisionErased, InvalidInput) as error:
            raise CommandError(str(error)) from error
        if not same:
            raise CommandError("The decision does NOT replay to the same bytes.")
        self.stdout.write("The decision replays to the same bytes.")

    def _tell(self, past: PastAnswer) -> None:
        taken = past.decision
        self.stdout.write(f"Decided on {taken.created_at:%Y-%m-%d} by {taken.pack}: {taken.outcome}.")
        self.stdout.write(f"As of {past.as_of.isoformat()}: {past.outcome.outcome}.")
        back = "; no pack was in force yet, and its rules say since when they hold" if past.reached_back else ""
        self.stdout.write(f"  rules    {past.pack.label} (SHA-256 {past.pack.hash[:16]}){back}")
        self.stdout.write(f"  figures  {past.catalogue}")
        for version in past.versions:
            self.stdout.write(
                f"  list     {version.watchlist_id}: SHA-256 {version.sha256[:16]}, {version.row_count} entries, "
                f"fetched {version.fetched_at:%Y-%m-%d}"
            )
        self.stdout.write("  parties, owners and what their group computed: as the decision has them")
        for reason in past.outcome.reasons:
            self.stdout.write(f"{reason.outcome} {reason.code} ({reason.kind}): {reason.sentence} [{reason.citation}]")


def _moment(text: str) -> datetime:
    try:
        if len(text) == len("2026-11-24"):
            # The whole day counts: what was loaded or came into force on it stood at its end.
            day, now = date.fromisoformat(text), clock.now()
            return now if day == now.date() else datetime.combine(day, time.max, UTC)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError("--as-of must be a day such as 2026-11-24, or an ISO 8601 time.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
