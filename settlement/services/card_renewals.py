"""A card's authorization is replaced before it runs out, for as long as its hold may still need it.

A new PaymentIntent is authorized first and takes the old one's place in the row; then the old one is let go. If the
bank refuses, the lease has to end while the old authorization still stands: `hold_unsecured` goes out. Nobody knows how
long a freeze lasts, so a frozen hold's authorization is replaced for as long as it is frozen.
"""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from compliance.base import audit, clock
from compliance.base.actor import system
from settlement.models import CardPayment, Hold
from settlement.rails.card import CardDeclined, CardRefused, IntentState
from settlement.services import hold_states, loose_authorizations, rows
from settlement.services.card_payments import capture_before
from settlement.services.loose_authorizations import NEEDS_MONEY
from settlement.services.notices import send_on_commit
from settlement.signals import hold_unsecured

logger = logging.getLogger(__name__)
ACTOR = system("card")
# Long enough to ask several times, and to settle from the old authorization if the bank refuses.
RENEW_BEFORE = timedelta(hours=12)
BATCH = 100


def renew_due() -> int:
    """Every authorization that runs out soon, and before its hold may be settled, was asked for anew. Returns how many.

    What a settlement collects in time needs no renewal: a hold is settled at its deadline at the latest, which it has
    unless it is frozen.
    """
    may_outlive_it = Q(hold__state=Hold.State.FROZEN) | Q(capture_before_at__lt=F("hold__state_deadline_at"))
    due = CardPayment.objects.filter(
        may_outlive_it,
        state=CardPayment.State.AUTHORIZED,
        hold__state__in=NEEDS_MONEY,
        renewal_refused="",
        capture_before_at__lte=clock.now() + RENEW_BEFORE,
    )
    ids = list(due.order_by("capture_before_at").values_list("pk", flat=True)[:BATCH])
    rows.each("The renewal of an authorization", ids, renew, actor=ACTOR)
    return len(ids)


def renew(payment_id: UUID) -> None:
    """The payment stands on a fresh authorization, or it is on record that the bank refused one. Asks the network.

    Told twice, once: the key counts the renewals. Raises CardUnavailable.
    """
    payment = CardPayment.objects.get(pk=payment_id)
    if payment.state != CardPayment.State.AUTHORIZED or payment.renewal_refused:
        return
    expected = loose_authorizations.expect(payment)
    try:
        intent = loose_authorizations.ask_for(payment, expected.renewal)
    except (CardDeclined, CardRefused) as error:
        _refused(payment, error.code)
        loose_authorizations.end(expected)
        return
    if intent.status == "requires_capture":
        _take_over(payment, intent)
    else:
        _refused(payment, intent.status)
        loose_authorizations.loosen(payment, expected.renewal, intent.id)


def _take_over(before: CardPayment, intent: IntentState) -> None:
    """The new authorization is the payment's, or is let go because the hold needs none any more."""
    with transaction.atomic():
        payment = _locked(before)
        if payment is None:
            # Unless another worker was as far before us: then it is the payment's, and the old one is let go already.
            if not CardPayment.objects.filter(pk=before.pk, payment_intent_id=intent.id).exists():
                loose_authorizations.loosen(before, before.renewals + 1, intent.id)
            return
        old = payment.payment_intent_id
        payment.payment_intent_id, payment.charge_id = intent.id, intent.charge_id
        payment.capture_before_at, payment.renewals = capture_before(intent), before.renewals + 1
        payment.save(update_fields=["payment_intent_id", "charge_id", "capture_before_at", "renewals"])
        data = {"intent": intent.id, "before": old, "renewals": payment.renewals}
        audit.record("card_payment.renewed", actor=ACTOR, subject=payment, data=data)
        loose_authorizations.loosen(payment, payment.renewals, old)


def _refused(before: CardPayment, code: str) -> None:
    """It is on record why, and the lease is being ended."""
    with transaction.atomic():
        payment = _locked(before)
        if payment is None or payment.hold is None:
            return
        payment.renewal_refused = (code or "refused")[:64]
        payment.save(update_fields=["renewal_refused"])
        audit.record("card_payment.renewal_refused", actor=ACTOR, subject=payment, data={"code": code[:64]})
        send_on_commit(hold_unsecured, hold_id=payment.hold.pk, subject_id=payment.hold.subject_id)


def _locked(before: CardPayment) -> CardPayment | None:
    """The payment, locked after its hold, if nothing has moved since and its hold still needs the money."""
    if before.hold_id is None:
        return None
    hold = hold_states.locked_hold(before.hold_id)
    payment = CardPayment.objects.select_for_update(no_key=True).get(pk=before.pk)
    unmoved = (payment.state, payment.payment_intent_id) == (before.state, before.payment_intent_id)
    payment.hold = hold
    return payment if unmoved and hold.state in NEEDS_MONEY else None
