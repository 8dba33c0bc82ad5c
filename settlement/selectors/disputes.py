"""Disputes as operators see them, and the leases that a disputed payment paid for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from compliance.base import clock
from compliance.base.errors import NotFound
from settlement.models import CardPayment, Dispute, Hold, Receipt

State = Dispute.State
# A dispute that nobody answered by then is an alarm, and is answered with what the records say.
ANSWER_BEFORE = timedelta(days=2)
# Enough to show what a payment was for; the bank reads no more.
MOST_LEASES = 20


@dataclass(frozen=True, slots=True)
class ShareView:
    """What one side bears; USD cents."""

    bearer: str
    words: str
    party_id: UUID | None
    amount_minor: int
    returned_minor: int


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute at one moment. Amounts in minor units; `due_at` is None where the bank takes no answer."""

    id: UUID
    external_id: str
    state: str
    reason: str
    party_id: UUID
    payment_id: UUID
    paid_at: datetime
    opened_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    currency: str
    amount_minor: int
    charge_id: str

    @property
    def may_answer(self) -> bool:
        """Whether evidence can still be handed in."""
        return self.state == State.NEEDS_RESPONSE and self.sent_at is None


def disputes(state: str = "") -> QuerySet[Dispute]:
    """All disputes, or those of one state: what is due first stands first, then the newest."""
    rows = Dispute.objects.select_related("payment").order_by("state_deadline_at", "-created_at")
    return rows.filter(state=state) if state else rows


def view_of(row: Dispute) -> DisputeView:
    """The facts of a row."""
    return DisputeView(
        id=row.pk,
        external_id=row.external_id,
        state=row.state,
        reason=row.reason,
        party_id=row.party_id,
        payment_id=row.payment_id,
        paid_at=row.payment.state_changed_at,
        opened_at=row.created_at,
        due_at=row.evidence_due_at,
        sent_at=row.evidence_sent_at,
        currency=row.currency,
        amount_minor=row.amount_minor,
        charge_id=row.payment.charge_id,
    )


def dispute(dispute_id: UUID) -> DisputeView:
    """The dispute. Raises NotFound."""
    row = Dispute.objects.select_related("payment").filter(pk=dispute_id).first()
    if row is None:
        raise NotFound("There is no such dispute.")
    return view_of(row)


def shares_of(dispute_id: UUID) -> list[ShareView]:
    """Who bears what of it."""
    rows = Dispute.objects.get(pk=dispute_id).shares.order_by("created_at", "pk")
    return [
        ShareView(row.bearer, row.get_bearer_display(), row.party_id, row.amount_minor, row.returned_minor)
        for row in rows
    ]


def leases_paid_by(dispute_id: UUID) -> list[UUID]:
    """The leases that the disputed payment paid for: the one of a hold, else those on the balance since the top-up."""
    row = Dispute.objects.select_related("payment__hold").get(pk=dispute_id)
    if row.payment.hold is not None:
        return [row.payment.hold.subject_id]
    return list(spent_since(row.payment).order_by("created_at").values_list("subject_id", flat=True)[:MOST_LEASES])


def spent_since(top_up: CardPayment) -> QuerySet[Receipt]:
    """The receipts of leases on the prepaid balance that the top-up can have paid."""
    return Receipt.objects.filter(
        party_id=top_up.party_id, hold__rail=Hold.Rail.BALANCE, created_at__gte=top_up.state_changed_at
    )


def due_soon() -> list[DisputeView]:
    """Unanswered disputes whose day comes within two days, the nearest first."""
    rows = Dispute.objects.select_related("payment").filter(
        state=State.NEEDS_RESPONSE, evidence_sent_at=None, evidence_due_at__lte=clock.now() + ANSWER_BEFORE
    )
    return [view_of(row) for row in rows.order_by("evidence_due_at")]
