"""What a dispute does in the books: who bears what the bank took, and who gets back what it returned.

| what was disputed | who bears it, in this order |
|---|---|
| the charge of one lease | its provider and the platform, as they had divided it |
| a top-up | the renter's free prepaid money, unless it is restricted; what went back of it to the same card, which \
the renter has twice and owes; then the leases that prepaid money paid since, the newest first, each borne as it was \
divided; the rest is owed by the renter |

A provider that was not paid out yet gives up what is payable; one that was owes the rest: a claim (`claims`). What
comes back goes the same way back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Sum

from settlement.models import CardPayment, Dispute, DisputeShare, Receipt, Transfer
from settlement.rails.card_states import DisputeMovement
from settlement.selectors.disputes import spent_since
from settlement.selectors.refunds import refunded_of
from settlement.selectors.unused_money import returned_of
from settlement.services import claims, ledger
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_platform
from settlement.services.ledger import Line

Bearer = DisputeShare.Bearer
USD = claims.USD
WITHDRAWN, REINSTATED = "dispute.withdrawn", "dispute.reinstated"


@dataclass(frozen=True, slots=True)
class Share:
    """So much is borne by one side; USD cents."""

    bearer: Bearer
    amount_minor: int
    party_id: UUID | None = None
    hold_id: UUID | None = None


def book(dispute: Dispute, told: Iterable[DisputeMovement]) -> bool:
    """Each movement stands in the books, what was taken before what came back, and debts are paid off as far as can be.

    Told twice, once: returns whether there was news. The caller holds the dispute's lock.
    """
    fresh = _unbooked(told)
    if fresh:
        receipts = _paid_by(dispute.payment)
        ledger.lock(_accounts(dispute, receipts), causes=[_transfer_id(each) for each in fresh])
        for movement in fresh:
            if movement.amount_minor < 0:
                _withdraw(dispute, movement, receipts)
            else:
                _reinstate(dispute, movement)
        for party_id in bearers(dispute):
            claims.pay_off(party_id)
    return bool(fresh)


def _transfer_id(movement: DisputeMovement) -> UUID:
    return ledger.transfer_id_for(WITHDRAWN if movement.amount_minor < 0 else REINSTATED, movement.id)


def _unbooked(told: Iterable[DisputeMovement]) -> list[DisputeMovement]:
    moved = {_transfer_id(each): each for each in told if each.amount_minor}
    booked = set(Transfer.objects.filter(pk__in=moved).values_list("pk", flat=True))
    return sorted((each for pk, each in moved.items() if pk not in booked), key=lambda each: each.amount_minor)


def _accounts(dispute: Dispute, receipts: Sequence[Receipt]) -> list[AccountKey]:
    """Every account that the dispute can touch: those of who may bear it and of debts, and the platform's."""
    parties = {dispute.party_id, *(row.payee_party_id for row in receipts), *bearers(dispute)}
    shared = [of_platform(kind, Pot.CARD, USD) for kind in (Kind.CHARGEBACKS, Kind.SUSPENSE)]
    return [clearing(Pot.CARD, USD), *shared, *(key for party_id in parties for key in claims.accounts_of(party_id))]


def _withdraw(dispute: Dispute, movement: DisputeMovement, receipts: list[Receipt]) -> None:
    """The bank took the amount: the books say who bears it."""
    movement_id, amount_minor = movement.id, -movement.amount_minor
    shares = _shares(dispute.payment, receipts, amount_minor)
    _keep(dispute.pk, movement_id, shares)
    lines = [Line(clearing(Pot.CARD, USD), amount_minor), *(_borne(share) for share in shares)]
    ledger.post(_transfer_id(movement), WITHDRAWN, lines, subject_id=dispute.pk, memo=movement_id)


def _keep(dispute_id: UUID, movement_id: str, shares: Iterable[Share]) -> None:
    DisputeShare.objects.bulk_create(
        DisputeShare(
            dispute_id=dispute_id,
            movement_id=movement_id,
            bearer=share.bearer,
            party_id=share.party_id,
            hold_id=share.hold_id,
            amount_minor=share.amount_minor,
        )
        for share in shares
    )


def bearers(dispute: Dispute) -> list[UUID]:
    """The parties that owe something because of the dispute."""
    owing = dispute.shares.filter(bearer__in=(Bearer.PROVIDER, Bearer.RENTER), party__isnull=False)
    return sorted({party_id for party_id in owing.values_list("party_id", flat=True) if party_id})


def _borne(share: Share) -> Line:
    if share.bearer == Bearer.PLATFORM or share.party_id is None:
        return Line(of_platform(Kind.CHARGEBACKS, Pot.CARD, USD), -share.amount_minor)
    kind = Kind.AVAILABLE if share.bearer == Bearer.PREPAID else Kind.CLAIM
    return Line(claims.key_of(kind, share.party_id), -share.amount_minor)


def _paid_by(payment: CardPayment) -> list[Receipt]:
    """The receipts of the leases that the payment can have paid, the newest first."""
    if payment.hold_id is not None:
        return list(Receipt.objects.filter(hold_id=payment.hold_id))
    return list(spent_since(payment).order_by("-created_at", "-number"))


