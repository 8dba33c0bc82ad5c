"""What is asked of the card network, one deed each, outside any transaction; tasks and sweeps call them.

Each may run twice or die half-way: the request carries an idempotency key made from our own id, and the answer is
applied by compare-and-set. When nobody knows whether the network did it, nothing is concluded; the sweep asks again.
"""

import logging
from uuid import UUID

from compliance.base.actor import system
from compliance.services import clearances
from settlement.models import CardPayment, Hold
from settlement.rails import card
from settlement.rails.card import CardDeclined, CardRefused, CardUnavailable, IntentState
from settlement.services import card_payments, hold_states, loose_authorizations
from settlement.services.profiles import customer_of
from settlement.services.topups import CLEARANCE_LAPSED

logger = logging.getLogger(__name__)
ACTOR = system("card")
State = CardPayment.State


def authorize_hold(hold_id: UUID) -> None:
    """The card network was asked to authorize the hold, unless it was before; the hold follows the answer."""
    payment = CardPayment.objects.filter(hold_id=hold_id).select_related("hold").first()
    if payment is None or payment.hold is None or payment.hold.state != Hold.State.OPENING:
        return
    _begin(payment, manual=True)


def charge_top_up(payment_id: UUID) -> None:
    """The card network was asked for the top-up, unless it was before; the balance follows the answer."""
    payment = CardPayment.objects.filter(pk=payment_id, purpose=CardPayment.Purpose.TOP_UP).first()
    if payment is None or payment.state != State.CREATING:
        return
    if _is_cleared(payment):
        _begin(payment, manual=False)
    else:
        _conclude_unanswered(payment, CLEARANCE_LAPSED)


def _is_cleared(payment: CardPayment) -> bool:
    """Whether the clearance of the top-up still stands, now that the bank is about to be asked."""
    if payment.clearance_id is None:
        return False
    try:
        clearances.ensure_valid(
            payment.clearance_id, purpose="deposit", subject_id=payment.pk, renter_party_id=payment.party_id
        )
    except clearances.ClearanceInvalid:
        return False
    return True


def _begin(payment: CardPayment, *, manual: bool) -> None:
    if payment.state != State.CREATING:
        return
    try:
        intent = card.rail().create_intent(
            payment.pk,
            amount_minor=payment.amount_minor,
            customer_id=customer_of(payment.party_id),
            payment_method=payment.payment_method,
            manual=manual,
            key=payment.idempotency_key,
            off_session=payment.auto_top_up_id is not None,
        )
    except (CardDeclined, CardRefused) as error:
        card_payments.fail_payment(payment.pk, error.code, actor=ACTOR)
        return
    except CardUnavailable as error:
        logger.warning("payment %s: the card network is unavailable (%s); the sweep asks again", payment.pk, error.code)
        return
    card_payments.apply_intent(intent, actor=ACTOR)
    if intent.status == "requires_action":
        loose_authorizations.loosen(payment, 0, intent.id)


def settle_hold(hold_id: UUID) -> None:
    """The card network was told the final total: one capture, or none; the hold follows the answer."""
    payment = CardPayment.objects.filter(hold_id=hold_id).select_related("hold").first()
    hold = payment.hold if payment else None
    if payment is None or hold is None or hold.state != Hold.State.SETTLING or hold.final_minor is None:
        return
    if payment.state != State.AUTHORIZED:
        # The authorization ran out: nothing can be collected, and the renter owes it.
        _finish_uncollected(hold.pk)
        return
    try:
        intent = _collect(payment, hold.final_minor)
    except CardUnavailable as error:
        logger.warning("hold %s: the card network is unavailable (%s); the sweep asks again", hold.pk, error.code)
        return
    card_payments.apply_intent(intent, actor=ACTOR)


def _collect(payment: CardPayment, total_minor: int) -> IntentState:
    rail, intent_id = card.rail(), payment.payment_intent_id
    try:
        if total_minor > 0:
            return rail.capture_intent(intent_id, total_minor, f"capture:{payment.pk}")
        return rail.cancel_intent(intent_id, f"cancel:{payment.pk}")
    except (CardRefused, CardDeclined) as error:
        # Captured or ended before, or too small a charge for a card: the network knows which.
        logger.warning("payment %s was not collected (%s)", payment.pk, error.code)
        if error.code == "amount_too_small":
            return rail.cancel_intent(intent_id, f"cancel:{payment.pk}")
        return rail.read_intent(intent_id)


def _finish_uncollected(hold_id: UUID) -> None:
    payment = CardPayment.objects.get(hold_id=hold_id)
    if payment.state in (State.CANCELED, State.FAILED):
        hold_states.finish_by_id(hold_id, collected_minor=0, actor=ACTOR)
    elif payment.state == State.SUCCEEDED:
        hold_states.finish_by_id(hold_id, collected_minor=payment.captured_minor, actor=ACTOR)


def release_card(hold_id: UUID) -> None:
    """No authorization stands behind a hold that has failed; the payment is over."""
    payment = CardPayment.objects.filter(hold_id=hold_id, hold__state=Hold.State.FAILED).first()
    if payment is None or payment.state not in (State.CREATING, State.PROCESSING, State.AUTHORIZED):
        return
    try:
        intent = _found(payment)
        if intent is None:
            card_payments.fail_payment(payment.pk, "never_asked", actor=ACTOR)
            return
        if intent.status == "requires_capture":
            intent = card.rail().cancel_intent(intent.id, f"cancel:{payment.pk}")
    except (CardUnavailable, CardRefused) as error:
        logger.warning("payment %s is not released yet (%s)", payment.pk, error.code)
        return
    card_payments.apply_intent(intent, actor=ACTOR)


def give_up_top_up(payment_id: UUID) -> None:
    """A top-up that was long without an answer stands as the network says, or has failed if it was never asked."""
    payment = CardPayment.objects.filter(pk=payment_id, state__in=(State.CREATING, State.PROCESSING)).first()
    if payment is not None:
        _conclude_unanswered(payment, "never_asked")


def _conclude_unanswered(payment: CardPayment, code: str) -> None:
    """The payment stands as the network says; one that it never made has failed with the code."""
    try:
        intent = _found(payment)
    except (CardUnavailable, CardRefused):
        return
    if intent is None:
        card_payments.fail_payment(payment.pk, code, actor=ACTOR)
    else:
        card_payments.apply_intent(intent, actor=ACTOR)


def _found(payment: CardPayment) -> IntentState | None:
    if payment.payment_intent_id:
        return card.rail().read_intent(payment.payment_intent_id)
    return card.rail().find_intent(payment.pk, customer_of(payment.party_id))
