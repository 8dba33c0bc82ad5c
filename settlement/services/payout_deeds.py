"""What is asked of the rails for payouts, outside any transaction. Never twice: see `send_payout`."""

import logging
from datetime import timedelta
from uuid import UUID

from compliance.base import clock
from compliance.base.actor import system
from compliance.services.clearances import ClearanceInvalid
from settlement.models import Payout
from settlement.rails import card
from settlement.rails.card import CardRefused, CardUnavailable
from settlement.selectors.money_alarms import late_payouts, waiting_payouts
from settlement.services import chain_payouts, payout_recovery, payouts, rows
from settlement.services.accounts import Pot
from settlement.services.walls import Clearance

logger = logging.getLogger(__name__)
ACTOR = system("payouts")
State = Payout.State
# Longer than the rail's own timeout with its retries: an answer that is not here by then was lost.
ANSWER_LOST_AFTER = timedelta(minutes=2)
# Money that Stripe has but not yet as available: it will be.
WAITS = frozenset({"balance_insufficient", "insufficient_funds"})
BATCH = 100


def send_payout(payout_id: UUID, clearance: Clearance | None = None) -> None:
    """The rail was asked to pay, once: the payout is sent, has failed, or waits for an answer.

    Who takes the payout from PENDING to SENDING asks the rail, with an idempotency key made from the payout's id.
    Every later attempt first asks whether the transfer is there, and looks at the clearance again. The key changes
    only after a definite refusal (the network repeats a refusal to its key for a day), of which no transfer can come.
    Raises PayoutNotFound.
    """
    try:
        first = payouts.begin_sending(payout_id, clearance=clearance, actor=ACTOR)
    except ClearanceInvalid:
        if not payouts.waits_for_clearance(payout_id):
            payouts.fail_payout(payout_id, "clearance_invalid", actor=ACTOR)
        return
    payout = Payout.objects.get(pk=payout_id)
    if payout.state != State.SENDING:
        return
    if payout.pot == Pot.ESCROW:
        chain_payouts.withdraw(payout)
        return
    try:
        _pay_by_card(payout, first=first)
    except CardUnavailable as error:
        logger.warning("payout %s: the card network is unavailable (%s); the sweep asks again", payout_id, error.code)


def _pay_by_card(payout: Payout, *, first: bool) -> None:
    if not first:
        transfer_id = card.rail().find_transfer(payout.pk)
        if transfer_id:
            payouts.finish_payout(payout.pk, transfer_id, actor=ACTOR)
            return
        if not _may_ask_again(payout):
            return
    try:
        sent = card.rail().transfers_to(payout.destination, payout_recovery.remembered_until(payout))
        if lost := payout_recovery.forgotten(sent):
            payout_recovery.recover(payout.pk, lost, actor=ACTOR)
            return
        transfer_id = card.rail().transfer(
            payout.pk,
            amount_minor=payout.amount_minor,
            destination=payout.destination,
            key=f"payout:{payout.pk}:{payout.attempt}",
        )
    except CardRefused as error:
        if error.code in WAITS:
            logger.info("payout %s waits for available money", payout.pk)
            Payout.objects.filter(pk=payout.pk, attempt=payout.attempt).update(attempt=payout.attempt + 1)
            return
        payouts.fail_payout(payout.pk, error.code, actor=ACTOR)
        return
    if not payouts.finish_payout(payout.pk, transfer_id, actor=ACTOR):
        payout_recovery.take_late(payout.pk, transfer_id, actor=ACTOR)


def _may_ask_again(payout: Payout) -> bool:
    """Whether the transfer may be asked for once more: not when the clearance fell, and then the payout fails.

    It fails only once no earlier request can be under way any more: the network knows of no transfer, so none left.
    """
    try:
        payouts.still_cleared(payout)
    except ClearanceInvalid:
        if clock.now() - payout.state_changed_at >= ANSWER_LOST_AFTER:
            payouts.fail_payout(payout.pk, "clearance_invalid", actor=ACTOR)
        return False
    return True


def deliver_payouts() -> int:
    """Every payout that waits was taken up again. Returns how many."""
    payouts.fail_overdue(actor=ACTOR)
    if late := late_payouts().count():
        logger.warning("%s payouts have waited for an hour", late)
    ids = list(waiting_payouts().order_by("state_changed_at").values_list("pk", flat=True)[:BATCH])
    rows.each("A payout", ids, send_payout, actor=ACTOR)
    return len(ids)
