"""`retention report`, `sweep` and `erase`: what is kept until when, and what goes."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base.actor import system
from compliance.base.errors import Refusal
from compliance.engine.retention import RetentionInvalid
from compliance.selectors.retention import kept, legal_holds, schedule
from compliance.services.erasure import erase_on_request
from marketplace.services.retention import follow_erasures, run_retention, tell_clocks

ACTOR = system("command")


class Command(BaseCommand):
    """Names nobody: parties by id, and how many."""

    help = "Report what is kept until when, erase what is due, or erase a party on its person's request."

    def add_arguments(self, parser: CommandParser) -> None:
        """The deed."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        deeds.add_parser("report", help="each class with its citation, and how many parties are due when")
        deeds.add_parser("sweep", help="erase what is due now, as the daily sweep does")
        erase: ArgumentParser = deeds.add_parser("erase", help="erase a party unless the law or a hold keeps it")
        erase.add_argument("party", type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        """One of the deeds."""
        try:
            getattr(self, f"_{options['deed']}")(options)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        except RetentionInvalid as error:
            raise CommandError(f"Nothing was erased: {error}.") from error

    def _report(self, options: dict[str, Any]) -> None:
        tell_clocks()
        plan = schedule()
        self.stdout.write(f"Retention schedule {plan.version}")
        for each in plan.classes.values():
            self.stdout.write(f"  {each.code:14} {each.months:4} months  {each.kind:6}  {each.citation}")
        found = kept()
        self.stdout.write(f"{len(found)} parties are kept; {sum(each.held for each in found)} by legal hold.")
        due = Counter(f"{each.until:%Y-%m}" if each.until else "running" for each in found if not each.held)
        now = sum(each.is_due for each in found)
        self.stdout.write(f"Due now: {now}.")
        for month, count in sorted(due.items()):
            self.stdout.write(f"  {month}: {count}")
        for hold in legal_holds():
            self.stdout.write(f"Hold {hold.pk} on party {hold.party_id} since {hold.created_at:%Y-%m-%d}.")

    def _sweep(self, options: dict[str, Any]) -> None:
        swept = run_retention(actor=ACTOR)
        self.stdout.write(
            f"Erased {swept.erased} parties; forgot the secrets of {swept.leases} leases, {swept.log_lines} log lines "
            f"and {swept.notices} notices."
        )

    def _erase(self, options: dict[str, Any]) -> None:
        tell_clocks()
        erase_on_request(options["party"], actor=ACTOR)
        follow_erasures()
        self.stdout.write("Erased. Backups hold the wrapped key until they lapse.")
