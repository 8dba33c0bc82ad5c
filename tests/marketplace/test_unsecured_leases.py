"""A lease behind whose card nothing stands ends, whether its signal came or was lost."""

import pytest

from compliance.base.actor import system
from marketplace.services import funding, sweeps
from settlement.models import CardPayment

ACTOR = system("tests")


@pytest.fixture
def refused(cast, clock):
    """A running lease behind which a card was refused, as settlement records it."""
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(lease))
    lease.refresh_from_db()
    CardPayment.objects.create(
        state="authorized",
        purpose="hold",
        hold=lease.hold,
        party=lease.renter_party,
        currency="USD",
        amount_minor=1_000,
        idempotency_key="k",
        renewal_refused="card_declined",
    )
    return lease


def test_the_lease_is_stopped_for_want_of_money(refused):
    funding.end_unsecured(refused.pk, actor=ACTOR)
    funding.end_unsecured(refused.pk, actor=ACTOR)
    refused.refresh_from_db()
    assert (refused.state, refused.end_reason) == ("stopping", "funding_failed")


def test_the_sweep_finds_it_without_a_signal(refused):
    sweeps.sweep_leases()
    refused.refresh_from_db()
    assert refused.end_reason == "funding_failed"


def test_a_lease_whose_card_stands_goes_on(refused):
    CardPayment.objects.update(renewal_refused="")
    funding.end_unsecured(refused.pk, actor=ACTOR)
    sweeps.sweep_leases()
    refused.refresh_from_db()
    assert refused.state == "running"


@pytest.mark.parametrize(
    ("state", "captured", "reason"),
    [
        ("canceled", 0, "funding_failed"),
        ("failed", 0, "funding_failed"),
        ("succeeded", -1, "funding_failed"),
        ("succeeded", 0, ""),
    ],
)
def test_a_lease_whose_card_was_let_go_or_charged_for_too_little_ends(refused, state, captured, reason):
    CardPayment.objects.update(renewal_refused="", state=state, captured_minor=1_000 + captured)
    sweeps.sweep_leases()
    refused.refresh_from_db()
    assert refused.end_reason == reason
