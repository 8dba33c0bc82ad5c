"""What travels with money on chain: a deposit and a payout have the data about both ends before they begin."""

from fractions import Fraction

from compliance.base.actor import Actor
from compliance.services import travel
from compliance.services.travel import TravelFacts
from settlement.models import EscrowDeposit, Hold, Payout
from settlement.money import DECIMALS


def collect_for_deposit(hold: Hold, contract: str, *, actor: Actor) -> None:
    """Renter and provider of the deposit are on record, and the data of who keeps the wallet are here.

    Raises TravelDataMissing, TravelDataAwaited (the record stays), and what `travel.collect` raises.
    """
    facts = TravelFacts(
        direction="deposit",
        subject_id=hold.pk,
        amount_minor=hold.amount_minor,
        currency=hold.currency,
        amount_usd=_at_par(hold.amount_minor, hold.currency),
        wallet=hold.wallet_address,
        contract=contract,
        originator_id=hold.party_id,
        beneficiary_id=hold.payee_party_id,
    )
    travel.collect(facts, actor=actor)
    travel.require_received(hold.pk)


def collect_for_payout(payout: Payout, *, actor: Actor) -> None:
    """The operator and the provider that it pays are on record. Raises TravelDataMissing, and as `travel.collect`."""
    facts = TravelFacts(
        direction="payout",
        subject_id=payout.pk,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        amount_usd=_at_par(payout.amount_minor, payout.currency),
        wallet=payout.destination,
        contract=_contract_that_pays(payout),
        originator_id=None,
        beneficiary_id=payout.party_id,
    )
    travel.collect(facts, actor=actor)


def _contract_that_pays(payout: Payout) -> str:
    """The contract in which the provider earned; nothing while no deposit names it."""
    deposits = EscrowDeposit.objects.filter(hold__payee_party_id=payout.party_id).order_by("-created_at")
    return deposits.values_list("contract", flat=True).first() or ""


def _at_par(amount_minor: int, currency: str) -> Fraction:
    """Whole dollars; the stablecoin counts at par."""
    return Fraction(amount_minor, 10 ** DECIMALS[currency])
