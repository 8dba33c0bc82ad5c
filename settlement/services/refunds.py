"""Refunds of settled leases, whole or in part: to where the money came from, borne as the lease was divided.

Planned (`plan_refund`), cleared by the gate (purpose "payout", subject the refund's id, its payee the renter), then
requested. What came from the prepaid balance is there again at once; what a card paid goes back to that card
(`refund_states`, `refund_deeds`); what the contract divided stays divided. Invoices are credited by themselves
(`amendments`).
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict, InvalidInput, NotFound, Refusal
from compliance.selectors.restrictions import is_restricted
from settlement.models import CardPayment, Hold, Receipt, Refund
from settlement.selectors.refunds import RefundView, is_contested, left_of, rail_of_refund, view_of
from settlement.services import claims, hold_states, ledger, money_letters, refund_money
from settlement.services.accounts import Kind
from settlement.services.walls import Clearance, require_clearance, wall_named

State, Reason, Giver = Refund.State, Refund.Reason, Refund.Giver
SEND_WITHIN = timedelta(hours=1)
# Of a lease; what no lease used goes back for a reason of its own (`unused_money`).
REASONS = [(value, words) for value, words in Reason.choices if value != Reason.UNUSED]


class RefundInvalid(InvalidInput):
    """The amount or the reason is none."""

    code = "refund_invalid"
    default_message = "A refund has an amount above zero in whole cents, and one of the reasons. Nothing was moved."


class RefundTooLarge(Conflict):
    """More would go back than was paid, less what went back before or was charged back."""

    code = "refund_too_large"
    default_message = "Less than that is left of what was paid for this lease. Nothing was moved."


class RefundOnChain(Conflict):
    """The escrow contract divided the lease's money for good."""

    code = "refund_on_chain"
    default_message = (
        "This lease was paid from the escrow contract, which has divided the money for good and takes nothing back. "
        "Nothing was moved; lease the renter the time again at a lower price, or agree with it on a transfer from your "
        "own wallet."
    )


class RefundContested(Conflict):
    """The renter's bank took the money back, or decides about it."""

    code = "refund_contested"
    default_message = (
        "A bank has taken this money back or decides about it, so a refund would give it twice. Nothing was moved; "
        "answer the dispute instead."
    )


class RefundStopped(Conflict):
    """One of the two sides can neither give nor get money at present."""

    code = "refund_stopped"
    default_message = "Money of one of the two sides cannot move at present. Nothing was moved."


class RefundNotCovered(Refusal):
    """A provider gives back what it has; a debt only the platform may make of it."""

    code = "refund_not_covered"
    http_status = 402
    default_message = (
        "Your earnings and your balance do not cover your part of this refund. Nothing was moved; top up the balance, "
        "or ask the operator."
    )


class RefundExists(Conflict):
    """The id was used before, for another refund."""

    code = "refund_exists"
    default_message = "There is a refund with this id already, of another lease or amount. Nothing was moved."


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """What would go back, and to whom. `refund_id` is what the gate is asked about."""

    refund_id: UUID
    lease_id: UUID
    party_id: UUID
    rail: str
    currency: str
    amount_minor: int
    reason: str
    given_by: str


def refund(refund_id: UUID) -> RefundView | None:
    """The refund with that id."""
    row = Refund.objects.select_related("receipt").filter(pk=refund_id).first()
    return view_of(row) if row else None


def plan_refund(lease_id: UUID, amount_minor: int, reason: str, *, refund_id: UUID, given_by: str) -> RefundPlan:
    """What can go back, as far as that is known now.

    Raises NotFound, RefundInvalid, RefundTooLarge, RefundOnChain, RefundContested, RefundStopped, RefundNotCovered.
    """
    if type(amount_minor) is not int or not 0 < amount_minor <= ledger.MAX_MINOR or reason not in dict(REASONS):
        raise RefundInvalid
    receipt = _receipt(lease_id)
    _check(receipt, amount_minor, given_by)
    return RefundPlan(
        refund_id,
        lease_id,
        receipt.party_id,
        rail_of_refund(receipt),
        receipt.currency,
        amount_minor,
        reason,
        Giver(given_by).value,
    )


