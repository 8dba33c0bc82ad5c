"""Where the providers are paid: a connected account at the card network, and a wallet of their own on chain."""

from pathlib import Path
from uuid import UUID

import httpx
from django.conf import settings
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from marketplace.development.errors import DevelopmentError
from marketplace.development.seeding.people import organization_of
from marketplace.development.wallets import wallet_key
from marketplace.development.world import PROVIDERS, Company
from marketplace.models import User
from settlement.services import profiles, wallet_proofs


def seed_payouts() -> None:
    """Every provider can be paid by card network and on chain."""
    for company in PROVIDERS:
        user = User.objects.get(email=company.email)
        organization = organization_of(user)
        profile = profiles.profile_of(organization.party_id)
        if not profile.payout_wallet:
            key = wallet_key(Path(settings.STATE_DIR), company.key)
            _prove(organization.party_id, key, user)
            profiles.set_payout_wallet(organization.party_id, key.address, actor=user.as_actor())
        if settings.STRIPE_API_BASE and not profiles.refresh_recipient(organization.party_id):
            _onboard(company, user)


def _prove(party_id: UUID, key: LocalAccount, user: User) -> None:
    """The wallet signed the message that the platform asked for."""
    asked = wallet_proofs.begin_proof(party_id, key.address, actor=user.as_actor())
    signature = key.sign_message(encode_defunct(text=asked.message)).signature.to_0x_hex()
    wallet_proofs.prove_wallet(party_id, asked.message, signature, actor=user.as_actor())


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
