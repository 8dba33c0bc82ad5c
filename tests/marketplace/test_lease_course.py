"""A lease from the request to the settlement, and every way in which it can end."""

import pytest

from compliance.base.audit import AuditEvent
from marketplace.models import Allocation, Lease, UsageRecord
from marketplace.services import leases, metering, sweeps
from settlement.selectors.balances import available_minor, payable_minor
from tests.marketplace.steps import again, running

State, EndReason = Lease.State, Lease.EndReason


def test_an_honest_lease_runs_is_metered_and_settled_to_the_cent(cast, clock):
    agent, offer = cast.supply()
    lease = cast.lease(offer, gpu_count=2)
    assert lease.state == State.PENDING_FUNDS
    assert lease.clearance.purpose == "lease"
    assert available_minor(cast.lion.party_id) == 100_000 - 498

    sweeps.sweep_leases()
    assert again(lease).state == State.FUNDED
    answer = agent.sync()
    (desired,) = answer["desired"]
    assert (desired["action"], desired["lease_id"]) == ("run", str(lease.pk))
    assert len(desired["ticket"]["gpu_uuids"]) == 2
    assert desired["ticket"]["max_seconds"] == 3600
    assert desired["clearance"] == lease.clearance.token
    assert again(lease).state == State.STARTING

    agent.sync(agent.workload(lease))
    assert again(lease).state == State.RUNNING
    clock.advance(seconds=1800)
    agent.sync(agent.workload(lease, seconds=1800))
    assert metering.meter_leases() == 1
    assert again(lease).hold.captured_minor == 249

    leases.stop_lease(lease.pk, cast.alice, actor=cast.alice.as_actor())
    (desired,) = agent.sync(agent.workload(lease, seconds=1800))["desired"]
    assert (desired["action"], desired["reason"]) == ("stop", "renter_stopped")
    agent.sync(agent.workload(lease, "stopped", 1800))
    ended = again(lease)
    assert (ended.state, ended.end_reason, ended.billed_seconds) == (State.ENDED, EndReason.RENTER_STOPPED, 1800)
    assert not Allocation.objects.filter(lease=lease, closed_at=None).exists()

    assert metering.settle_ended_leases() == 1
    assert again(lease).state == State.SETTLED
    assert available_minor(cast.lion.party_id) == 100_000 - 249
    assert payable_minor(cast.brisbane.party_id) == 249 - 12
    events = AuditEvent.objects.filter(subject_id=str(lease.pk)).order_by("id").values_list("event", flat=True)
    assert list(events) == [
        "lease.requested",
        "lease.funded",
        "lease.starting",
        "lease.running",
        "lease.stopping",
        "lease.ended",
        "lease.settled",
    ]


def test_a_lease_ends_at_its_time(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, seconds=600)
    clock.advance(seconds=599)
    assert sweeps.sweep_leases() == 0
    clock.advance(seconds=1)
    assert sweeps.sweep_leases() == 1
    assert again(lease).state == State.STOPPING
    clock.advance(seconds=5)
    agent.sync(agent.workload(lease, "stopped", 605, error="expired"))
    ended = again(lease)
    assert (ended.state, ended.end_reason, ended.billed_seconds) == (State.ENDED, EndReason.EXPIRED, 600)


def test_a_lease_ends_at_its_spend_limit_to_the_second(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, max_spend_minor=10)
    # At 249 cents an hour the 11th cent is reached at 159.04 seconds.
    assert (lease.state_deadline_at - lease.started_at).total_seconds() == 159
    clock.advance(seconds=159)
    sweeps.sweep_leases()
    agent.sync(agent.workload(lease, "stopped", 170))
    ended = again(lease)
    assert (ended.end_reason, ended.billed_seconds) == (EndReason.SPEND_LIMIT, 159)
    metering.settle_ended_leases()
    assert available_minor(cast.lion.party_id) == 100_000 - 10


def test_the_agents_own_guard_at_the_spend_limit_is_understood(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, max_spend_minor=10)
    clock.advance(seconds=158)
    agent.sync(agent.workload(lease, "stopped", 158, error="expired"))
    assert again(lease).end_reason == EndReason.SPEND_LIMIT