def request_refund(plan: RefundPlan, *, clearance: Clearance, actor: Actor) -> RefundView:
    """The amount is back on the prepaid balance, or on its way to the card, and both sides have borne their parts.

    Asks no network. The same id again returns the refund that stands. Raises ClearanceInvalid, RefundExists and what
    `plan_refund` does.
    """
    with wall_named(), transaction.atomic():
        receipt = _receipt(plan.lease_id)
        # Refunds of one lease come one after the other.
        hold_states.locked_hold(receipt.hold_id)
        present = Refund.objects.filter(pk=plan.refund_id).first()
        if present is not None:
            return _same(present, receipt, plan)
        clearance_id = require_clearance(
            clearance,
            purpose="payout",
            subject_id=plan.refund_id,
            provider_party_id=plan.party_id,
            amount_minor=plan.amount_minor,
            currency=plan.currency,
        )
        refund_money.lock(plan.refund_id, receipt.party_id, receipt.payee_party_id)
        _check(receipt, plan.amount_minor, plan.given_by)
        row = _made(plan, receipt, clearance_id)
        to_card = row.state == State.REQUESTED
        refund_money.take(row, to_card=to_card)
        data = {"lease": str(plan.lease_id), "amount_minor": row.amount_minor, "fee_minor": row.fee_minor}
        data |= {"reason": row.reason, "given_by": row.given_by, "rail": row.rail}
        audit.record(f"refund.{row.state}", actor=actor, subject=row, data=data)
        money_letters.tell_of_refund(row)
        if to_card:
            enqueue("settlement.send_refund", str(row.pk))
        else:
            enqueue("settlement.amend_invoices")
    return view_of(row)


def _receipt(lease_id: UUID) -> Receipt:
    receipt = Receipt.objects.select_related("hold").filter(subject_id=lease_id).first()
    if receipt is None:
        raise NotFound("There is no receipt of this lease: it is not settled. Nothing was moved.")
    return receipt


def _same(present: Refund, receipt: Receipt, plan: RefundPlan) -> RefundView:
    if (present.receipt_id, present.amount_minor, present.reason) != (receipt.pk, plan.amount_minor, plan.reason):
        raise RefundExists
    return view_of(present)


def _made(plan: RefundPlan, receipt: Receipt, clearance_id: UUID) -> Refund:
    to_card = plan.rail == Hold.Rail.CARD
    payment = CardPayment.objects.get(hold_id=receipt.hold_id) if to_card else None
    return Refund.objects.create(
        pk=plan.refund_id,
        state=State.REQUESTED if to_card else State.DONE,
        state_changed_at=clock.now(),
        state_deadline_at=clock.now() + SEND_WITHIN if to_card else None,
        receipt=receipt,
        clearance_id=clearance_id,
        party_id=receipt.party_id,
        payee_party_id=receipt.payee_party_id,
        rail=plan.rail,
        reason=plan.reason,
        given_by=plan.given_by,
        currency=receipt.currency,
        amount_minor=plan.amount_minor,
        fee_minor=refund_money.fee_of(receipt, plan.amount_minor),
        charge_id=payment.charge_id if payment else "",
    )


def _check(receipt: Receipt, amount_minor: int, given_by: str) -> None:
    """Nothing, for what can be given back. `request_refund` asks again under the locks."""
    if receipt.hold.rail == Hold.Rail.ESCROW:
        raise RefundOnChain
    if is_contested(receipt):
        raise RefundContested
    if is_restricted(receipt.party_id) or is_restricted(receipt.payee_party_id):
        raise RefundStopped
    if amount_minor > left_of(receipt):
        raise RefundTooLarge
    part = amount_minor - refund_money.fee_of(receipt, amount_minor)
    if given_by == Giver.PROVIDER and part > _free(receipt.payee_party_id):
        raise RefundNotCovered


def _free(party_id: UUID) -> int:
    """What the provider has, beyond what it owes already."""
    has = (ledger.balance_of(claims.key_of(kind, party_id)) for kind in (Kind.PAYABLE, Kind.AVAILABLE))
    return sum(has) - claims.owed_minor(party_id)
