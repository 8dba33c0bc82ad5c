"""What goes back to renters of settled leases, and of top-ups that no lease used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from settlement.models import CardPayment, Dispute, DisputeShare, Hold, Receipt, Refund

State = Refund.State
# What a lease's own sides bore of a dispute: a renter that owes has its money twice, which is nobody's loss.
LOSERS = (DisputeShare.Bearer.PROVIDER, DisputeShare.Bearer.PLATFORM)
CONTESTED = (Dispute.State.NEEDS_RESPONSE, Dispute.State.UNDER_REVIEW, Dispute.State.LOST)


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund for either side of its lease, or for the owner of unused money; minor units of `currency`."""

    id: UUID
    at: datetime
    lease_id: UUID | None
    state: str
    reason: str
    words: str
    given_by: str
    rail: str
    currency: str
    amount_minor: int
    failure_code: str


def refunds_of_lease(lease_id: UUID) -> list[RefundView]:
    """Every refund of the lease, oldest first."""
    rows = Refund.objects.filter(receipt__subject_id=lease_id).select_related("receipt")
    return [view_of(row) for row in rows.order_by("created_at", "pk")]


def view_of(row: Refund) -> RefundView:
    """The facts of a row, read with its receipt."""
    return RefundView(
        id=row.pk,
        at=row.created_at,
        lease_id=row.receipt.subject_id if row.receipt else None,
        state=row.state,
        reason=row.reason,
        words=row.get_reason_display(),
        given_by=row.given_by,
        rail=row.rail,
        currency=row.currency,
        amount_minor=row.amount_minor,
        failure_code=row.failure_code,
    )


def refunded_of(receipts: Iterable[Receipt]) -> dict[UUID, int]:
    """What goes or went back of each receipt, by its id; minor units. One query."""
    rows = Refund.objects.filter(receipt__in=[row.pk for row in receipts]).exclude(state=State.FAILED)
    return dict(rows.values_list("receipt").annotate(sum=Sum("amount_minor")))


def refundable_minor(lease_id: UUID) -> int:
    """What of the lease's price can still go back, whatever else may hinder it; 0 for a lease without a receipt."""
    receipt = Receipt.objects.select_related("hold").filter(subject_id=lease_id).first()
    return left_of(receipt) if receipt else 0


def refund_rail_of(lease_id: UUID) -> str:
    """Where a refund of the lease goes; nowhere ("") for a lease without a receipt."""
    receipt = Receipt.objects.select_related("hold").filter(subject_id=lease_id).first()
    return rail_of_refund(receipt) if receipt else ""


def left_of(receipt: Receipt) -> int:
    """What the renter paid of the receipt, or owes, less refunds and what banks took of it."""
    taken = DisputeShare.objects.filter(hold_id=receipt.hold_id, bearer__in=LOSERS)
    charged_back = taken.aggregate(sum=Sum(F("amount_minor") - F("returned_minor")))["sum"] or 0
    gone = refunded_of([receipt]).get(receipt.pk, 0) + charged_back
    return max(0, _paid(receipt) - int(gone))


def _paid(receipt: Receipt) -> int:
    """What can go back to where it came from: to a card, what it yielded; else all, paid or owed."""
    return min(receipt.total_minor, _collected(receipt) or receipt.total_minor)


def rail_of_refund(receipt: Receipt) -> str:
    """Where a refund of the receipt goes. What a card did not yield was owed: the balance pays it, and has it back."""
    if receipt.hold.rail == Hold.Rail.CARD and not _collected(receipt):
        return Hold.Rail.BALANCE.value
    return receipt.hold.rail


def _collected(receipt: Receipt) -> int:
    """What a card yielded for it; 0 on another rail."""
    payment = CardPayment.objects.filter(hold_id=receipt.hold_id, state=CardPayment.State.SUCCEEDED).first()
    return payment.captured_minor if payment else 0


def is_contested(receipt: Receipt) -> bool:
    """Whether a bank took money of the lease, or decides about it."""
    shares = DisputeShare.objects.filter(hold_id=receipt.hold_id, returned_minor__lt=F("amount_minor"))
    own = Dispute.objects.filter(payment__hold_id=receipt.hold_id, state__in=CONTESTED)
    return shares.exists() or own.exists()


def waiting_refunds() -> QuerySet[Refund]:
    """Refunds that are the card network's turn."""
    return Refund.objects.filter(state__in=(State.REQUESTED, State.SENDING))


def refunds_about(party_id: UUID) -> QuerySet[Refund]:
    """Refunds to the party, and of what it had earned."""
    return Refund.objects.filter(Q(party_id=party_id) | Q(payee_party_id=party_id)).order_by("created_at", "pk")
