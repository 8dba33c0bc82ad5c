"""Reconciliation: the card network's own lines against the books, each difference on record and alarmed.

Lines that only the network can tell us of (its fees, its payouts to the platform's bank) are posted from there, once
each. Every other line must answer to something of ours, to the cent, and everything of ours to a line. One that nothing
of ours will ever answer to, such as a refund that somebody made by hand, is a difference once, and booked with it
(`unexplained`).
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Sum

from compliance.base import clock
from compliance.base.actor import system
from settlement.models import CardPayment, Entry, Payout, ReconciliationRun
from settlement.rails import card
from settlement.rails.card import BalanceLine
from settlement.services import ledger, payout_recovery, refund_deeds, refund_money, unexplained
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
# How often lines and total are read until they tell of the same moment.
READS = 5
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


def reconcile_card() -> ReconciliationRun:
    """The card network's lines and total were compared with the books; the run and its differences are on record.

    The run, its differences, their cases, and what the strays do in the books: all of it, or nothing. Asks the
    network: not inside a transaction. Raises the rail's CardError.
    """
    started, since, seen = clock.now(), _since(), _seen()
    everything, total, is_whole = _read_rail(since, started - IN_FLIGHT)
    lines = [line for line in everything if line.currency == USD.lower()]
    for line in lines:
        _post_what_only_the_rail_knows(line)
    booked = _booked(lines)
    strays = unexplained.strays(lines, booked)
    known = _known(lines, booked)
    fees = unexplained.returned_fees(lines)
    differences = [
        *_foreign(everything, seen),
        *_unanswered_lines(lines, known),
        *(Difference(f"fee of {each.id}", None, -each.fee_minor, "the network gave a fee back") for each in fees),
        *_missing_lines(lines, since, started),
        *(_total(total + sum(each.fee_minor for each in fees), lines, strays, known, started) if is_whole else []),
    ]
    with transaction.atomic():
        unexplained.book([line for line in strays if not _is_young(line)], fees, actor=ACTOR)
        books = -ledger.balance_of(clearing(Pot.CARD, USD))
        return record(Comparison(RAIL, USD, books, total, len(everything), started, differences), actor=ACTOR)


def _booked(lines: list[BalanceLine]) -> dict[str, int]:
    """What the books say of lines that no payment or payout answers to; a refund that told nobody is asked after."""
    booked = unexplained.booked(lines)
    if lost := unexplained.awaited([line for line in lines if not _is_young(line)], booked):
        refund_deeds.follow_refunds(lost)
        return unexplained.booked(lines)
    return booked


def _read_rail(since: datetime, cut_off: datetime) -> tuple[list[BalanceLine], int, bool]:
    """The network's lines and its total, and whether it made no line between the two: then they tell of the same."""
    rail = card.rail()
    lines, total = list(rail.balance_lines(int(since.timestamp()))), 0
    for _ in range(READS):
        total = rail.balance_minor()
        shown = {line.id for line in lines}
        fresh = [line for line in rail.balance_lines(int(cut_off.timestamp())) if line.id not in shown]
        if not fresh:
            return lines, total, True
        lines = [*fresh, *lines]
    return lines, total, False


def _since() -> datetime:
    last = ReconciliationRun.objects.filter(rail=RAIL, balanced=True).aggregate(top=Max("through_at"))["top"]
    return last - OVERLAP if last else BEGINNING


def _seen() -> datetime:
    """Lines from before were looked at by a run, whatever it found."""
    last = ReconciliationRun.objects.filter(rail=RAIL).aggregate(top=Max("through_at"))["top"]
    return last - OVERLAP if last else BEGINNING


def _post_what_only_the_rail_knows(line: BalanceLine) -> None:
    """The network's fee on the line, and its payouts to the platform's bank, stand in the books."""
    stripe = clearing(Pot.CARD, USD)
    is_dispute = line.kind == "adjustment"
    if line.fee_minor > 0 or (is_dispute and line.fee_minor):
        # A fee may come back with a dispute that was won, so it lies where either sign may stand.
        kind = Kind.CHARGEBACKS if is_dispute else Kind.PROCESSING
        costs = of_platform(kind, Pot.CARD, USD)
        _post(unexplained.FEE, line, [Line(stripe, line.fee_minor), Line(costs, -line.fee_minor)])
    if line.kind == "payout":
        bank = of_platform(Kind.BANK, Pot.CARD, USD)
        _post("stripe.payout", line, [Line(stripe, -line.amount_minor), Line(bank, line.amount_minor)])


def _post(kind: str, line: BalanceLine, lines: list[Line]) -> None:
    ledger.post(ledger.transfer_id_for(kind, line.id), kind, lines, memo=line.id)


