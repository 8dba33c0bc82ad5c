"""Compliance stops a lease: signal and sweep, the wall in the database, renewals and lapses."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from compliance.base.actor import system
from compliance.models import Case
from compliance.services import clearances, restrictions
from marketplace.models import Allocation, Lease
from marketplace.services import lease_course, metering, renewals, suspensions, sweeps
from settlement.selectors.balances import available_minor
from tests.marketplace.steps import again, running

State, EndReason = Lease.State, Lease.EndReason
GATE = system("tests")


def test_a_listed_renter_is_suspended_stopped_and_frozen_by_the_signal_alone(real_cast):
    cast = real_cast
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    assert again(lease).state == State.FUNDED, "funded on commit"
    agent.sync()
    agent.sync(agent.workload(lease))

    restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=GATE)
    suspended = again(lease)
    assert (suspended.state, suspended.end_reason) == (State.SUSPENDED, EndReason.COMPLIANCE_SUSPENDED)
    assert suspended.hold.state == "frozen"
    (desired,) = agent.sync(agent.workload(lease))["desired"]
    assert (desired["action"], desired["reason"], desired["clearance"]) == ("stop", "compliance_suspended", "")
    agent.sync(agent.workload(lease, "stopped", 1))
    assert not Allocation.objects.filter(lease=lease, closed_at=None).exists()
    assert metering.settle_ended_leases() == 0
    assert again(lease).state == State.SUSPENDED


def test_the_sweep_does_what_a_lost_signal_did_not(cast):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    restrictions.impose(cast.brisbane.party_id, "SANCTIONS_MATCH", actor=GATE)
    assert again(lease).state == State.RUNNING, "in a test without commits no signal arrives"
    (desired,) = agent.sync(agent.workload(lease))["desired"]
    assert desired["action"] == "stop", "the agent is not told to run under a revoked clearance"
    assert suspensions.sweep_restrictions() == 1
    assert again(lease).state == State.SUSPENDED
    assert suspensions.sweep_restrictions() == 0


def test_a_lease_that_cannot_be_suspended_stops_no_other(cast, monkeypatch):
    _, offer = cast.supply()
    leases = [cast.lease(offer) for _ in range(2)]
    restrictions.impose(cast.brisbane.party_id, "SANCTIONS_MATCH", actor=GATE)
    bad, good = sorted(leases, key=lambda lease: lease.pk)
    before = again(bad).state
    suspend = lease_course.suspend

    def failing(lease, *args, **more):
        assert lease.pk != bad.pk
        suspend(lease, *args, **more)

    monkeypatch.setattr(lease_course, "suspend", failing)
    assert suspensions.sweep_restrictions() == 1
    assert again(bad).state == before
    assert again(good).end_reason == EndReason.COMPLIANCE_SUSPENDED
    (summary,) = Case.objects.filter(reason_codes=["MONEY_WORK_STUCK"]).values_list("summary", flat=True)
    assert "The suspension of a lease keeps failing (AssertionError)" in summary


def test_a_released_lease_has_ended_and_is_settled(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=1800)
    agent.sync(agent.workload(lease, seconds=1800))
    row = restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=GATE)
    suspensions.sweep_restrictions()
    clock.advance(seconds=600)
    agent.sync(agent.workload(lease, "stopped", 2400))
    assert again(lease).billed_seconds == 1800, "time after the suspension is not billed"

    restrictions.propose_lift(row.pk, "Withdrawn.", actor=cast.olga.as_actor())
    restrictions.lift(row.pk, actor=cast.otto.as_actor())
    assert suspensions.sweep_restrictions() == 1
    assert (again(lease).state, again(lease).hold.state) == (State.ENDED, "released")
    assert metering.settle_ended_leases() == 1
    assert available_minor(cast.lion.party_id) == 100_000 - 124


def test_a_lease_that_waits_for_funds_fails_and_its_hold_is_frozen(cast):
    _, offer = cast.supply()
    lease = cast.lease(offer, rail="escrow", wallet="0x52908400098527886E0F7030069857D2E4169EE7")
    row = restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=GATE)
    suspensions.sweep_restrictions()
    failed = again(lease)
    assert (failed.state, failed.hold.state) == (State.FAILED, "frozen")
    restrictions.propose_lift(row.pk, "Withdrawn.", actor=cast.olga.as_actor())
    restrictions.lift(row.pk, actor=cast.otto.as_actor())
    suspensions.sweep_restrictions()
    assert again(lease).hold.state == "failed"


def test_gpus_of_a_suspended_lease_are_free_when_the_node_never_confirms(cast, clock, settings):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=GATE)
    suspensions.sweep_restrictions()
    clock.advance(seconds=settings.GRIDCLEAR_STOP_TIMEOUT_SECONDS)
    sweeps.sweep_leases()
    assert not Allocation.objects.filter(lease=lease, closed_at=None).exists()


def test_a_clearance_is_renewed_before_it_lapses(cast, clock, settings):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, seconds=7200)
    assert renewals.renew_clearances() == 0
    seconds = settings.GRIDCLEAR_CLEARANCE_SECONDS - settings.GRIDCLEAR_CLEARANCE_RENEW_BEFORE_SECONDS
    clock.advance(seconds=seconds)
    assert renewals.renew_clearances() == 1
    renewed = again(lease)
    assert renewed.clearance_id != lease.clearance_id
    assert renewed.hold.clearance_id == renewed.clearance_id
    assert (renewed.clearance.purpose, renewed.clearance.subject_id) == ("lease", lease.pk)
    (desired,) = agent.sync(agent.workload(lease))["desired"]
    assert desired["clearance"] == renewed.clearance.token
    assert renewals.renew_clearances() == 0


def test_a_refused_renewal_ends_the_lease(cast, clock, settings):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, seconds=7200)
    # The renter's facts change: it is verified no longer, so the gate does not clear it again.
    party = again(lease).renter_party
    party.headquarters_country = "CN"
    party.save(update_fields=["headquarters_country"])
    clock.advance(seconds=settings.GRIDCLEAR_CLEARANCE_SECONDS - 900)
    assert renewals.renew_clearances() == 0
    stopping = again(lease)
    assert (stopping.state, stopping.end_reason) == (State.STOPPING, EndReason.CLEARANCE_LAPSED)


def test_a_lapsed_clearance_ends_the_lease_even_when_the_gate_cannot_answer(cast, clock, settings, monkeypatch):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, seconds=7200)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the gate is down")

    monkeypatch.setattr(renewals.gate, "require", broken)
    clock.advance(seconds=settings.GRIDCLEAR_CLEARANCE_SECONDS - 60)
    renewals.renew_clearances()
    assert again(lease).state == State.RUNNING, "the present clearance is used to its end"
    clock.advance(seconds=60)
    (desired,) = agent.sync(agent.workload(lease))["desired"]
    assert desired["action"] == "stop"
    renewals.renew_clearances()
    assert again(lease).end_reason == EndReason.CLEARANCE_LAPSED


def test_without_a_clearance_nothing_is_funded_or_started(cast):
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    clearances.revoke_for_party(cast.lion.party_id, "test", GATE)
    sweeps.sweep_leases()
    failed = again(lease)
    assert (failed.state, failed.end_reason) == (State.FAILED, EndReason.CLEARANCE_LAPSED)
    assert available_minor(cast.lion.party_id) == 100_000

    second = running_to_funded(cast, offer)
    clearances.revoke_for_party(cast.lion.party_id, "test", GATE)
    assert agent.sync()["desired"] == []
    assert again(second).end_reason == EndReason.CLEARANCE_LAPSED


def running_to_funded(cast, offer) -> Lease:
    """A lease that waits for its node."""
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    return again(lease)


@pytest.mark.parametrize("state", ["funded", "starting", "running"])
def test_raw_sql_cannot_run_a_lease_under_a_revoked_clearance(cast, state):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clearances.revoke_for_party(cast.lion.party_id, "test", GATE)
    with pytest.raises(IntegrityError, match="live clearance"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE marketplace_lease SET state = %s WHERE id = %s", [state, lease.pk])


def test_raw_sql_cannot_borrow_another_leases_clearance_or_change_the_terms(cast):
    _agent, offer = cast.supply()
    first, second = cast.lease(offer), cast.lease(offer)

    def refused(words: str, sql: str, *given: object) -> None:
        with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, given)

    swap = "UPDATE marketplace_lease SET clearance_id = %s WHERE id = %s"
    refused("live clearance", swap, second.clearance_id, first.pk)
    refused("frozen", "UPDATE marketplace_lease SET price_minor_per_gpu_hour = 1 WHERE id = %s", first.pk)
    refused("frozen", "UPDATE marketplace_lease SET max_spend_minor = 10^9 WHERE id = %s", first.pk)
    refused("refused", "DELETE FROM marketplace_lease WHERE id = %s", first.pk)
    refused("open hold", "UPDATE marketplace_lease SET state = 'running', hold_id = NULL WHERE id = %s", first.pk)
    stranger = "UPDATE marketplace_lease SET renter_party_id = %s WHERE id = %s"
    refused("live clearance", stranger, cast.strange.party_id, first.pk)
