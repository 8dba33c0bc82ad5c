"""`manage.py invoices issue | rate | rates | exchange | ecb | credit | check`: documents of past months, and taxes."""

import argparse
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base import clock
from compliance.base.actor import system
from compliance.base.errors import Refusal
from settlement.selectors.billing import seller, tax_rates
from settlement.selectors.invoices import gaps_in_numbers
from settlement.services.amendments import amend_due
from settlement.services.billing import record_tax_rate
from settlement.services.credit_notes import credit
from settlement.services.invoicing import issue_due
from settlement.services.reference_rates import ECB, Published, read_ecb, record_reference_rates

ACTOR = system("operator")


class Command(BaseCommand):
    """Ends with an error when a document waits or a number is missing."""

    help = "Issue the invoices of past months, record tax rates, credit a lease, or look for gaps in the numbers."

    def add_arguments(self, parser: CommandParser) -> None:
        """One deed a call."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        deeds.add_parser("issue", help="issue what is due, as the beat does every hour")
        deeds.add_parser("check", help="look for gaps in the numbers")
        deeds.add_parser("rates", help="print the tax rates on record")
        rate = deeds.add_parser("rate", help="put a tax rate on record")
        rate.add_argument("country", help="ISO 3166-1, such as DE")
        rate.add_argument("percent", type=_percent, help="such as 19 or 8.1")
        rate.add_argument("--from", dest="valid_from", type=date.fromisoformat, required=True, help="first day")
        rate.add_argument("--source", required=True, help="the law, or who said so")
        rate.add_argument("--read-on", type=date.fromisoformat, help="when the source was read; today when left out")
        exchange = deeds.add_parser("exchange", help="put a reference rate of the euro on record")
        exchange.add_argument("currency", help="such as USD, or USDC")
        exchange.add_argument("per_euro", type=_number, help="units of it for one euro")
        exchange.add_argument("--on", dest="day", type=date.fromisoformat, required=True, help="day of its publication")
        exchange.add_argument("--source", required=True, help="who published it")
        ecb = deeds.add_parser("ecb", help="put the ECB's reference rates on record, from its CSV")
        ecb.add_argument(
            "file", type=argparse.FileType(encoding="utf-8-sig"), help="eurofxref.csv or eurofxref-hist.csv"
        )
        ecb.add_argument("--since", type=date.fromisoformat, default=date(2026, 1, 1), help="the first day that counts")
        note = deeds.add_parser("credit", help="issue a credit note for one lease of an invoice; moves no money")
        note.add_argument("invoice", type=UUID, help="the invoice's id")
        note.add_argument("lease", type=UUID)
        note.add_argument("amount_minor", type=int, help="gross, in minor units")
        note.add_argument("--reason", required=True)
        note.add_argument("--cause", help="names the deed, so that it is done once; the refund's id")

    def handle(self, *args: object, **options: Any) -> None:
        """What was asked is done."""
        deeds = {
            "issue": self._issue,
            "check": self._check,
            "rates": self._rates,
            "rate": self._rate,
            "exchange": self._exchange,
            "ecb": self._ecb,
            "credit": self._credit,
        }
        try:
            deeds[options["deed"]](options)
        except Refusal as error:
            raise CommandError(str(error)) from error

    def _issue(self, options: dict[str, Any]) -> None:
        if seller() is None:
            self.stderr.write("GRIDCLEAR_SELLER_… names no seller with a scheme: no fee is invoiced.")
        done = issue_due(actor=ACTOR)
        notes, kept = amend_due(actor=ACTOR)
        self.stdout.write(f"{done.documents + notes} documents issued")
        if done.waiting or kept:
            raise CommandError(
                f"{done.waiting + kept} invoices wait: a scheme, an address, a VAT number or a rate is missing."
            )

    def _check(self, options: dict[str, Any]) -> None:
        gaps = gaps_in_numbers()
        for gap in gaps:
            self.stderr.write(gap)
        if gaps:
            raise CommandError("The numbers have gaps.")
        self.stdout.write("no gaps")

    def _rates(self, options: dict[str, Any]) -> None:
        for rate in tax_rates():
            words = (
                f"{rate.country} {rate.rate_bps / 100:g} % from {rate.valid_from}: {rate.source}, read {rate.read_on}"
            )
            self.stdout.write(words)

    def _rate(self, options: dict[str, Any]) -> None:
        read_on = options["read_on"] or clock.now().date()
        record_tax_rate(
            options["country"].upper(),
            options["percent"],
            valid_from=options["valid_from"],
            source=options["source"],
            read_on=read_on,
            actor=ACTOR,
        )
        self.stdout.write("on record")

    def _exchange(self, options: dict[str, Any]) -> None:
        rate = Published(options["currency"].upper(), options["day"], options["per_euro"])
        record_reference_rates([rate], source=options["source"], actor=ACTOR)
        self.stdout.write("on record")

    def _ecb(self, options: dict[str, Any]) -> None:
        with options["file"] as lines:
            found = record_reference_rates(read_ecb(lines, options["since"]), source=ECB, actor=ACTOR)
        self.stdout.write(f"{found} rates are new on record")

    def _credit(self, options: dict[str, Any]) -> None:
        cause = f"credit:{options['cause'] or uuid4()}"
        invoice, lease = options["invoice"], options["lease"]
        note = credit(invoice, lease, options["amount_minor"], reason=options["reason"], cause=cause, actor=ACTOR)
        self.stdout.write(note.number)


def _number(text: str) -> Decimal:
    """A decimal. Raises ArgumentTypeError."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError("a decimal, such as 1.0865") from error


def _percent(text: str) -> int:
    """Basis points. Raises ArgumentTypeError."""
    try:
        bps = Decimal(text) * 100
        if bps.is_finite() and bps == int(bps) and 0 <= bps <= 10_000:
            return int(bps)
    except InvalidOperation:
        pass
    raise argparse.ArgumentTypeError("a percentage from 0 to 100 with two decimals at most")
