"""Providers are paid what they have earned; the gate is asked again for each payout."""

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache

from compliance.base import clock
from compliance.base.actor import Actor, system
from compliance.base.errors import Conflict, Refusal
from compliance.selectors.restrictions import is_restricted
from compliance.services import gate
from marketplace.errors import NotAProvider
from marketplace.models import Organization, User
from marketplace.permissions import PAY, require_role
from settlement.selectors.balances import payable_parties
from settlement.selectors.payouts import last_failures
from settlement.services import chain_payouts, payout_deeds, payouts
from settlement.services.payouts import PayoutPlan, PayoutRef

logger = logging.getLogger(__name__)
ACTOR = system("payouts")
POTS = ("card", "escrow")
# A payout that was refused is asked for again after this many seconds: each question leaves a Decision for ten years.
ASK_AGAIN_SECONDS = 900
# What its rail refused is tried again after as long, twice as long each time, by itself; its provider may at any time.
LONGEST_WAIT_SECONDS = 86_400
# Ends after which the next payout is another one: it is planned at once.
ANOTHER_NOW = frozenset({"entitlement_grew", "earlier_transfer_found", "withdrawn_by_payee", "withdrawn_less"})


class NothingPayable(Conflict):
    """Nothing is owed, a payout is on its way already, or there is nowhere to send it."""

    code = "nothing_payable"
    default_message = (
        "There is nothing to pay out: nothing is owed, a payout is on its way, or no account can receive it yet. "
        "Nothing was moved."
    )


def pay_providers(*, actor: Actor = ACTOR) -> int:
    """Every provider that is owed something has a payout on its way, or a refusal on record. Returns how many left."""
    paid = 0
    for party_id, pot in payable_parties():
        plan = None if _was_refused(party_id, pot) else _planned(party_id, pot)
        if plan is not None and cache.get(_asked(plan)) is None:
            paid += _try(plan, actor, _send)
    for plan in chain_payouts.stopped_payouts():
        if not is_restricted(plan.party_id) and cache.get(_asked(plan)) is None:
            paid += _try(plan, actor, _resume)
    return paid


def _was_refused(party_id: UUID, pot: str) -> bool:
    """Whether the newest payouts came to nothing at their rail, too lately to try again."""
    failures = last_failures(party_id, pot)
    if not failures or failures[0][0] in ANOTHER_NOW:
        return False
    wait = min(ASK_AGAIN_SECONDS * 2 ** (len(failures) - 1), LONGEST_WAIT_SECONDS)
    return clock.now() < failures[0][1] + timedelta(seconds=wait)


def _planned(party_id: UUID, pot: str) -> PayoutPlan | None:
    try:
        return chain_payouts.plan_payout(party_id, pot)
    except Refusal as refusal:
        # A chain that does not answer keeps nobody else from their money.
        logger.warning("no payout of the %s pot for party %s: %s", pot, party_id, refusal.code)
        return None


def pay_out(organization: Organization, pot: str, *, user: User, actor: Actor) -> PayoutRef:
    """All that the organization is owed of this pot is on its way.

    Asks the chain about its pot: not inside a transaction. Raises Forbidden, NotAProvider, NothingPayable, what the
    gate raises, and what settlement raises.
    """
    require_role(user, organization, *PAY)
    if not organization.is_provider:
        raise NotAProvider
    plan = chain_payouts.plan_payout(organization.party_id, pot) if pot in POTS else None
    if plan is None:
        raise NothingPayable
    return _send(plan, actor)


def _send(plan: PayoutPlan, actor: Actor) -> PayoutRef:
    clearance = gate.require(_question(plan), actor=actor)
    return payouts.request_payout(plan, clearance=clearance, idempotency_key=f"payout-{plan.payout_id}", actor=actor)


def _resume(plan: PayoutPlan, actor: Actor) -> None:
    """A payout that was stopped goes on under a fresh clearance."""
    payout_deeds.send_payout(plan.payout_id, gate.require(_question(plan), actor=actor))


def _question(plan: PayoutPlan) -> gate.GateRequest:
    return gate.GateRequest.payment_out(
        plan.payout_id,
        plan.party_id,
        rail=plan.pot,
        wallet=plan.destination if plan.pot == "escrow" else "",
        amount_minor=plan.asked_minor,
        currency=plan.currency,
    )


def _try(plan: PayoutPlan, actor: Actor, deed: Callable[[PayoutPlan, Actor], object]) -> bool:
    try:
        deed(plan, actor)
    except Refusal as refusal:
        logger.info("no payout for party %s: %s", plan.party_id, refusal.code)
        cache.set(_asked(plan), refusal.code, ASK_AGAIN_SECONDS)
        return False
    except Exception:
        logger.exception("the payout for party %s failed; the next round tries again", plan.party_id)
        return False
    return True


def _asked(plan: PayoutPlan) -> str:
    return f"payout-refused:{plan.party_id}:{plan.pot}"