@pytest.mark.parametrize(
    ("state", "said", "reason"),
    [
        ("exited", {"exit_code": 0}, EndReason.WORKLOAD_EXITED),
        ("failed", {"error": "image_not_found"}, EndReason.NODE_FAILED),
        ("failed", {"error": "start_failed"}, EndReason.NODE_FAILED),
        ("failed", {"error": "workload_lost"}, EndReason.PROVIDER_LOST),
        ("stopped", {"error": "clearance_lapsed"}, EndReason.CLEARANCE_LAPSED),
        ("stopped", {"error": "no_contact"}, EndReason.PROVIDER_LOST),
    ],
)
def test_the_workloads_own_end(cast, clock, state, said, reason):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=60)
    agent.sync(agent.workload(lease, state, 60, **said))
    ended = again(lease)
    assert (ended.state, ended.end_reason, ended.billed_seconds) == (State.ENDED, reason, 60)
    assert ended.workload_error == (said.get("error") or "")


def test_an_unknown_image_costs_nothing(cast):
    agent, offer = cast.supply()
    lease = cast.lease(offer, image="nobody/knows-this:1")
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(lease, "failed", error="image_not_found"))
    ended = again(lease)
    assert (ended.state, ended.end_reason) == (State.ENDED, EndReason.WORKLOAD_FAILED)
    metering.settle_ended_leases()
    assert again(lease).state == State.SETTLED
    assert available_minor(cast.lion.party_id) == 100_000


def test_a_lost_node_is_billed_for_what_it_proved(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=100)
    agent.sync(agent.workload(lease, seconds=100))
    clock.advance(seconds=30)
    assert sweeps.mark_stale_nodes() == 0
    clock.advance(seconds=1)
    assert sweeps.mark_stale_nodes() == 1
    ended = again(lease)
    assert (ended.state, ended.end_reason, ended.billed_seconds) == (State.ENDED, EndReason.PROVIDER_LOST, 100)
    assert agent.node.state == "offline"
    # Back again, it is told of nothing to run: what it still runs, it must stop.
    assert agent.sync(agent.workload(lease, seconds=131))["desired"] == []
    assert (agent.node.state, again(lease).billed_seconds) == ("online", 100)


def test_a_node_that_never_starts_the_workload(cast, clock):
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    for _ in range(10):
        clock.advance(seconds=30)
        agent.sync(agent.workload(lease, "pulling"))
    sweeps.sweep_leases()
    stopping = again(lease)
    assert (stopping.state, stopping.end_reason) == (State.STOPPING, EndReason.START_TIMEOUT)
    clock.advance(seconds=30)
    sweeps.sweep_leases()
    assert again(lease).state == State.ENDED


def test_a_lease_that_no_node_picked_up_ends_at_once_when_stopped(cast):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    leases.stop_lease(lease.pk, cast.bob, actor=cast.bob.as_actor())
    assert again(lease).state == State.ENDED
    with pytest.raises(leases.LeaseOver):
        leases.stop_lease(lease.pk, cast.bob, actor=cast.bob.as_actor())


def test_a_deposit_that_does_not_come(cast, clock, settings):
    _, offer = cast.supply()
    lease = cast.lease(offer, rail="escrow", wallet="0x52908400098527886E0F7030069857D2E4169EE7")
    assert (lease.currency, lease.max_spend_minor) == ("USDC", 2_490_000)
    clock.advance(seconds=settings.GRIDCLEAR_FUNDING_TIMEOUT_SECONDS)
    assert sweeps.sweep_leases() == 1
    failed = again(lease)
    assert (failed.state, failed.end_reason, failed.hold.state) == (State.FAILED, EndReason.FUNDING_TIMEOUT, "failed")
    assert leases.free_gpus_of(offer.node_id, "h100-sxm") == 2


def test_usage_is_what_the_server_saw(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=10)
    first = agent.workload(lease, seconds=4)
    agent.sync(first)
    assert again(lease).billed_seconds == 4
    agent.sync(agent.workload(lease, seconds=9_999))
    assert again(lease).billed_seconds == 10
    agent.sync(agent.workload(lease, seconds=2))
    assert again(lease).billed_seconds == 10
    clock.advance(seconds=10)
    agent.sync(first | {"usage_seconds": 20})
    assert again(lease).billed_seconds == 10, "a sequence that was seen counts for nothing"
    records = UsageRecord.objects.filter(lease=lease).order_by("sequence")
    assert [(r.reported_seconds, r.accepted_seconds) for r in records] == [(4, 4), (9_999, 10)]
    assert all(r.proof.count(".") == 2 and r.body_hash for r in records)


def test_time_after_the_stop_is_not_billed(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=50)
    leases.stop_lease(lease.pk, cast.alice, actor=cast.alice.as_actor())
    clock.advance(seconds=20)
    agent.sync(agent.workload(lease, "stopped", 70))
    assert again(lease).billed_seconds == 50


def test_a_workload_that_the_agent_no_longer_has_is_lost(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    agent.sync()
    assert again(lease).end_reason == EndReason.PROVIDER_LOST
