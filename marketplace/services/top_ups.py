"""Top-ups of the prepaid balance: the gate is asked before money comes in, too."""

from uuid import UUID

from compliance.base.actor import Actor
from compliance.services import gate
from marketplace.models import Organization, User
from marketplace.permissions import PAY, require_role
from marketplace.services import turns
from settlement.services import topups
from settlement.services.topups import TopUpRef


def start_top_up(
    organization: Organization,
    amount_minor: int,
    payment_method: str,
    *,
    top_up_id: UUID,
    user: User,
    actor: Actor,
) -> TopUpRef:
    """The card is about to be charged for the organization's prepaid balance; USD cents.

    Asked again with the same `top_up_id`, the same top-up is returned. Raises Forbidden, TooOften, what the gate
    raises, and settlement's TopUpRefused.
    """
    require_role(user, organization, *PAY)
    if not topups.is_known(organization.party_id, top_up_id):
        turns.take(organization.pk, turns.Deed.TOP_UP)
    question = gate.GateRequest(
        purpose="deposit",
        subject_id=top_up_id,
        renter_party_id=organization.party_id,
        provider_party_id=None,
        rail="card",
        amount_minor=amount_minor,
        currency="USD",
    )
    clearance = gate.require(question, actor=actor)
    return topups.start_top_up(
        clearance=clearance,
        top_up_id=top_up_id,
        party_id=organization.party_id,
        amount_minor=amount_minor,
        payment_method=payment_method,
        idempotency_key=str(top_up_id),
        actor=actor,
    )
