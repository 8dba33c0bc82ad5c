"""`manage.py usage verify`: every usage record proved by its signature, every usage line by its record."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.services.usage_proof import verify_usage


class Command(BaseCommand):
    """Ends with an error on any fault."""

    help = "Check signatures of usage totals, and the ledger's usage lines against them."

    def add_arguments(self, parser: CommandParser) -> None:
        """The one deed there is."""
        parser.add_argument("deed", choices=["verify"])
        parser.add_argument("--lease", type=UUID, help="one lease alone")

    def handle(self, *args: object, **options: Any) -> None:
        """Each fault is printed, then the verdict."""
        proof = verify_usage(options["lease"])
        for fault in proof.faults:
            self.stderr.write(fault)
        if proof.faults:
            raise CommandError(f"Usage does not verify: {len(proof.faults)} faults.")
        self.stdout.write(f"Usage verifies: {proof.records} signed totals, {proof.lines} lines in the ledger.")
