"""Travel records and the providers that keep wallets."""

from fractions import Fraction
from typing import Any
from uuid import uuid4

from compliance.base.actor import Actor, system
from compliance.services import travel, travel_counterparties
from marketplace.models import Organization

WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"


def travel_record(of: Organization) -> Any:
    """What is on record of a payout of ten dollars to the organization's wallet."""
    facts = travel.TravelFacts(
        direction="payout",
        subject_id=uuid4(),
        amount_minor=10_000_000,
        currency="USDC",
        amount_usd=Fraction(10),
        wallet=WALLET,
        contract="",
        originator_id=None,
        beneficiary_id=of.party_id,
    )
    return travel.collect(facts, actor=system("tests"))


def travel_keeper(by: Actor) -> Any:
    """A provider that keeps wallets, registered and not confirmed."""
    return travel_counterparties.register("Harbour Exchange", "DE", "", "https://trp.harbour.example/x", actor=by)
