"""Lines of the card network's balance that no deed of ours made, such as a refund by hand: booked and asked about once.

A refund that the platform asked for carries its id; nothing of ours will ever answer to any other. It is booked as it
shows: a refund of a top-up is taken from the payer's free prepaid money, for the card has it back; what that does not
cover, and every other line, lies in `suspense` until somebody explains it.
"""

from collections.abc import Iterable
from uuid import UUID

from compliance.base import audit
from compliance.base.actor import Actor
from settlement.models import CardPayment, Entry, Refund, Transfer
from settlement.rails.card import BalanceLine
from settlement.selectors.suspense import UNEXPLAINED
from settlement.services import dispute_money, ledger, refund_money
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party, of_platform
from settlement.services.ledger import Line

USD = "USD"
FEE = "stripe.fee"
# Transfers whose memo is the id of the line that they were booked from.
KINDS = (dispute_money.WITHDRAWN, dispute_money.REINSTATED, *refund_money.LINES, UNEXPLAINED)
# Lines of these kinds are made by deeds of ours, whose own side may still be on its way.
OURS = frozenset({"charge", "payment", "transfer", "adjustment", "payout"})


def booked(lines: Iterable[BalanceLine]) -> dict[str, int]:
    """What the books say of each line that a dispute, a refund or nobody made; by its id, signed as the line is."""
    entries = Entry.objects.filter(
        transfer__kind__in=KINDS,
        transfer__memo__in=[line.id for line in lines if line.kind == "adjustment" or line.kind not in OURS],
        account__kind=Kind.STRIPE_CLEARING,
    )
    return {memo: -amount for memo, amount in entries.values_list("transfer__memo", "amount_minor")}


def strays(lines: Iterable[BalanceLine], known: dict[str, int]) -> list[BalanceLine]:
    """The lines that no deed of ours makes, and that are not booked yet; in the currency that we keep there."""
    rest = [each for each in lines if each.kind not in OURS and each.id not in known and each.currency == "usd"]
    ours = _our_refunds(rest)
    return [each for each in rest if each.refund_id not in ours]


def awaited(lines: Iterable[BalanceLine], known: dict[str, int]) -> list[str]:
    """The refunds of ours that the lines are about and the books do not know of yet, by the network's ids."""
    rest = [each for each in lines if each.refund_id is not None and each.id not in known]
    ours = _our_refunds(rest)
    return [each.source for each in rest if each.refund_id in ours]


def _our_refunds(lines: Iterable[BalanceLine]) -> set[UUID | None]:
    asked = {line.refund_id for line in lines if line.refund_id is not None}
    return set(Refund.objects.filter(pk__in=asked).values_list("pk", flat=True)) if asked else set()


def payments_behind(lines: Iterable[BalanceLine]) -> dict[str, CardPayment]:
    """Our payments that the lines are about, by the id of their charge."""
    charges = {line.charge for line in lines if line.charge}
    return {row.charge_id: row for row in CardPayment.objects.filter(charge_id__in=charges)} if charges else {}


def returned_fees(lines: Iterable[BalanceLine]) -> list[BalanceLine]:
    """The lines by which the network gave a fee back, and not with a dispute that was won, that are not booked yet.

    They lie in `suspense`, for the books may know of no cost that it could come off.
    """
    found = {_fee_id(each): each for each in lines if each.fee_minor < 0 and each.kind != "adjustment"}
    booked = set(Transfer.objects.filter(pk__in=found).values_list("pk", flat=True)) if found else set()
    return [line for pk, line in found.items() if pk not in booked]


def _fee_id(line: BalanceLine) -> UUID:
    return ledger.transfer_id_for(FEE, line.id)


def book(lines: list[BalanceLine], fees: list[BalanceLine], *, actor: Actor) -> None:
    """Each line, and each returned fee, stands in the books, once. The caller's transaction has locked no accounts."""
    if not lines and not fees:
        return
    causes = {line.id: ledger.transfer_id_for(UNEXPLAINED, line.id) for line in lines}
    payers = {line.id: _payer(line, payment) for line, payment in _with_payments(lines)}
    stripe, suspense = clearing(Pot.CARD, USD), of_platform(Kind.SUSPENSE, Pot.CARD, USD)
    touching = [*causes.values(), *(_fee_id(line) for line in fees)]
    ledger.lock([stripe, suspense, *(key for key in payers.values() if key)], causes=touching)
    for line in fees:
        ledger.post(_fee_id(line), FEE, [Line(stripe, line.fee_minor), Line(suspense, -line.fee_minor)], memo=line.id)
    # Looked at under the lock: of two runs at once the second finds what the first has booked.
    done = set(Transfer.objects.filter(pk__in=causes.values()).values_list("pk", flat=True))
    for line, payment in _with_payments(lines):
        if causes[line.id] in done:
            continue
        taken = _taken(line, payers[line.id])
        parts = [Line(stripe, -line.amount_minor), Line(suspense, line.amount_minor + taken)]
        if key := payers[line.id]:
            parts.append(Line(key, -taken))
        parts = [part for part in parts if part.amount_minor]
        about = payment.pk if payment else None
        ledger.post(causes[line.id], UNEXPLAINED, parts, subject_id=about, memo=line.id)
        if payment is not None:
            data = {"line": line.id, "kind": line.kind, "amount_minor": line.amount_minor, "taken_minor": taken}
            audit.record("card_payment.moved_outside", actor=actor, subject=payment, data=data)


def _with_payments(lines: list[BalanceLine]) -> list[tuple[BalanceLine, CardPayment | None]]:
    known = payments_behind(lines)
    return [(line, known.get(line.charge)) for line in lines if line.amount_minor]


def _payer(line: BalanceLine, payment: CardPayment | None) -> AccountKey | None:
    """The free prepaid money of whoever has its top-up back."""
    if payment is None or payment.purpose != CardPayment.Purpose.TOP_UP or line.amount_minor >= 0:
        return None
    return of_party(Kind.AVAILABLE, payment.party_id, Pot.CARD, USD)


def _taken(line: BalanceLine, payer: AccountKey | None) -> int:
    return max(0, min(-line.amount_minor, ledger.balance_of(payer))) if payer else 0
