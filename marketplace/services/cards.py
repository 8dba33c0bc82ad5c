"""Cards of an organization: the way to the card network's own form."""

from marketplace.models import Organization, User
from marketplace.permissions import PAY, require_role
from marketplace.services import turns
from settlement.services import profiles


def card_form_url(organization: Organization, *, back: str, user: User) -> str:
    """The address of the form on which one more card is saved. Asks the card network.

    Raises Forbidden but for owners and finance, TooOften, and settlement's CardNetworkBusy.
    """
    require_role(user, organization, *PAY)
    turns.take(organization.pk, turns.Deed.SAVE_CARD)
    return profiles.card_form_url(organization.party_id, return_url=back, cancel_url=back)
