"""How a refund to a card goes on, whatever told us: our own request's answer, a notice, or reconciliation.

REQUESTED -> SENDING -> DONE; FAILED from each of them. Told late, twice or out of order it moves nothing twice.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import NotFound
from compliance.base.transition import transition
from compliance.selectors.cases import has_open_case
from compliance.services.clearances import ClearanceInvalid
from settlement.models import CardPayment, Refund
from settlement.rails.card_states import RefundState
from settlement.services import hold_states, money_letters, refund_money
from settlement.services.walls import require_clearance, wall_named

State = Refund.State
# How long the network may take before it is an alarm.
SENDING_ALARM = timedelta(hours=1)
NOTHING_LEFT = ("failed", "canceled")


class RefundNotFound(NotFound):
    """No such refund."""

    code = "refund_not_found"


def begin_sending(refund_id: UUID, *, actor: Actor) -> None:
    """The network may be asked now: the clearance was looked at once more. Nothing for a refund that is past that.

    Raises RefundNotFound, ClearanceInvalid.
    """
    with wall_named(), transaction.atomic():
        row = _locked(refund_id)
        if row.state == State.REQUESTED:
            still_cleared(row)
            deadline = clock.now() + SENDING_ALARM
            transition(row, State.SENDING, actor=actor, event="refund.sending", deadline_at=deadline)


def still_cleared(row: Refund) -> None:
    """The refund's clearance is live at this moment. Raises ClearanceInvalid.

    Unused money does not leave while officers look into its owner: it goes back to the balance, to be asked for again.
    """
    if row.request_id and has_open_case(row.party_id):
        raise ClearanceInvalid("Its owner has an open case. Nothing was sent.")
    require_clearance(
        row.clearance,
        purpose="payout",
        subject_id=row.request_id or row.pk,
        provider_party_id=row.party_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
    )


def apply_refund(told: RefundState, *, actor: Actor) -> bool:
    """The refund and the books stand as the network says. Returns whether anything changed.

    A refund that is not ours changes nothing.
    """
    found = Refund.objects.filter(Q(external_id=told.id) | Q(pk=told.refund_id)).first()
    if found is None:
        return False
    with transaction.atomic():
        row = _locked(found.pk)
        if row.external_id not in ("", told.id):
            return False
        changed = bool(told.line_id) and _left(row, told, actor)
        if told.status in NOTHING_LEFT:
            changed |= _came_to_nothing(row, told, actor)
    return changed


def fail_refund(refund_id: UUID, code: str, *, actor: Actor) -> bool:
    """The money never left, and each side has again what it gave. Told twice, once. Raises RefundNotFound."""
    with transaction.atomic():
        row = _locked(refund_id)
        if row.state not in (State.REQUESTED, State.SENDING):
            return False
        _fail(row, code, actor)
        refund_money.turn_back(row)
    return True


def _locked(refund_id: UUID) -> Refund:
    """The refund, locked after its lease's hold, or its top-up, and before all accounts that it can touch."""
    found = Refund.objects.filter(pk=refund_id).values_list("receipt__hold_id", "top_up_id").first()
    if found is None:
        raise RefundNotFound
    hold_id, top_up_id = found
    if hold_id is not None:
        hold_states.locked_hold(hold_id)
    else:
        CardPayment.objects.select_for_update(no_key=True).get(pk=top_up_id)
    rows = Refund.objects.select_for_update(no_key=True, of=("self",)).select_related("receipt", "clearance")
    row = rows.get(pk=refund_id)
    refund_money.lock(row.pk, row.party_id, row.payee_party_id)
    return row


def _left(row: Refund, told: RefundState, actor: Actor) -> bool:
    """The network took the money. One that it took after we had given up is borne again."""
    late = row.state == State.FAILED and not row.external_id
    if row.state != State.SENDING and not late:
        return False
    data = {"external_id": told.id, "amount_minor": row.amount_minor, "late": late}
    transition(row, State.DONE, actor=actor, event="refund.done", data=data, external_id=told.id, failure_code="")
    if late:
        refund_money.send_late(row, told.line_id)
    else:
        refund_money.send(row, told.line_id)
    money_letters.tell_of_refund(row)
    enqueue("settlement.amend_invoices")
    return True


def _came_to_nothing(row: Refund, told: RefundState, actor: Actor) -> bool:
    code = told.failure_code or told.status
    if row.state in (State.REQUESTED, State.SENDING):
        _fail(row, code, actor, external_id=told.id)
        refund_money.turn_back(row)
        return True
    # Until the money is back, there is nothing to give to anybody: the line that brings it names it.
    if row.state != State.DONE or not told.failure_line_id:
        return False
    _fail(row, code, actor)
    refund_money.bring_back(row, told.failure_line_id)
    enqueue("settlement.amend_invoices")
    return True


def _fail(row: Refund, code: str, actor: Actor, **changes: Any) -> None:
    code = code[:64]
    data = {"code": code, "amount_minor": row.amount_minor}
    transition(row, State.FAILED, actor=actor, event="refund.failed", data=data, failure_code=code, **changes)
    money_letters.tell_of_refund(row)
