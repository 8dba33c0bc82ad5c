"""Unused prepaid money goes back to the cards that brought it; the gate is asked before it moves."""

from uuid import UUID

from compliance.base.actor import Actor
from compliance.services import gate
from marketplace.models import Organization, User
from marketplace.permissions import OWN, require_role
from marketplace.services import turns
from settlement.selectors.refunds import RefundView
from settlement.services import unused_money
from settlement.services.unused_money import ReturnPlan


def give_back(
    organization: Organization, amount_minor: int, *, request_id: UUID, user: User, actor: Actor
) -> list[RefundView]:
    """So much of the organization's free prepaid money is on its way to its cards; USD cents, one refund a charge.

    Asked again with the same `request_id`, the same refunds are returned. Raises NotFound for a stranger, Forbidden for
    whoever is no owner, TooOften, what the gate raises, and settlement's refusals (`unused_money`).
    """
    require_role(user, organization, *OWN)
    if present := unused_money.returned(ReturnPlan(request_id, organization.party_id, amount_minor)):
        return present
    turns.take(organization.pk, turns.Deed.UNUSED_MONEY)
    plan = unused_money.plan_return(organization.party_id, amount_minor, request_id=request_id)
    return unused_money.request_return(plan, clearance=gate.require(_question(plan), actor=actor), actor=actor)


def _question(plan: ReturnPlan) -> gate.GateRequest:
    """A payment out like any other, asked about once for all of it; its payee is whose money it is."""
    return gate.GateRequest.payment_out(
        plan.request_id, plan.party_id, rail="card", amount_minor=plan.amount_minor, currency=plan.currency
    )
