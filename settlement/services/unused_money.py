"""Unused prepaid money goes back to the cards that brought it, and nowhere else, when its owner asks.

Planned (`plan_return`), cleared by the gate (purpose "payout", subject the request's id, its payee the owner), then
requested: one refund for each charge that gives a part. From there each is a refund to a card like any other
(`refund_states`, `refund_deeds`); one that comes to nothing is prepaid money again, less what is owed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict
from compliance.selectors.cases import has_open_case
from compliance.selectors.restrictions import is_restricted
from settlement.models import AutoTopUp, CardPayment, Hold, Refund
from settlement.money import amount_words
from settlement.selectors.refunds import RefundView
from settlement.selectors.unused_money import (
    MOST_CHARGES,
    Part,
    charges_to_refund,
    contests_a_payment,
    parts_of_request,
)
from settlement.services import claims, ledger, refund_money
from settlement.services.refunds import SEND_WITHIN, RefundContested, RefundExists, RefundInvalid, RefundStopped
from settlement.services.walls import Clearance, require_clearance, wall_named

USD = claims.USD
State = Refund.State
EVENT = "refund.requested"


class UnusedTooLarge(Conflict):
    """More is asked back than is free, or than cards brought that was not given back yet."""

    code = "refund_too_large"


class AutoTopUpInTheWay(Conflict):
    """The card would be charged again as soon as its money is back."""

    code = "auto_top_up_in_the_way"
    default_message = (
        "Automatic top-up is on and would charge your card again at once. Nothing was moved; turn it off first, or "
        "leave at least its threshold on the balance."
    )


class UnusedContested(RefundContested):
    """A bank decides about a payment of the owner's."""

    default_message = (
        "A payment of yours is contested at the bank, and until it has decided nothing goes back. Nothing was moved."
    )


class UnusedStopped(RefundStopped):
    """The owner is restricted, or officers look into it: one answer for both, which tells neither."""

    default_message = "This money cannot move at present. Nothing was moved; ask us if it lasts."


@dataclass(frozen=True, slots=True)
class ReturnPlan:
    """What would go back; USD cents. `request_id` is what the gate is asked about."""

    request_id: UUID
    party_id: UUID
    amount_minor: int
    currency: str = USD


def plan_return(party_id: UUID, amount_minor: int, *, request_id: UUID) -> ReturnPlan:
    """What can go back, as far as that is known now.

    Raises RefundInvalid, UnusedStopped, UnusedContested, PartyOwes, AutoTopUpInTheWay, UnusedTooLarge.
    """
    if type(amount_minor) is not int or not 0 < amount_minor <= ledger.MAX_MINOR:
        raise RefundInvalid("The amount is above zero, in whole cents. Nothing was moved.")
    _parts(party_id, amount_minor)
    return ReturnPlan(request_id, party_id, amount_minor)


def request_return(plan: ReturnPlan, *, clearance: Clearance, actor: Actor) -> list[RefundView]:
    """The amount is on its way to the cards that brought it, the newest charge first; one refund a charge.

    Asks no network. The same id again returns the refunds that stand. Raises ClearanceInvalid, RefundExists and what
    `plan_return` does.
    """
    with wall_named(), transaction.atomic():
        # Two requests of one party come one after the other, and a dispute about one of the charges waits.
        top_ups = CardPayment.objects.filter(party_id=plan.party_id, purpose=CardPayment.Purpose.TOP_UP)
        list(top_ups.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        if present := returned(plan):
            return present
        clearance_id = require_clearance(
            clearance,
            purpose="payout",
            subject_id=plan.request_id,
            provider_party_id=plan.party_id,
            amount_minor=plan.amount_minor,
            currency=plan.currency,
        )
        refund_money.lock_unused(plan.party_id)
        claims.pay_off(plan.party_id)
        parts = _parts(plan.party_id, plan.amount_minor)
        _take(Refund.objects.bulk_create(_row(plan, part, clearance_id) for part in parts), actor)
    return parts_of_request(plan.request_id)


def returned(plan: ReturnPlan) -> list[RefundView]:
    """The refunds of the request, if it was made. Raises RefundExists for one of another party or amount."""
    present = parts_of_request(plan.request_id)
    same = Refund.objects.filter(request_id=plan.request_id, party_id=plan.party_id)
    if present and (not same.exists() or sum(each.amount_minor for each in present) != plan.amount_minor):
        raise RefundExists("There is a request with this id already, of another amount. Nothing was moved.")
    return present


def _take(rows: Sequence[Refund], actor: Actor) -> None:
    refund_money.take_unused(rows)
    for row in rows:
        enqueue("settlement.send_refund", str(row.pk))
    about = [(str(row.pk), {"top_up": str(row.top_up_id), "amount_minor": row.amount_minor}) for row in rows]
    audit.record_many(EVENT, actor=actor, subject_kind=Refund._meta.label_lower, about=about)


def _row(plan: ReturnPlan, part: Part, clearance_id: UUID) -> Refund:
    return Refund(
        pk=uuid5(plan.request_id, str(part.top_up_id)),
        state=State.REQUESTED,
        state_changed_at=clock.now(),
        state_deadline_at=clock.now() + SEND_WITHIN,
        top_up_id=part.top_up_id,
        request_id=plan.request_id,
        clearance_id=clearance_id,
        party_id=plan.party_id,
        payee_party_id=plan.party_id,
        rail=Hold.Rail.CARD,
        reason=Refund.Reason.UNUSED,
        given_by=Refund.Giver.RENTER,
        currency=plan.currency,
        amount_minor=part.amount_minor,
        fee_minor=0,
        charge_id=part.charge_id,
    )


def _parts(party_id: UUID, amount_minor: int) -> list[Part]:
    """What each charge gives of the amount, for what can be given back. `request_return` asks again under the locks."""
    if is_restricted(party_id) or has_open_case(party_id):
        raise UnusedStopped
    if contests_a_payment(party_id):
        raise UnusedContested
    claims.require_nothing_owed(party_id)
    free = claims.free_minor(party_id) - claims.owed_minor(party_id)
    if amount_minor > free:
        raise UnusedTooLarge(f"{amount_words(max(0, free), USD)} of your balance is free. Nothing was moved.")
    _leave_enough(party_id, free - amount_minor)
    parts, left = [], amount_minor
    for rest in charges_to_refund(party_id)[:MOST_CHARGES]:
        part = min(left, rest.amount_minor)
        if part:
            parts.append(Part(rest.top_up_id, rest.charge_id, part))
        left -= part
    if left:
        words = amount_words(amount_minor - left, USD)
        raise UnusedTooLarge(f"{words} can go back at once to cards that you topped up with. Nothing was moved.")
    return parts


def _leave_enough(party_id: UUID, left_minor: int) -> None:
    rules = AutoTopUp.objects.filter(party_id=party_id, state=AutoTopUp.State.ON, threshold_minor__gt=left_minor)
    if rules.exists():
        raise AutoTopUpInTheWay