def _shares(payment: CardPayment, receipts: list[Receipt], amount_minor: int) -> list[Share]:
    if payment.hold_id is not None:
        shares, left = _of_leases(receipts, amount_minor)
        # Whoever had a part of it back, or has it as prepaid money, has that twice now, and owes it.
        twice = min(left, _had_and_not_owed(payment, receipts))
        owed = [Share(Bearer.RENTER, twice, payment.party_id)] if twice else []
        # What is left nobody earned and nobody has.
        return [*shares, *owed, *([Share(Bearer.PLATFORM, left - twice)] if left > twice else [])]
    free = min(amount_minor, claims.free_minor(payment.party_id))
    shares = [Share(Bearer.PREPAID, free, payment.party_id)] if free else []
    twice = min(amount_minor - free, max(0, returned_of(payment.pk) - _owed_of(payment)))
    of_leases, left = _of_leases(receipts, amount_minor - free - twice)
    owed = [Share(Bearer.RENTER, left + twice, payment.party_id)] if left + twice else []
    return [*shares, *of_leases, *owed]


def _of_leases(rows: list[Receipt], amount_minor: int) -> tuple[list[Share], int]:
    """The shares of these leases, each up to what it cost and was not charged back before; and what is left."""
    before = dict(
        DisputeShare.objects.filter(hold_id__in=[row.hold_id for row in rows])
        .values_list("hold_id")
        .annotate(borne=Sum(F("amount_minor") - F("returned_minor")))
    )
    refunded = refunded_of(rows)
    shares: list[Share] = []
    for row in rows:
        part = min(amount_minor, row.total_minor - before.get(row.hold_id, 0) - refunded.get(row.pk, 0))
        if part <= 0:
            continue
        amount_minor -= part
        shares += _divided(row, part)
    return shares, amount_minor


def _divided(row: Receipt, amount_minor: int) -> list[Share]:
    """The amount as the lease's two sides had divided it."""
    provider = amount_minor * row.payee_minor // row.total_minor
    of_provider = Share(Bearer.PROVIDER, provider, row.payee_party_id, row.hold_id)
    fee = Share(Bearer.PLATFORM, amount_minor - provider, None, row.hold_id)
    return [share for share in (of_provider, fee) if share.amount_minor]


def _had_and_not_owed(payment: CardPayment, receipts: list[Receipt]) -> int:
    """What the renter has of the charge: refunds, and what it paid beyond the lease; less what is owed of that."""
    beyond = max(0, payment.captured_minor - sum(row.total_minor for row in receipts))
    return max(0, sum(refunded_of(receipts).values()) + beyond - _owed_of(payment))


def _owed_of(payment: CardPayment) -> int:
    """What its renter owes already because banks took the payment back."""
    owed = DisputeShare.objects.filter(dispute__payment=payment, bearer=Bearer.RENTER)
    return int(owed.aggregate(sum=Sum(F("amount_minor") - F("returned_minor")))["sum"] or 0)


def bear_again(receipt: Receipt, amount_minor: int, cause: str) -> list[Line]:
    """A refund of the lease came to nothing: what its renter owed of a dispute because of it, its sides bear again.

    Returns the lines. The caller holds the accounts of both parties; the network tells of such refunds
    (`charge_for_pending_refund_disputed`).
    """
    owed = DisputeShare.objects.filter(
        dispute__payment__hold_id=receipt.hold_id, bearer=Bearer.RENTER, returned_minor__lt=F("amount_minor")
    )
    lines: list[Line] = []
    debts = {receipt.party_id: claims.owed_minor(receipt.party_id)}
    for row in owed.order_by("created_at", "pk"):
        part = min(amount_minor, row.amount_minor - row.returned_minor)
        if part <= 0:
            break
        amount_minor -= part
        row.returned_minor += part
        row.save(update_fields=["returned_minor"])
        shares = _divided(receipt, part)
        _keep(row.dispute_id, cause, shares)
        lines += [*_returned(row, part, debts), *(_borne(share) for share in shares)]
    return lines


def _reinstate(dispute: Dispute, movement: DisputeMovement) -> None:
    """The bank returned the amount: whoever bore it has it back, a debt first."""
    amount_minor = movement.amount_minor
    rows = list(dispute.shares.filter(returned_minor__lt=F("amount_minor")).order_by("created_at", "pk"))
    debts = {row.party_id: claims.owed_minor(row.party_id) for row in rows if row.party_id}
    lines, left = [Line(clearing(Pot.CARD, USD), -amount_minor)], amount_minor
    for row in rows:
        part = min(left, row.amount_minor - row.returned_minor)
        if part > 0:
            left -= part
            row.returned_minor += part
            lines += _returned(row, part, debts)
    if left:
        # More came back than was taken: nobody's until it is explained.
        lines.append(Line(of_platform(Kind.SUSPENSE, Pot.CARD, USD), left))
    DisputeShare.objects.bulk_update(rows, ["returned_minor"])
    ledger.post(_transfer_id(movement), REINSTATED, lines, subject_id=dispute.pk, memo=movement.id)


def _returned(row: DisputeShare, amount_minor: int, debts: dict[UUID, int]) -> list[Line]:
    if row.party_id is None:
        return [Line(of_platform(Kind.CHARGEBACKS, Pot.CARD, USD), amount_minor)]
    home = Kind.PAYABLE if row.bearer == Bearer.PROVIDER else Kind.AVAILABLE
    owed = debts[row.party_id]
    debt = 0 if row.bearer == Bearer.PREPAID else min(amount_minor, owed)
    debts[row.party_id] -= debt
    return [
        *claims.paid_lines(row.party_id, owed, debt),
        Line(claims.key_of(home, row.party_id), amount_minor - debt),
    ]
