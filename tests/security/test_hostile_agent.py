"""A provider's agent that lies."""

import pytest

from marketplace.models import Lease
from marketplace.services import metering, sweeps
from settlement.selectors.balances import available_minor
from tests.factories import marketplace as make
from tests.marketplace.steps import again, running

State, EndReason = Lease.State, Lease.EndReason


def starting(cast, agent, offer) -> Lease:
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    return again(lease)


def test_what_never_got_a_ticket_does_not_run(cast, clock):
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync(agent.workload(lease, "running", 3600))
    assert (again(lease).state, again(lease).started_at) == (State.STARTING, None)


@pytest.mark.parametrize(
    "error", ["start_failed", "runner_error", "gpu_unknown", "ticket_unreadable", "clearance_signature", "", "anything"]
)
def test_a_node_that_cannot_run_it_is_no_fault_of_the_renters(cast, error):
    agent, offer = cast.supply()
    lease = starting(cast, agent, offer)
    agent.sync(agent.workload(lease, "failed", 999, error=error))
    assert (again(lease).end_reason, again(lease).billed_seconds) == (EndReason.NODE_FAILED, 0)
    metering.settle_ended_leases()
    assert available_minor(cast.lion.party_id) == 100_000


def test_a_workload_that_ran_did_not_lack_its_image(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=10)
    agent.sync(agent.workload(lease, "failed", 10, error="image_not_found"))
    assert again(lease).end_reason == EndReason.NODE_FAILED


def test_a_bare_process_is_no_runtime_outside_development(cast, clock, settings):
    agent, offer = cast.supply()
    settings.GRIDCLEAR_ALLOW_PROCESS_RUNTIME = False
    lease = starting(cast, agent, offer)
    answer = agent.sync(agent.workload(lease, "running", 5))
    assert (again(lease).state, again(lease).started_at) == (State.STOPPING, None)
    assert [each["action"] for each in answer["desired"]] == ["stop"]
    clock.advance(seconds=60)
    agent.sync(agent.workload(lease, "stopped", 60))
    assert (again(lease).end_reason, again(lease).billed_seconds) == (EndReason.NODE_FAILED, 0)


def test_a_lease_in_docker_runs_outside_development(cast, settings):
    agent, offer = cast.supply()
    settings.GRIDCLEAR_ALLOW_PROCESS_RUNTIME = False
    lease = starting(cast, agent, offer)
    agent.sync(agent.workload(lease, "running", runtime="docker"))
    assert again(lease).state == State.RUNNING


def test_a_machine_without_docker_is_no_supply_outside_development(cast, settings):
    agent, _ = cast.supply()
    settings.GRIDCLEAR_ALLOW_PROCESS_RUNTIME = False
    host = {"cpu_count": 1, "ram_mib": 1, "disk_gib": 1, "network_mbps": 1, "os": "Linux", "hostname": "x"}
    answer = agent.post("inventory", {"gpus": agent.gpus, "docker": False, **host})
    assert (answer.status_code, answer.json()["code"]) == (422, "runtime_refused")
    assert agent.node.docker is True


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30", 10**30, None])
def test_a_log_line_of_no_time_is_one_clear_error(cast, at):
    agent, offer = cast.supply()
    lease = starting(cast, agent, offer)
    chunk = {"sequence": 1, "stream": "stdout", "at": at, "line": "x"}
    assert agent.post("logs", {"lease_id": str(lease.pk), "chunks": [chunk]}).status_code == 422


@pytest.mark.parametrize("seconds", [-1, 2**63, "NaN", True, None])
def test_usage_that_is_no_number_is_one_clear_error(cast, seconds):
    agent, offer = cast.supply()
    lease = starting(cast, agent, offer)
    answer = agent.post("sync", {"workloads": [agent.workload(lease, "running", seconds)], "gpu_metrics": []})
    assert answer.status_code == 422, answer.content


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
def test_a_number_that_json_does_not_have_is_one_clear_error(cast, seconds):
    agent, offer = cast.supply()
    lease = starting(cast, agent, offer)
    answer = agent.post("sync", {"workloads": [agent.workload(lease, "running", seconds)], "gpu_metrics": []})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


def test_nobody_reports_another_nodes_lease(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    other = make.online_agent(cast.brisbane, cast.pia, name="bne-02")
    clock.advance(seconds=60)
    other.sync(other.workload(lease, "exited", 60))
    assert (again(lease).state, again(lease).billed_seconds) == (State.RUNNING, 0)
    chunk = {"sequence": 1, "stream": "stdout", "at": clock.now().isoformat(), "line": "x"}
    assert other.post("logs", {"lease_id": str(lease.pk), "chunks": [chunk]}).status_code == 404


def test_a_huge_body_is_one_clear_error(cast):
    agent, _ = cast.supply()
    answer = agent.post("sync", {"workloads": [], "padding": "x" * (6 * 1024 * 1024)})
    assert answer.status_code in (400, 413), answer.status_code
