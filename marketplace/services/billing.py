"""How an organization is named on invoices, told by those who pay."""

from compliance.base.actor import Actor
from compliance.base.errors import InvalidInput
from marketplace.models import Organization, User
from marketplace.permissions import PAY, require_role
from settlement.services import billing
from settlement.tax import TaxParty


def tell_billing(
    organization: Organization, details: TaxParty, *, self_billing: bool, user: User, actor: Actor
) -> TaxParty:
    """Documents name the organization so from now on. Raises Forbidden but for owners and finance, InvalidInput."""
    require_role(user, organization, *PAY)
    if self_billing and not organization.is_provider:
        raise InvalidInput("Invoices are issued in the name of providers only. Nothing was changed.")
    return billing.tell_billing(organization.party_id, details, self_billing=self_billing, actor=actor)
