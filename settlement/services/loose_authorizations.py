"""Authorizations that no payment rests on: each is on record until the card network has let it go.

The queue is only a doorbell: what a flushed broker or a dead worker forgot is found by the sweep of holds. Otherwise
money would stay reserved on a renter's card for as long as its bank likes.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from compliance.base import clock
from compliance.base.enqueue import enqueue
from settlement.models import CardPayment, Hold, LooseAuthorization
from settlement.rails import card
from settlement.rails.card import CardDeclined, CardRefused, IntentState
from settlement.services.profiles import customer_of

logger = logging.getLogger(__name__)
NEEDS_MONEY = (Hold.State.OPEN, Hold.State.FROZEN, Hold.State.RELEASED)


def expect(payment: CardPayment) -> LooseAuthorization:
    """It is on record that the next authorization of the payment is being asked for: it may come and serve nobody."""
    row, _ = LooseAuthorization.objects.get_or_create(payment=payment, renewal=payment.renewals + 1)
    return row


def ask_for(payment: CardPayment, renewal: int) -> IntentState:
    """The authorization of that number, the same however often it is asked for. Asks the network.

    Raises CardDeclined, CardRefused, CardUnavailable.
    """
    return card.rail().create_intent(
        payment.pk,
        amount_minor=payment.amount_minor,
        customer_id=customer_of(payment.party_id),
        payment_method=payment.payment_method,
        manual=True,
        off_session=True,
        key=f"renewal:{payment.pk}:{renewal}",
    )


def loosen(payment: CardPayment, renewal: int, intent_id: str) -> None:
    """That authorization serves nobody: it is on record, and is let go of soon."""
    row, _ = LooseAuthorization.objects.get_or_create(payment=payment, renewal=renewal)
    if row.ended_at is None:
        row.intent_id = intent_id
        row.save(update_fields=["intent_id"])
        enqueue("settlement.let_go_of_card", str(row.pk))


def end(row: LooseAuthorization) -> None:
    """Nothing is left to let go of."""
    LooseAuthorization.objects.filter(pk=row.pk, ended_at=None).update(ended_at=clock.now())


def left_behind(before: datetime) -> QuerySet[LooseAuthorization]:
    """Those that stand since then, and that no renewal will take."""
    taken = LooseAuthorization.objects.filter(
        intent_id="",
        payment__state=CardPayment.State.AUTHORIZED,
        payment__renewal_refused="",
        payment__hold__state__in=NEEDS_MONEY,
    )
    rows = LooseAuthorization.objects.filter(ended_at=None, created_at__lte=before)
    return rows.exclude(pk__in=taken.values("pk")).order_by("created_at")


def let_go(row_id: UUID) -> None:
    """The network has let the authorization go, or there was none. Asks the network. Raises CardUnavailable."""
    row = LooseAuthorization.objects.select_related("payment").filter(pk=row_id, ended_at=None).first()
    if row is None:
        return
    intent_id = row.intent_id or _found(row)
    serves = row.renewal and CardPayment.objects.filter(pk=row.payment_id, payment_intent_id=intent_id).exists()
    if intent_id and not serves:
        try:
            card.rail().cancel_intent(intent_id, f"let-go:{intent_id}")
        except CardRefused:
            logger.info("intent %s was over before it was let go", intent_id)
    end(row)


def _found(row: LooseAuthorization) -> str:
    """The id of an authorization whose answer was lost: asking again by the same key tells it."""
    try:
        return ask_for(row.payment, row.renewal).id
    except (CardDeclined, CardRefused):
        return ""
