"""A paid top-up and a dispute about it, told as the card network tells them; no network is asked."""

from datetime import timedelta
from uuid import uuid4

from compliance.base import clock
from compliance.base.actor import system
from compliance.models import Party
from settlement.models import CardPayment, Dispute
from settlement.rails.card_states import DisputeMovement, DisputeState, IntentState
from settlement.services import card_payments, disputes, topups
from tests.settlement.scene import clear

ACTOR = system("tests")


def top_up_of(party: Party, amount_minor: int = 5_000) -> CardPayment:
    """A top-up that the card network says was paid."""
    top_up_id = uuid4()
    topups.start_top_up(
        clearance=clear("deposit", top_up_id, renter=party, provider=None),
        top_up_id=top_up_id,
        party_id=party.pk,
        amount_minor=amount_minor,
        payment_method="pm_card_visa",
        idempotency_key=str(top_up_id),
        actor=ACTOR,
    )
    paid = IntentState(
        id=f"pi_{top_up_id.hex}",
        status="succeeded",
        amount_minor=amount_minor,
        capturable_minor=0,
        received_minor=amount_minor,
        charge_id=f"ch_{top_up_id.hex}",
        payment_id=str(top_up_id),
        failure_code="",
    )
    card_payments.apply_intent(paid, actor=ACTOR)
    return CardPayment.objects.get(pk=top_up_id)


def told(payment: CardPayment, status: str = "needs_response", *, days: int = 9) -> DisputeState:
    """What the card network says: the whole payment was taken back, and the answer is due in so many days."""
    return DisputeState(
        id=f"du_{payment.pk.hex}",
        status=status,
        reason="fraudulent",
        amount_minor=payment.captured_minor,
        currency="USD",
        charge_id=payment.charge_id,
        intent_id=payment.payment_intent_id,
        due_by=int((clock.now() + timedelta(days=days)).timestamp()),
        submissions=0 if status == "needs_response" else 1,
        movements=(DisputeMovement(f"txn_{payment.pk.hex}", -payment.captured_minor),),
    )


def dispute_of(party: Party, *, payment: CardPayment | None = None, days: int = 9) -> Dispute:
    """An unanswered dispute about a top-up of the party."""
    payment = payment or top_up_of(party)
    disputes.apply_dispute(told(payment, days=days), actor=ACTOR)
    return Dispute.objects.get(payment=payment)