def _known(lines: list[BalanceLine], booked: dict[str, int]) -> dict[str, int]:
    """What the books have for each line that something of ours answers to, by the line's id; signed as it is."""
    charges = {line.source for line in lines if line.kind == "charge"}
    transfers = {line.source for line in lines if line.kind == "transfer"}
    collected = CardPayment.objects.filter(charge_id__in=charges, state=CardPayment.State.SUCCEEDED)
    paid = Payout.objects.filter(external_id__in=transfers, state=Payout.State.SENT)
    expected = dict(collected.values_list("charge_id", "captured_minor"))
    expected |= {source: -amount for source, amount in paid.values_list("external_id", "amount_minor")}
    expected |= _recovered([*transfers])
    return {line.id: expected[line.source] for line in lines if line.source in expected} | booked


def _foreign(lines: list[BalanceLine], seen: datetime) -> list[Difference]:
    """Lines in a currency that no book of cards is kept in: a difference for a day, and then their case stands."""
    fresh = [line for line in lines if line.currency != USD.lower() and line.created >= seen.timestamp()]
    words = "is in {}, and the books of cards are kept in USD"
    return [
        Difference(
            line.id,
            None,
            line.amount_minor,
            f"{line.kind} {line.source} {words.format(line.currency.upper())}",
            currency=line.currency.upper(),
        )
        for line in fresh
        if not _is_young(line)
    ]


def _unanswered_lines(lines: list[BalanceLine], known: dict[str, int]) -> list[Difference]:
    """Lines of the network that nothing of ours answers to, or with another amount."""
    behind = unexplained.payments_behind(lines)
    found = []
    for line in lines:
        ours = known.get(line.id)
        if line.kind == "payout" or ours == line.amount_minor or _is_young(line):
            continue
        words = "the books know nothing of it" if ours is None else "the books have another amount"
        about = behind.get(line.charge)
        whose = f" of payment {about.pk}" if about else f" of {line.charge}" if line.charge else ""
        found.append(Difference(line.id, ours, line.amount_minor, f"{line.kind} {line.source}{whose}: {words}"))
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
    refunded = Entry.objects.filter(
        account__kind=Kind.STRIPE_CLEARING,
        at__range=(since + IN_FLIGHT, started - IN_FLIGHT),
        transfer__kind__in=refund_money.LINES,
    ).exclude(transfer__memo__in={line.id for line in lines})
    return [
        *(
            Difference(memo, -amount, None, "no line for this refund")
            for memo, amount in refunded.values_list("transfer__memo", "amount_minor")
        ),
        *(
            Difference(row.charge_id or str(row.pk), row.captured_minor, None, "no line for this card payment")
            for row in collected.exclude(charge_id__in=shown)
        ),
        *(
            Difference(row.external_id, -row.amount_minor, None, "no line for this payout")
            for row in paid.exclude(external_id__in=shown)
        ),
    ]


def _total(
    rail_minor: int, lines: list[BalanceLine], strays: list[BalanceLine], known: dict[str, int], started: datetime
) -> list[Difference]:
    """The whole balance, as of two minutes ago: what only one side shows of the time since is left out of that side.

    The lines that are about to be booked are left out as well, and the caller left out the fees that are.
    """
    unbooked = {line.id for line in strays}
    young = [line for line in lines if _is_young(line) and line.kind != "payout" and line.id not in unbooked]
    rail = rail_minor - sum(line.amount_minor for line in [*strays, *young])
    books = -ledger.balance_of(clearing(Pot.CARD, USD))
    books -= sum(known.get(line.id, 0) for line in young) + _not_shown_yet(lines, started)
    if books == rail:
        return []
    return [Difference("balance", books, rail, "the balance at the card network is another", is_total=True)]


def _not_shown_yet(lines: list[BalanceLine], started: datetime) -> int:
    """What the books took in during the last two minutes without a line of the network yet; signed as it would be."""
    ids, sources = {line.id for line in lines}, {line.source for line in lines}
    young = {"state_changed_at__gt": started - IN_FLIGHT}
    collected = CardPayment.objects.filter(state=CardPayment.State.SUCCEEDED, **young).exclude(charge_id__in=sources)
    paid = Payout.objects.filter(state=Payout.State.SENT, pot=Pot.CARD, **young).exclude(external_id__in=sources)
    others = Entry.objects.filter(
        account__kind=Kind.STRIPE_CLEARING,
        at__gt=started - IN_FLIGHT,
        transfer__kind__in=(*unexplained.KINDS, payout_recovery.RECOVERED),
    ).exclude(transfer__memo__in=ids | sources)
    return (
        (collected.aggregate(sum=Sum("captured_minor"))["sum"] or 0)
        - (paid.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
        - (others.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
    )
