"""`replay_decision ID`: the engine gives the same bytes again, or it is told where not."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from compliance.base.errors import NotFound
from compliance.engine.packs import NoPackInForce
from compliance.services.gate import DecisionErased, replay


class Command(BaseCommand):
    """Exit status 1 when the decision does not replay."""

    help = "Decide again from a decision's stored facts and pack, and compare the bytes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The decision."""
        parser.add_argument("decision_id", type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        """Says whether it is the same."""
        try:
            same = replay(options["decision_id"])
        except (NotFound, NoPackInForce, DecisionErased) as error:
            raise CommandError(str(error)) from error
        if not same:
            raise CommandError("The decision does NOT replay to the same bytes.")
        self.stdout.write("The decision replays to the same bytes.")
