"""What is asked of the card network for refunds, outside any transaction. Never twice: see `send_refund`."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from compliance.base import clock
from compliance.base.actor import system
from compliance.selectors.restrictions import is_restricted
from compliance.services.clearances import ClearanceInvalid
from settlement.models import Refund
from settlement.rails import card
from settlement.rails.card import CardDeclined, CardRefused, CardUnavailable
from settlement.selectors.refunds import waiting_refunds
from settlement.services import refund_states, rows

logger = logging.getLogger(__name__)
ACTOR = system("refunds")
State = Refund.State
# Longer than the rail's own timeout with its retries: an answer that is not here by then was lost.
ANSWER_LOST_AFTER = timedelta(minutes=2)
# Money that Stripe has but not yet as available: it will be.
WAITS = frozenset({"balance_insufficient", "insufficient_funds"})
BATCH = 100


def send_refund(refund_id: UUID) -> None:
    """The network was asked to give the money back, once: the refund is done, has failed, or waits for an answer.

    Before each attempt it is asked whether it made this refund already (a lost answer; a house that was restored from
    an old backup), and the idempotency key is made from the refund's id. The key changes only after a definite refusal
    of which no refund can come. Raises RefundNotFound.
    """
    try:
        refund_states.begin_sending(refund_id, actor=ACTOR)
    except ClearanceInvalid:
        _give_up(refund_id)
        return
    row = Refund.objects.select_related("clearance").get(pk=refund_id)
    if row.state != State.SENDING:
        return
    try:
        _send(row)
    except CardUnavailable as error:
        logger.warning("refund %s: the card network is unavailable (%s); the sweep asks again", refund_id, error.code)


def _send(row: Refund) -> None:
    rail = card.rail()
    told = rail.find_refund(row.pk, row.charge_id)
    if told is None:
        if not _may_ask(row):
            return
        try:
            told = rail.refund(
                row.pk,
                charge_id=row.charge_id,
                amount_minor=row.amount_minor,
                key=f"refund:{row.pk}:{row.attempt}",
            )
        except (CardRefused, CardDeclined) as error:
            _refused(row, error.code)
            return
    refund_states.apply_refund(told, actor=ACTOR)


def _may_ask(row: Refund) -> bool:
    """Whether the network may be asked: not when the clearance fell, and then the refund fails.

    It fails only once no earlier request can be under way any more: the network knows of no refund, so none was made.
    """
    try:
        refund_states.still_cleared(row)
    except ClearanceInvalid:
        if clock.now() - row.state_changed_at >= ANSWER_LOST_AFTER:
            _give_up(row.pk)
        return False
    return True


def _give_up(refund_id: UUID) -> None:
    """The refund has failed, and each side has again what it gave; while its renter is restricted it stays what it is.

    What was given to a restricted party is its property: it neither leaves nor goes back to whoever gave it.
    """
    if not is_restricted(Refund.objects.values_list("party_id", flat=True).get(pk=refund_id)):
        refund_states.fail_refund(refund_id, "clearance_invalid", actor=ACTOR)


def _refused(row: Refund, code: str) -> None:
    if code in WAITS:
        logger.info("refund %s waits for available money", row.pk)
        Refund.objects.filter(pk=row.pk, attempt=row.attempt).update(attempt=row.attempt + 1)
        return
    refund_states.fail_refund(row.pk, code, actor=ACTOR)


def deliver_refunds() -> int:
    """Every refund that waits was taken up again. Returns how many."""
    ids = list(waiting_refunds().order_by("state_changed_at").values_list("pk", flat=True)[:BATCH])
    rows.each("A refund", ids, send_refund, actor=ACTOR)
    return len(ids)


def follow_refunds(external_ids: Iterable[str]) -> int:
    """Refunds of ours stand as the network says, whichever notice was lost. Returns how many changed.

    Raises the rail's CardError.
    """
    rail = card.rail()
    return sum(refund_states.apply_refund(rail.read_refund(each), actor=ACTOR) for each in sorted(set(external_ids)))
