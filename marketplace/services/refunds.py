"""Money of a settled lease goes back to its renter; the gate is asked before it moves."""

from uuid import UUID

from compliance.base.actor import Actor
from compliance.base.errors import Forbidden
from compliance.services import gate
from marketplace.models import Lease, User
from marketplace.models.viewer import Viewer
from marketplace.permissions import PAY, role_of
from marketplace.selectors.leases import lease_for
from settlement.selectors.refunds import RefundView
from settlement.services import refunds
from settlement.services.refunds import Giver, RefundPlan


def giver_of(lease: Lease, viewer: Viewer, user: User) -> str | None:
    """As whom the person may give money of the lease back: for the provider, for the platform, or not at all."""
    if lease.provider_id in viewer.organization_ids():
        return Giver.PROVIDER.value if role_of(user, lease.provider) in PAY else None
    return Giver.PLATFORM.value if viewer.is_platform_staff else None


def give_back(
    lease_id: UUID, amount_minor: int, reason: str, *, refund_id: UUID, viewer: Viewer, user: User, actor: Actor
) -> RefundView:
    """So much of what the lease cost goes back to where it came from; minor units of its currency.

    Asked again with the same `refund_id`, the same refund is returned. Raises NotFound for a stranger, Forbidden for
    whoever may not give it back, what the gate raises, and settlement's refusals (`refunds`).
    """
    lease = lease_for(viewer, lease_id)
    giver = giver_of(lease, viewer, user)
    if giver is None:
        raise Forbidden("Only owners and finance of the provider, and the platform, give money back. Nothing moved.")
    given = refunds.refund(refund_id)
    if given is not None and (given.lease_id, given.amount_minor, given.reason) == (lease.pk, amount_minor, reason):
        return given
    plan = refunds.plan_refund(lease.pk, amount_minor, reason, refund_id=refund_id, given_by=giver)
    return refunds.request_refund(plan, clearance=gate.require(_question(plan), actor=actor), actor=actor)


def _question(plan: RefundPlan) -> gate.GateRequest:
    """A refund is a payment out; its payee is the renter."""
    return gate.GateRequest.payment_out(
        plan.refund_id, plan.party_id, rail="card", amount_minor=plan.amount_minor, currency=plan.currency
    )
