"""Where the providers are paid: a connected account at the card network, and a wallet of their own on chain."""

from pathlib import Path

import httpx
from django.conf import settings

from compliance.services import parties
from marketplace.development.errors import DevelopmentError
from marketplace.development.seeding.people import organization_of
from marketplace.development.wallets import wallet_key
from marketplace.development.world import PROVIDERS, Company
from marketplace.models import User
from settlement.services import profiles


def seed_payouts() -> None:
    """Every provider can be paid by card network and on chain."""
    for company in PROVIDERS:
        user = User.objects.get(email=company.email)
        organization = organization_of(user)
        profile = profiles.profile_of(organization.party_id)
        if not profile.payout_wallet:
            address = wallet_key(Path(settings.STATE_DIR), company.key).address
            parties.link_wallet(organization.party_id, address, actor=user.as_actor())
            profiles.set_payout_wallet(organization.party_id, address, actor=user.as_actor())
        if settings.STRIPE_API_BASE and not profiles.refresh_recipient(organization.party_id):
            _onboard(company, user)


def _onboard(company: Company, user: User) -> None:
    """The provider went through the stand-in's hosted onboarding; at the real network a person has to."""
    party_id = organization_of(user).party_id
    back = settings.GRIDCLEAR_BASE_URL
    address = profiles.begin_card_payouts(
        party_id, company.country, return_url=back, refresh_url=back, actor=user.as_actor()
    )
    httpx.post(address, timeout=20)
    if not profiles.refresh_recipient(party_id):
        raise DevelopmentError(f"The card network did not enable payouts of {company.name}.")
