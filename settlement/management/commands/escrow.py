"""`manage.py escrow withdraw_fees | sweep`: what the treasurer takes out of the contract."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base.actor import system
from compliance.base.errors import Refusal
from settlement.services import treasury

ACTOR = system("operator")


class Command(BaseCommand):
    """Sends one transaction by the treasurer's key; asked again while it is under way, it names the same."""

    help = "Take the fees that the contract holds, or sweep tokens that were sent to it directly into quarantine."

    def add_arguments(self, parser: CommandParser) -> None:
        """One deed a call."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        fees = deeds.add_parser("withdraw_fees", help="pay the accrued fees to a wallet of the platform")
        fees.add_argument("--to", required=True, help="the wallet's address, with its checksum")
        strays = deeds.add_parser("sweep", help="move stray tokens to the quarantine address, fixed in the contract")
        strays.add_argument("--token", default="", help="another token's address (default: the contract's own token)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """The transaction is stored and was sent. Raises CommandError when it was not."""
        try:
            if options["deed"] == "withdraw_fees":
                sent = treasury.withdraw_fees(options["to"], actor=ACTOR)
            else:
                sent = treasury.sweep(options["token"], actor=ACTOR)
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(f"{sent.purpose}: {sent.hash} is {sent.state}. The books follow once it is final.")
