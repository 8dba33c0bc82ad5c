"""Reconciliation: the card network's own lines against the books, each difference on record and alarmed.

Lines that only the network can tell us of (its fees, its payouts to the platform's bank) are posted from there, once
each. Every other line must answer to something of ours, to the cent, and everything of ours to a line. One that nothing
of ours will ever answer to, such as a refund that somebody made by hand, is a difference once, and booked with it
(`unexplained`).
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Max

from compliance.base import clock
from compliance.base.actor import system
from settlement.models import CardPayment, Entry, Hold, Payout, ReconciliationRun
from settlement.rails import card
from settlement.rails.card import BalanceLine
from settlement.services import ledger, payout_recovery, unexplained
from settlement.services.accounts import Kind, Pot, clearing, of_platform
from settlement.services.differences import Comparison, Difference, record
from settlement.services.ledger import Line

ACTOR = system("reconciliation")
RAIL = "card"
USD = "USD"
# Lines are looked at again for a day: what was in flight at one run is settled at the next.
OVERLAP = timedelta(days=1)
# What moved this recently may not have reached the other side yet.
IN_FLIGHT = timedelta(minutes=2)
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


def reconcile_card() -> ReconciliationRun:
    """The card network's lines and total were compared with the books; the run and its differences are on record.

    The run, its differences, their cases, and what the strays do in the books: all of it, or nothing. Asks the
    network: not inside a transaction. Raises the rail's CardError.
    """
    started = clock.now()
    since = _since()
    lines = list(card.rail().balance_lines(int(since.timestamp())))
    total = card.rail().balance_minor()
    for line in lines:
        _post_what_only_the_rail_knows(line)
    known = unexplained.booked(lines)
    strays = unexplained.strays(lines, known)
    differences = [
        *_unanswered_lines(lines, known),
        *_missing_lines(lines, since, started),
        *_total(total - sum(line.amount_minor for line in strays), started),
    ]
    with transaction.atomic():
        unexplained.book([line for line in strays if not _is_young(line)], actor=ACTOR)
        books = -ledger.balance_of(clearing(Pot.CARD, USD))
        return record(Comparison(RAIL, USD, books, total, len(lines), started, differences), actor=ACTOR)


def _since() -> datetime:
    last = ReconciliationRun.objects.filter(rail=RAIL, balanced=True).aggregate(top=Max("through_at"))["top"]
    return last - OVERLAP if last else BEGINNING


def _post_what_only_the_rail_knows(line: BalanceLine) -> None:
    """The network's fee on the line, and its payouts to the platform's bank, stand in the books."""
    stripe = clearing(Pot.CARD, USD)
    if line.fee_minor:
        # A fee may come back with a dispute that was won, so it lies where either sign may stand.
        kind = Kind.CHARGEBACKS if line.kind == "adjustment" else Kind.PROCESSING
        costs = of_platform(kind, Pot.CARD, USD)
        _post("stripe.fee", line, [Line(stripe, line.fee_minor), Line(costs, -line.fee_minor)])
    if line.kind == "payout":
        bank = of_platform(Kind.BANK, Pot.CARD, USD)
        _post("stripe.payout", line, [Line(stripe, -line.amount_minor), Line(bank, line.amount_minor)])


def _post(kind: str, line: BalanceLine, lines: list[Line]) -> None:
    ledger.post(ledger.transfer_id_for(kind, line.id), kind, lines, memo=line.id)


def _unanswered_lines(lines: list[BalanceLine], booked: dict[str, int]) -> list[Difference]:
    """Lines of the network that nothing of ours answers to, or with another amount."""
    charges = {line.source: line for line in lines if line.kind == "charge"}
    transfers = {line.source: line for line in lines if line.kind == "transfer"}
    ours = dict(
        CardPayment.objects.filter(charge_id__in=charges, state=CardPayment.State.SUCCEEDED).values_list(
            "charge_id", "captured_minor"
        )
    )
    paid = dict(
        Payout.objects.filter(external_id__in=transfers, state=Payout.State.SENT).values_list(
            "external_id", "amount_minor"
        )
    )
    expected = ours | {source: -amount for source, amount in paid.items()}
    expected |= _recovered([*transfers])
    behind = unexplained.payments_behind(lines)
    found = []
    for line in lines:
        known = booked.get(line.id, expected.get(line.source))
        if line.kind == "payout" or known == line.amount_minor or _is_young(line):
            continue
        words = "the books know nothing of it" if known is None else "the books have another amount"
        about = behind.get(line.charge)
        whose = f" of payment {about.pk}" if about else f" of {line.charge}" if line.charge else ""
        found.append(Difference(line.id, known, line.amount_minor, f"{line.kind} {line.source}{whose}: {words}"))
    return found


def _recovered(transfer_ids: list[str]) -> dict[str, int]:
    """What the books say of each transfer that they had forgotten, by its id; signed as the network signs it."""
    entries = Entry.objects.filter(
        transfer__kind=payout_recovery.RECOVERED,
        transfer__memo__in=transfer_ids,
        account__kind=Kind.STRIPE_CLEARING,
    )
    return {memo: -amount for memo, amount in entries.values_list("transfer__memo", "amount_minor")}


def _is_young(line: BalanceLine) -> bool:
    return line.created > (clock.now() - IN_FLIGHT).timestamp()


def _missing_lines(lines: list[BalanceLine], since: datetime, started: datetime) -> list[Difference]:
    """What the books have collected or paid and the network shows no line for."""
    shown = {line.source for line in lines}
    window = {"state_changed_at__gte": since + IN_FLIGHT, "state_changed_at__lte": started - IN_FLIGHT}
    collected = CardPayment.objects.filter(state=CardPayment.State.SUCCEEDED, **window)
    paid = Payout.objects.filter(state=Payout.State.SENT, pot=Pot.CARD, **window)
    return [
        *(
            Difference(row.charge_id or str(row.pk), row.captured_minor, None, "no line for this card payment")
            for row in collected.exclude(charge_id__in=shown)
        ),
        *(
            Difference(row.external_id, -row.amount_minor, None, "no line for this payout")
            for row in paid.exclude(external_id__in=shown)
        ),
    ]


def _total(rail_minor: int, started: datetime) -> list[Difference]:
    """The whole balance, less the lines that are about to be booked, unless something is just moving."""
    ledger_minor = -ledger.balance_of(clearing(Pot.CARD, USD))
    if ledger_minor == rail_minor or _is_moving(started):
        return []
    return [Difference("balance", ledger_minor, rail_minor, "the balance at the card network is another", True)]


def _is_moving(started: datetime) -> bool:
    young = {"state_changed_at__gte": started - IN_FLIGHT}
    return (
        CardPayment.objects.filter(**young).exists()
        or Payout.objects.filter(pot=Pot.CARD, **young).exists()
        or Payout.objects.filter(pot=Pot.CARD, state=Payout.State.SENDING).exists()
        or CardPayment.objects.filter(state=CardPayment.State.CREATING).exists()
        or Hold.objects.filter(rail=Hold.Rail.CARD, state=Hold.State.SETTLING).exists()
    )
