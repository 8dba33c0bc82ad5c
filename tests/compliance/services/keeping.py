"""What tests about retention share: whose records they are, and the daily sweep."""

from datetime import datetime

import pytest

from compliance.base import clock as platform_clock
from compliance.base.actor import system
from compliance.base.clock import ManualClock
from compliance.models import Party
from compliance.selectors.retention import Kept, kept
from compliance.services import retention_clocks
from compliance.services.erasure import erase_due
from tests.factories.compliance import owner, person, verified_company

SWEEP = system("retention")
YEAR = 366


@pytest.fixture
def provider(clock: ManualClock) -> Party:
    """Whoever the others rent from."""
    return verified_company("Brisbane Compute Pty Ltd", "AU")


@pytest.fixture
def lion(clock: ManualClock) -> Party:
    """A company with one owner."""
    owners = (owner(person("Tan Mei Ling", birth_date="1984-03-02"), 100),)
    return verified_company(
        "Lion City Labs Pte Ltd", "SG", owners, address="1 Quay Street", registration_number="REG-77-LION"
    )


def sweep() -> int:
    """How many were erased by one run."""
    retention_clocks.refresh_clocks()
    return erase_due(actor=SWEEP)


def until(party: Party) -> Kept:
    """How long the party is kept."""
    retention_clocks.refresh_clocks()
    (found,) = kept([party.pk])
    return found


def at(clock: ManualClock, moment: datetime) -> None:
    """It is that moment."""
    clock.advance(seconds=(moment - platform_clock.now()).total_seconds())
