"""Payouts as others see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from settlement.models import PaymentProfile, Payout


@dataclass(frozen=True, slots=True)
class PayoutView:
    """A payout for its provider; amounts in minor units."""

    id: UUID
    requested_at: datetime
    state: str
    pot: str
    currency: str
    amount_minor: int
    destination: str
    external_id: str
    failure_code: str


@dataclass(frozen=True, slots=True)
class PayoutSetup:
    """Where a provider's money can go."""

    card_account: str
    card_ready: bool
    wallet: str


def payouts_of(party_id: UUID, *, limit: int = 100) -> list[PayoutView]:
    """The provider's payouts, newest first."""
    rows = Payout.objects.filter(party_id=party_id).order_by("-created_at")[:limit]
    return [
        PayoutView(
            id=row.pk,
            requested_at=row.created_at,
            state=row.state,
            pot=row.pot,
            currency=row.currency,
            amount_minor=row.amount_minor,
            destination=row.destination,
            external_id=row.external_id,
            failure_code=row.failure_code,
        )
        for row in rows
    ]


def payout_setup(party_id: UUID) -> PayoutSetup:
    """Where the provider's money can go, as far as it is set up."""
    profile = PaymentProfile.objects.filter(party_id=party_id).first()
    if profile is None:
        return PayoutSetup("", False, "")
    return PayoutSetup(profile.stripe_account_id, profile.payouts_enabled, profile.payout_wallet)
