"""The sweep that ends what outlives its deadline and asks again what was never answered."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from compliance.base import clock
from compliance.base.actor import system
from compliance.base.enqueue import enqueue
from settlement.models import CardPayment, Hold
from settlement.selectors.money_alarms import late_settlements
from settlement.services import hold_states, holds, ledger, loose_authorizations, rows

logger = logging.getLogger(__name__)
ACTOR = system("holds")
State, PaymentState = Hold.State, CardPayment.State
# Younger than this, the first task is likely still at it.
PATIENCE = timedelta(seconds=10)
BATCH = 200


def sweep_holds() -> int:
    """Every hold and card payment that waits too long was ended or asked about again. Returns how many were."""
    now = clock.now()
    overdue = Hold.objects.filter(state_deadline_at__lte=now).order_by("state_deadline_at")
    late = [*overdue.filter(state=State.OPENING).values_list("pk", flat=True)[:BATCH]]
    rows.each("The end of a hold without money", late, _end_opening, actor=ACTOR)
    unsettled = [*overdue.filter(state__in=(State.OPEN, State.RELEASED)).values_list("pk", flat=True)[:BATCH]]
    rows.each("The settlement of an overdue hold", unsettled, _settle_as_earned, actor=ACTOR)
    for hold_id in late_settlements().values_list("pk", flat=True)[:BATCH]:
        logger.error("hold %s is settling past its deadline", hold_id)
    return len(late) + len(unsettled) + ledger.expire_pending() + _ask_again()


def _end_opening(hold_id: UUID) -> bool:
    with transaction.atomic():
        hold = hold_states.locked_hold(hold_id)
        ended = hold.state == State.OPENING and hold_states.fail(hold, "funding_timeout", actor=ACTOR)
        if ended and hold.rail == Hold.Rail.CARD:
            enqueue("settlement.release_card", str(hold_id))
    return ended


def _settle_as_earned(hold_id: UUID) -> None:
    """Nobody stated a final total in time: what was recorded as earned is the total."""
    hold = Hold.objects.select_related("pending").get(pk=hold_id)
    seconds = hold.pending.quantity if hold.pending else 0
    try:
        holds.settle_hold(hold_id, hold.captured_minor, ACTOR, billed_seconds=seconds, description="Settled as metered")
    except (holds.SettledOtherwise, hold_states.HoldNotOpen, hold_states.HoldFrozen):
        logger.info("hold %s moved on while it was swept", hold_id)


def _ask_again() -> int:
    """Tasks that were lost between the broker and their end are sent again; each may run twice without harm."""
    before = clock.now() - PATIENCE
    waiting = Hold.objects.filter(state_changed_at__lte=before)
    asked = [
        *_names(waiting.filter(state=State.OPENING, rail=Hold.Rail.CARD), "settlement.confirm_hold"),
        *_names(waiting.filter(state=State.SETTLING).exclude(rail=Hold.Rail.ESCROW), "settlement.settle_hold"),
        *_names(
            waiting.filter(
                state=State.FAILED,
                card_payment__state__in=(PaymentState.CREATING, PaymentState.PROCESSING, PaymentState.AUTHORIZED),
            ),
            "settlement.release_card",
        ),
        *_top_ups(before),
        *(
            ("settlement.let_go_of_card", row_id)
            for row_id in loose_authorizations.left_behind(before).values_list("pk", flat=True)[:BATCH]
        ),
    ]
    for task, row_id in asked:
        enqueue(task, str(row_id))
    return len(asked)


def _names(found: QuerySet[Hold], task: str) -> list[tuple[str, UUID]]:
    return [(task, row_id) for row_id in found.order_by("state_changed_at").values_list("pk", flat=True)[:BATCH]]


def _top_ups(before: datetime) -> list[tuple[str, UUID]]:
    waiting = CardPayment.objects.filter(
        purpose=CardPayment.Purpose.TOP_UP,
        state__in=(PaymentState.CREATING, PaymentState.PROCESSING),
        state_changed_at__lte=before,
    ).order_by("state_changed_at")[:BATCH]
    now = clock.now()
    return [
        (
            "settlement.give_up_top_up"
            if (row.state_deadline_at and row.state_deadline_at <= now) or row.state == PaymentState.PROCESSING
            else "settlement.charge_top_up",
            row.pk,
        )
        for row in waiting
    ]
