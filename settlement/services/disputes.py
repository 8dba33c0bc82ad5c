"""Disputes in the database: whatever told us how one stands, the effect is the same.

Money follows the lines of the network's balance that the dispute names, each once; the state only moves forwards. So
notices may come late, twice and in any order.
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict
from compliance.base.transition import transition
from settlement.models import CardPayment, Dispute
from settlement.rails.card_states import DisputeState
from settlement.services import dispute_money
from settlement.services.notices import send_on_commit
from settlement.signals import dispute_moved

State = Dispute.State
# Where the bank names no day, and while it decides: asked again after so long.
ASK_AGAIN = timedelta(days=14)
_MEANING = {
    "needs_response": State.NEEDS_RESPONSE,
    "warning_needs_response": State.NEEDS_RESPONSE,
    "under_review": State.UNDER_REVIEW,
    "warning_under_review": State.UNDER_REVIEW,
    "won": State.WON,
    "lost": State.LOST,
    "warning_closed": State.CLOSED,
    "prevented": State.CLOSED,
}


class PaymentNotKnownYet(Conflict):
    """The dispute is about a payment that the books do not have as paid: its own notice is still on its way."""

    code = "payment_not_known_yet"


def apply_dispute(told: DisputeState, *, actor: Actor) -> bool:
    """Dispute and books stand as the card network says. Returns whether anything changed. Raises PaymentNotKnownYet."""
    with transaction.atomic():
        payment = _payment(told)
        dispute, fresh = _locked(told, payment)
        changed = _follow_money(dispute, told)
        changed |= _follow_state(dispute, told, actor)
        if fresh:
            data = {"amount_minor": dispute.amount_minor, "currency": dispute.currency, "reason": dispute.reason}
            audit.record("dispute.opened", actor=actor, subject=dispute, data=data)
        if fresh or changed:
            send_on_commit(dispute_moved, dispute_id=dispute.pk, party_id=dispute.party_id)
            # What was billed may have been taken back with it, or be due again.
            enqueue("settlement.amend_invoices")
    return fresh or changed


def _payment(told: DisputeState) -> CardPayment:
    named = Q(charge_id=told.charge_id) if told.charge_id else Q()
    if told.intent_id:
        named |= Q(payment_intent_id=told.intent_id)
    payment = CardPayment.objects.filter(named).first() if named else None
    # Only a payment that was taken has been divided; until then nobody can say who bears what.
    if payment is None or payment.state != CardPayment.State.SUCCEEDED:
        raise PaymentNotKnownYet
    return payment


def _locked(told: DisputeState, payment: CardPayment) -> tuple[Dispute, bool]:
    """The dispute's row, locked until the transaction ends, and whether it was made just now."""
    # Two disputes about one payment wait for each other: what one bears, the other does not.
    CardPayment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    found = Dispute.objects.select_for_update(no_key=True).filter(external_id=told.id).first()
    if found is not None:
        return found, False
    due_at = datetime.fromtimestamp(told.due_by, UTC) if told.due_by else None
    row = Dispute.objects.create(
        external_id=told.id,
        state=State.NEEDS_RESPONSE,
        state_deadline_at=due_at or clock.now() + ASK_AGAIN,
        payment=payment,
        party_id=payment.party_id,
        reason=told.reason[:40],
        currency=told.currency,
        amount_minor=told.amount_minor,
        evidence_due_at=due_at,
    )
    return row, True


def _follow_money(dispute: Dispute, told: DisputeState) -> bool:
    """Every movement that the dispute names stands in the books."""
    return dispute_money.book(dispute, told.movements)


def _follow_state(dispute: Dispute, told: DisputeState, actor: Actor) -> bool:
    wanted = _MEANING.get(told.status)
    if wanted is None or wanted not in Dispute.TRANSITIONS.get(dispute.state, frozenset()):
        return False
    deadline = clock.now() + ASK_AGAIN if wanted == State.UNDER_REVIEW else None
    sent = {"evidence_sent_at": clock.now()} if told.submissions and not dispute.evidence_sent_at else {}
    transition(
        dispute,
        wanted,
        actor=actor,
        event=f"dispute.{wanted}",
        data={"amount_minor": dispute.amount_minor, "currency": dispute.currency},
        deadline_at=deadline,
        **sent,
    )
    return True
