"""Payouts as others see them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from django.conf import settings
from django.db.models import Min, Sum

from compliance.base import clock
from settlement.models import Account, ChainTransaction, Entry, PaymentProfile, Payout


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


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What a provider earned and is not paid yet, because cards that paid it may still be charged back.

    In minor units; the first of it is free at `until`.
    """

    amount_minor: int = 0
    until: datetime | None = None


def risk_window(pot: str) -> timedelta:
    """For how long money of the pot is held back: nobody takes back what came by chain."""
    seconds = settings.GRIDCLEAR_CARD_RISK_SECONDS if pot == Account.Pot.CARD else 0
    return timedelta(seconds=seconds)


def held_back(party_id: UUID, pot: str) -> HeldBack:
    """What leases that were settled within the risk window brought the provider, as far as it is there still.

    Payouts and claims take the oldest money first.
    """
    window = risk_window(pot)
    if not window:
        return HeldBack()
    account = {"account__kind": Account.Kind.PAYABLE, "account__pot": pot, "account__party_id": party_id}
    young = Entry.objects.filter(
        at__gt=clock.now() - window, amount_minor__gt=0, transfer__kind="hold.settled", **account
    ).aggregate(total=Sum("amount_minor"), first=Min("at"))
    if not young["total"]:
        return HeldBack()
    return HeldBack(young["total"], young["first"] + window)


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


def last_failures(party_id: UUID, pot: str, *, most: int = 10) -> list[tuple[str, datetime]]:
    """Why and when the provider's newest payouts of the pot came to nothing, newest first, up to the last that did not.

    At most so many.
    """
    rows = Payout.objects.filter(party_id=party_id, pot=pot).order_by("-created_at")[:most]
    failed = takewhile(lambda row: row.state == Payout.State.FAILED, rows)
    return [(row.failure_code, row.state_changed_at) for row in failed]


def payout_setup(party_id: UUID) -> PayoutSetup:
    """Where the provider's money can go, as far as it is set up."""
    profile = PaymentProfile.objects.filter(party_id=party_id).first()
    if profile is None:
        return PayoutSetup("", False, "")
    return PayoutSetup(profile.stripe_account_id, profile.payouts_enabled, profile.payout_wallet)


def withdrawal_key(payout_id: UUID) -> str:
    """What makes the payout's withdrawal on chain happen once."""
    return f"payout:{payout_id}"


def told_on_chain(payout_id: UUID) -> bool:
    """Whether a withdrawal for the payout was signed and stored: it may be in a block by now."""
    return ChainTransaction.objects.filter(idempotency_key=withdrawal_key(payout_id)).exists()
