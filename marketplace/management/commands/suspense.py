"""`manage.py suspense list | explain | approve`: where money in suspense belongs, by two officers."""

import getpass
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from compliance.selectors.cases import case_numbered
from marketplace.services.staff import officer_with_password
from settlement.money import amount_words
from settlement.selectors.suspense import explanations_waiting, in_suspense
from settlement.services.explanations import PLACES, Place, approve, propose


class Command(BaseCommand):
    """Each officer gives their own password; a refusal ends it with an error, and nothing has moved."""

    help = "List what lies in suspense, say where it belongs, or approve what another officer said."

    def add_arguments(self, parser: CommandParser) -> None:
        """One deed a call."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        deeds.add_parser("list", help="what is not explained, and what waits for a second officer")
        told = deeds.add_parser("explain", help="say where it belongs; its case awaits a second officer")
        told.add_argument("transfer", type=UUID)
        told.add_argument("--case", type=int, required=True, help="the number of the difference's case")
        told.add_argument("--to", required=True, choices=[place.value for place in PLACES])
        told.add_argument("--party", type=UUID, help="whose, for an account of a party")
        told.add_argument("--amount", type=int, help="in minor units, such as cents; all of it when left out")
        second = deeds.add_parser("approve", help="as the second officer; the case's own page does the same")
        second.add_argument("explanation", type=UUID)
        for each in (told, second):
            each.add_argument("--why", required=True, help="for the case; it names nobody")
            each.add_argument("--by", required=True, help="the officer's e-mail address")

    def handle(self, *args: object, **options: Any) -> None:
        """It is done, or nothing is."""
        try:
            getattr(self, f"_{options['deed']}")(options)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal

    def _list(self, options: dict[str, Any]) -> None:
        for each in in_suspense():
            left = amount_words(each.left_minor, each.currency)
            self.stdout.write(f"{each.transfer_id}  {each.at:%Y-%m-%d %H:%M}  {each.kind:20}  {left:>14}  {each.memo}")
        for row in explanations_waiting():
            amount = amount_words(row.amount_minor, row.currency)
            self.stdout.write(f"explanation {row.pk} waits: {amount} of {row.transfer_id} to {row.kind}")

    def _explain(self, options: dict[str, Any]) -> None:
        place = Place(options["to"], options["party"])
        case_id = case_numbered(options["case"]).pk
        given = {"actor": _officer(options["by"]), "amount_minor": options["amount"]}
        pk = propose(options["transfer"], case_id, place, options["why"], **given)
        self.stdout.write(f"Explanation {pk} waits for a second officer, here or on the page of the case.")

    def _approve(self, options: dict[str, Any]) -> None:
        approve(options["explanation"], options["why"], actor=_officer(options["by"]))
        self.stdout.write("Booked, and the case is closed.")


def _officer(email: str) -> Actor:
    return officer_with_password(email, getpass.getpass(f"Password of {email}: ")).as_actor()
