"""`manage.py ledger verify`: the whole book proved from its entries."""

import argparse

from django.core.management.base import BaseCommand, CommandError

from settlement.services.books import verify_books


class Command(BaseCommand):
    """Proves the book; ends with an error when it does not verify."""

    help = "Prove the whole book from its entries."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """The one deed there is."""
        parser.add_argument("deed", choices=["verify"])

    def handle(self, *args: object, **options: object) -> None:
        """The totals are printed, then the verdict."""
        report = verify_books()
        for total in report.totals:
            self.stdout.write(f"{total.pot:7} {total.currency:5} {total.kind:16} {total.balance_minor:>20,}")
        for fault in report.faults:
            self.stderr.write(fault)
        if not report.verified:
            raise CommandError(f"The books do not verify: {len(report.faults)} faults.")
        self.stdout.write(
            f"The books verify: {report.transfers} transfers, {report.entries} entries, {report.accounts} accounts."
        )
