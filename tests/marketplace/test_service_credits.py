"""What a node's death is worth to the renter, to the cent: in the books, on the page, on the receipt."""

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace.lease_pricing import sla_credit_minor
from marketplace.models import Lease
from marketplace.services import metering, sweeps
from settlement.models import Transfer
from settlement.selectors.balances import available_minor, payable_minor
from settlement.selectors.receipts import receipt_for
from settlement.services.books import verify_books
from tests.marketplace.steps import again, running

State, EndReason = Lease.State, Lease.EndReason
FUNDS = 100_000


def died(cast, clock, *, seconds: int, agent=None, offer=None, **changes) -> Lease:
    """A lease of two GPUs at 249 cents an hour each that proved `seconds`, and then its node was lost."""
    if agent is None:
        agent, offer = cast.supply()
    lease = running(cast, agent, offer, gpu_count=2, seconds=3 * 3600, **changes)
    if seconds:
        clock.advance(seconds=seconds)
        agent.sync(agent.workload(lease, seconds=seconds))
    clock.advance(seconds=31)
    sweeps.mark_stale_nodes()
    return again(lease)


def test_a_dead_node_credits_a_tenth_of_the_hour_in_which_it_died(cast, clock):
    """The worked example of docs/money.md."""
    lease = died(cast, clock, seconds=5_000)
    assert (lease.end_reason, lease.billed_seconds, lease.sla_credit_bps) == (EndReason.PROVIDER_LOST, 5_000, 1_000)
    metering.meter_leases()
    assert again(lease).hold.captured_minor == 691
    # From second 1,400 to 5,000: 691 - 193 = 498 cents, of which a tenth is 49.8.
    assert sla_credit_minor(lease) == 49
    assert metering.settle_ended_leases() == 1
    assert available_minor(cast.lion.party_id) == FUNDS - 642
    assert payable_minor(cast.brisbane.party_id) == 642 - 32
    credit = Transfer.objects.get(kind="sla.credit")
    assert (credit.subject_id, credit.memo) == (lease.pk, "provider_lost")
    assert dict(credit.entries.values_list("account__kind", "amount_minor")) == {"accrued": -49, "held": 49}
    receipt = receipt_for(lease.pk, cast.brisbane.party_id)
    assert (receipt.used_minor, receipt.credit_minor, receipt.credit_reason) == (691, 49, "provider_lost")
    assert (receipt.total_minor, receipt.fee_minor, receipt.payee_minor, receipt.returned_minor) == (642, 32, 610, 852)
    assert verify_books().verified


def test_a_shorter_lease_is_the_affected_hour_as_a_whole(cast, clock):
    lease = died(cast, clock, seconds=600)
    assert sla_credit_minor(lease) == 83 // 10
    metering.settle_ended_leases()
    assert available_minor(cast.lion.party_id) == FUNDS - (83 - 8)


def test_the_unproven_tail_is_never_billed(cast, clock):
    lease = died(cast, clock, seconds=0)
    assert (lease.billed_seconds, sla_credit_minor(lease)) == (0, 0)
    metering.settle_ended_leases()
    assert available_minor(cast.lion.party_id) == FUNDS


@pytest.mark.parametrize(
    ("state", "said", "credited"),
    [
        ("failed", {"error": "workload_lost"}, True),
        ("failed", {"error": "start_failed"}, True),
        ("stopped", {"error": "no_contact"}, True),
        ("exited", {"exit_code": 1}, False),
        ("stopped", {"error": "clearance_lapsed"}, False),
        ("stopped", {"error": "expired"}, False),
    ],
)
def test_only_an_end_that_is_the_providers_doing_is_credited(cast, clock, state, said, credited):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, gpu_count=2)
    clock.advance(seconds=1_800)
    agent.sync(agent.workload(lease, state, 1_800, **said))
    assert sla_credit_minor(again(lease)) == (24 if credited else 0)
    metering.settle_ended_leases()
    assert available_minor(cast.lion.party_id) == FUNDS - 249 + (24 if credited else 0)
    assert Transfer.objects.filter(kind="sla.credit").exists() == credited


def test_the_share_is_frozen_in_the_lease_when_it_is_made(cast, clock, settings):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, gpu_count=2)
    settings.GRIDCLEAR_SLA_CREDIT_BPS = 0
    clock.advance(seconds=1_800)
    agent.sync(agent.workload(lease, seconds=1_800))
    clock.advance(seconds=31)
    sweeps.mark_stale_nodes()
    assert sla_credit_minor(again(lease)) == 24
    for sql in ("sla_credit_bps = 0", "sla_credit_bps = 10001"):
        with pytest.raises(IntegrityError), transaction.atomic():
            connection.cursor().execute(f"UPDATE marketplace_lease SET {sql}")


def test_page_receipt_and_api_say_what_came_back(cast, clock, client):
    lease = died(cast, clock, seconds=5_000)
    client.force_login(cast.alice)
    page = client.get(f"/leases/{lease.pk}").content.decode()
    assert "10 % of the last proven hour comes back" in page
    assert "<strong>$0.49</strong> comes back to you: 10 % of the last hour that it proved" in page
    metering.settle_ended_leases()
    receipt = client.get(f"/leases/{lease.pk}/receipt").content.decode()
    assert "−$0.49 (the node was lost)" in receipt
    assert "$6.91" in receipt
    assert "$6.42" in receipt
    shape = client.get(f"/api/v1/leases/{lease.pk}").json()
    assert (shape["cost_so_far_minor"], shape["sla_credit_minor"], shape["sla_credit_bps"]) == (691, 49, 1_000)
    told = client.get(f"/api/v1/leases/{lease.pk}/receipt").json()
    assert (told["used_minor"], told["credit_minor"], told["total_minor"]) == (691, 49, 642)
    assert "sla_credit_minor" in client.get("/leases/export.csv").content.decode()


def test_a_settlement_with_credit_told_twice_happens_once(cast, clock):
    lease = died(cast, clock, seconds=5_000)
    for _ in range(3):
        metering.settle_ended_leases()
    assert again(lease).state == State.SETTLED
    assert Transfer.objects.filter(kind="sla.credit").count() == 1
    assert available_minor(cast.lion.party_id) == FUNDS - 642
