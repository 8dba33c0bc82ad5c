"""Where an organization's people are seen, told to compliance as signs of place."""

from compliance.services import place_signs
from marketplace.models import Organization, User


def see_login(user: User, address: str) -> None:
    """Each organization of the person has the login as a sign; staff of the platform has none."""
    if not address:
        return
    parties = Organization.objects.filter(memberships__user=user).values_list("party_id", flat=True)
    for party_id in parties:
        place_signs.see_address(party_id, address, "login")
