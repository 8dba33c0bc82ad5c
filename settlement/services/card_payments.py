"""Card payments in the database: whatever told us how a PaymentIntent stands, the effect is the same.

An answer to our own request, a webhook and a reconciliation all come here. States only move forwards, so what comes
late, twice or out of order moves nothing.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.transition import transition
from compliance.services import clearances
from settlement.models import CardPayment, Hold
from settlement.rails.card import IntentState
from settlement.services import auto_top_ups, claims, hold_money, hold_states, ledger, loose_authorizations
from settlement.services.notices import send_on_commit
from settlement.services.walls import wall_named
from settlement.signals import hold_unsecured, top_up_failed, top_up_succeeded

State = CardPayment.State
# Visa, for payments without the cardholder: https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
SHORTEST_AUTHORIZATION = timedelta(days=4, hours=18)
# What a PaymentIntent's status means for us. A card that asks for its holder's presence cannot serve a hold.
_MEANING = {
    "requires_capture": State.AUTHORIZED,
    "succeeded": State.SUCCEEDED,
    "canceled": State.CANCELED,
    "processing": State.PROCESSING,
    "requires_payment_method": State.FAILED,
    "requires_action": State.FAILED,
}


def apply_intent(intent: IntentState, *, actor: Actor) -> bool:
    """The payment and what hangs on it stand as the card network says. Returns whether anything changed.

    A PaymentIntent that is not ours changes nothing.
    """
    with transaction.atomic():
        payment = _locked(intent)
        if payment is None:
            return False
        wanted = _MEANING.get(intent.status)
        if wanted == State.AUTHORIZED and payment.state in (State.FAILED, State.CANCELED):
            # The money came after we had given up: it is let go.
            loose_authorizations.loosen(payment, 0, intent.id)
        if wanted is None or wanted not in CardPayment.TRANSITIONS.get(payment.state, frozenset()):
            return False
        _move(payment, wanted, intent, actor)
        if payment.purpose == CardPayment.Purpose.HOLD:
            _apply_to_hold(payment, actor)
        else:
            _apply_to_top_up(payment, actor)
    return True


def _locked(intent: IntentState) -> CardPayment | None:
    """The payment, locked after its hold: holds are locked first everywhere, so that nobody waits in a circle."""
    found = CardPayment.objects.filter(payment_intent_id=intent.id).first()
    if found is None and intent.payment_id:
        payment_id = _uuid(intent.payment_id)
        found = CardPayment.objects.filter(pk=payment_id).first() if payment_id else None
    if found is None or found.payment_intent_id not in ("", intent.id):
        return None
    if found.hold_id:
        hold_states.locked_hold(found.hold_id)
    return CardPayment.objects.select_for_update(no_key=True).get(pk=found.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _move(payment: CardPayment, to: State, intent: IntentState, actor: Actor) -> None:
    changes: dict[str, Any] = {
        "payment_intent_id": intent.id,
        "charge_id": intent.charge_id or payment.charge_id,
        "captured_minor": intent.received_minor,
        "failure_code": (intent.failure_code or intent.status)[:64] if to == State.FAILED else "",
    }
    if to == State.AUTHORIZED:
        changes["capture_before_at"] = capture_before(intent)
    # What is not final stays under the deadline that it had.
    deadline = payment.state_deadline_at if to in (State.PROCESSING, State.AUTHORIZED) else None
    data = {"intent": intent.id, "received_minor": intent.received_minor}
    transition(payment, to, actor=actor, event=f"card_payment.{to}", data=data, deadline_at=deadline, **changes)


def capture_before(intent: IntentState) -> datetime:
    """When the authorization runs out; where the network has not told, the shortest time that any card allows."""
    if intent.capture_before:
        return datetime.fromtimestamp(intent.capture_before, UTC)
    return clock.now() + SHORTEST_AUTHORIZATION


def fail_payment(payment_id: UUID, code: str, *, actor: Actor) -> bool:
    """The payment has failed for good, and with it its hold or top-up. Returns whether anything changed."""
    with transaction.atomic():
        payment = CardPayment.objects.filter(pk=payment_id).first()
        if payment is None:
            return False
        if payment.hold_id:
            hold_states.locked_hold(payment.hold_id)
        payment = CardPayment.objects.select_for_update(no_key=True).get(pk=payment_id)
        if State.FAILED not in CardPayment.TRANSITIONS.get(payment.state, frozenset()):
            return False
        code = code[:64]
        transition(
            payment, State.FAILED, actor=actor, event="card_payment.failed", data={"code": code}, failure_code=code
        )
        if payment.purpose == CardPayment.Purpose.HOLD:
            _apply_to_hold(payment, actor)
        else:
            _apply_to_top_up(payment, actor)
    return True


def _apply_to_hold(payment: CardPayment, actor: Actor) -> None:
    assert payment.hold_id is not None
    hold = hold_states.locked_hold(payment.hold_id)
    if payment.state == State.AUTHORIZED:
        _confirm(hold, actor)
    elif payment.state == State.SUCCEEDED:
        if hold.state == Hold.State.OPENING:
            # Captured by hand, and told before its authorization.
            _confirm(hold, actor)
        ended = hold.state in (Hold.State.SETTLED, Hold.State.FAILED)
        hold_states.finish_settling(hold, collected_minor=payment.captured_minor, actor=actor)
        if ended and payment.captured_minor:
            # What the network took after we had given up: the books follow the money.
            hold_money.collect_late(hold, payment.captured_minor)
    elif payment.state in (State.CANCELED, State.FAILED):
        if hold.state == Hold.State.OPENING or not payment.charge_id:
            hold_states.fail(hold, payment.failure_code or "authorization_canceled", actor=actor)
        # A charge that came to nothing at the end of a lease: the provider is paid, the renter owes it.
        hold_states.finish_settling(hold, collected_minor=0, actor=actor)
    if hold.state == Hold.State.OPEN and payment.state != State.AUTHORIZED:
        # Let go or captured at the network while the lease runs: what is not paid for has to end.
        send_on_commit(hold_unsecured, hold_id=hold.pk, subject_id=hold.subject_id)


def _confirm(hold: Hold, actor: Actor) -> None:
    """The hold is open; the card is let go if the clearance fell while the bank was asked, or the hold was given up."""
    try:
        clearances.ensure_valid(
            hold.clearance_id,
            purpose="lease",
            subject_id=hold.subject_id,
            renter_party_id=hold.party_id,
            provider_party_id=hold.payee_party_id,
        )
        with wall_named(), transaction.atomic():
            hold_states.confirm(hold, actor=actor)
    except clearances.ClearanceInvalid:
        if hold.state == Hold.State.OPENING:
            hold_states.fail(hold, "clearance_lapsed", actor=actor)
    if hold.state == Hold.State.FAILED:
        enqueue("settlement.release_card", str(hold.pk))


def _apply_to_top_up(payment: CardPayment, actor: Actor) -> None:
    if payment.state == State.SUCCEEDED:
        transfer_id = ledger.transfer_id_for("top_up", payment.pk)
        brought = payment.captured_minor, payment.currency
        claims.credit(payment.party_id, *brought, transfer_id=transfer_id, cause="top_up", subject_id=payment.pk)
        send_on_commit(top_up_succeeded, top_up_id=payment.pk, party_id=payment.party_id)
    elif payment.state in (State.FAILED, State.CANCELED):
        if payment.auto_top_up_id:
            auto_top_ups.follow_failure(payment, actor=actor)
        send_on_commit(top_up_failed, top_up_id=payment.pk, party_id=payment.party_id, code=payment.failure_code)
