"""`manage.py ledger verify | statement | rate | convert`: the book proved, read, and its money changed by a rate."""

import argparse
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from compliance.base import clock
from compliance.base.actor import system
from compliance.base.errors import Refusal
from settlement.models import Account
from settlement.money import amount_words
from settlement.selectors.statements import MOST_LINES, as_csv, as_json, statement
from settlement.services.accounts import AccountKey
from settlement.services.books import verify_books
from settlement.services.conversions import convert, record_rate

ACTOR = system("operator")


class Command(BaseCommand):
    """Reads the book; ends with an error when it does not verify."""

    help = "Prove the whole book from its entries, print a statement, record an exchange rate, or convert by it."

    def add_arguments(self, parser: CommandParser) -> None:
        """One deed a call."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        deeds.add_parser("verify", help="prove the whole book from its entries")
        told = deeds.add_parser("statement", help="print an account's statement")
        told.add_argument("--kind", required=True, help=", ".join(Account.Kind.values))
        told.add_argument("--pot", choices=Account.Pot.values, default=Account.Pot.CARD)
        told.add_argument("--currency", default="USD")
        told.add_argument("--party", type=_uuid, help="whose, for an account of a party")
        told.add_argument("--since", type=_instant, help="ISO 8601; from the first entry when left out")
        told.add_argument("--until", type=_instant, help="ISO 8601, not included; now when left out")
        told.add_argument("--cursor", default="", help="where the page before ended")
        told.add_argument("--limit", type=int, default=MOST_LINES)
        told.add_argument("--format", choices=["csv", "json"], default="csv")
        rate = deeds.add_parser("rate", help="record an exchange rate")
        rate.add_argument("base", help="such as EUR")
        rate.add_argument("quote", help="such as USD")
        rate.add_argument("value", help="how much of the quote currency for one of the base, as a decimal")
        rate.add_argument("--source", required=True, help="who said so")
        rate.add_argument("--at", type=_instant, required=True, help="when it was said, ISO 8601")

        self._add_convert(deeds.add_parser("convert", help="change money by a rate on record; a dry run without --yes"))

    def _add_convert(self, told: CommandParser) -> None:
        told.add_argument("rate", type=_uuid, help="the rate's id, as `ledger rate` printed it")
        told.add_argument("amount", type=int, help="how much is sold, in minor units (cents)")
        told.add_argument("--sell", required=True, help="such as EUR")
        told.add_argument("--buy", required=True, help="such as USD")
        told.add_argument("--kind", default=Account.Kind.AVAILABLE, help=", ".join(Account.Kind.values))
        told.add_argument("--pot", choices=Account.Pot.values, default=Account.Pot.CARD)
        told.add_argument("--party", type=_uuid, help="whose, for an account of a party")
        told.add_argument("--id", type=_uuid, help="of the transfer: told again under it, nothing moves")
        told.add_argument("--memo", default="")
        told.add_argument("--yes", action="store_true", help="do it; without, it is only tried and taken back")

    def handle(self, *args: object, **options: Any) -> None:
        """What was asked is printed."""
        try:
            deeds = {"verify": self._verify, "statement": self._statement, "rate": self._rate, "convert": self._convert}
            deeds[options["deed"]](options)
        except (Refusal, ValueError) as error:
            raise CommandError(str(error)) from error

    def _verify(self, options: dict[str, Any]) -> None:
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

    def _statement(self, options: dict[str, Any]) -> None:
        key = _account(options, options["currency"])
        found = statement(
            kind=key.kind,
            pot=key.pot,
            currency=key.currency,
            party_id=key.party_id,
            since=options["since"],
            until=options["until"] or clock.now(),
            cursor=options["cursor"],
            limit=options["limit"],
        )
        self.stdout.write(as_json(found) if options["format"] == "json" else as_csv(found))
        if found.next_cursor:
            self.stderr.write(f"More: --cursor {found.next_cursor}")

    def _rate(self, options: dict[str, Any]) -> None:
        given = {"source": options["source"], "quoted_at": options["at"], "actor": ACTOR}
        rate_id = record_rate(options["base"], options["quote"], options["value"], **given)
        self.stdout.write(f"Rate {rate_id} is on record.")

    def _convert(self, options: dict[str, Any]) -> None:
        transfer_id = options["id"] or uuid4()
        with transaction.atomic():
            made = convert(
                transfer_id,
                options["rate"],
                options["amount"],
                source=_account(options, options["sell"]),
                destination=_account(options, options["buy"]),
                actor=ACTOR,
                memo=options["memo"],
            )
            transaction.set_rollback(not options["yes"])
        sold, bought = amount_words(made.sold_minor, options["sell"]), amount_words(made.bought_minor, options["buy"])
        if options["yes"]:
            self.stdout.write(f"Sold {sold} for {bought}: transfer {transfer_id}.")
        else:
            self.stdout.write(f"Would sell {sold} for {bought}. Nothing was moved; say --yes to do it.")


def _account(options: dict[str, Any], currency: str) -> AccountKey:
    if options["kind"] not in Account.Kind.values:
        raise CommandError(f"There is no account {options['kind']}; one of {', '.join(Account.Kind.values)}.")
    return AccountKey(options["kind"], options["pot"], currency, options["party"])


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant, such as 2026-01-31T12:00:00+00:00") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no id of a party") from error
