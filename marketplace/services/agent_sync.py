"""The sync of an agent: its heartbeat, what it says of its workloads, and what it shall do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.transition import transition
from compliance.services import vantages
from marketplace.models import Gpu, Lease, Node
from marketplace.services import lease_course
from marketplace.services.agent_auth import Proof
from marketplace.services.lease_terms import end_of_time, usable_seconds
from marketplace.services.nodes import agent_actor, runtime_allowed
from marketplace.services.usage import WorkloadReport, accept_usage

State, EndReason = Lease.State, Lease.EndReason
RUNS = (State.FUNDED, State.STARTING, State.RUNNING)
STOPS = (State.STOPPING, State.SUSPENDED)
OVER = ("exited", "failed", "stopped")
# The one way in which a workload that never ran fails by the renter's own doing.
RENTERS_OWN_ERRORS = frozenset({"image_not_found"})


@dataclass(frozen=True, slots=True)
class GpuMetric:
    """One device's load: percent, MiB, degrees Celsius."""

    uuid: str
    utilization: int | None = None
    memory_used_mib: int | None = None
    temperature: int | None = None


@dataclass(frozen=True, slots=True)
class SyncBody:
    """What an agent says in one sync."""

    workloads: tuple[WorkloadReport, ...] = ()
    gpu_metrics: tuple[GpuMetric, ...] = field(default_factory=tuple)


def sync(node: Node, body: SyncBody, proof: Proof) -> dict[str, Any]:
    """The node is alive, its reports are taken in, and the answer is all that it shall run or stop.

    Level-triggered: the answer names the whole desired state each time, so a lost answer costs one poll. What the
    agent runs and the answer does not name as to run, it must stop.
    """
    actor = agent_actor(node)
    reports = {report.lease_id: report for report in body.workloads}
    # In a transaction of its own and short: GPU rows that are locked are passed over by who wants to lease them.
    _write_metrics(node, body.gpu_metrics)
    with transaction.atomic():
        _beat(node, actor)
        leases = lease_course.locked_leases_of(node.pk, (*RUNS, *STOPS))
        for lease in leases:
            _take_in(lease, reports.get(str(lease.pk)), proof, actor)
        for lease in leases:
            if lease.state == State.FUNDED:
                lease_course.start(lease, actor=actor)
        desired = _desired(node, leases, reports)
    return {"desired": desired, "measure": _errands(node), "server_time": clock.now().isoformat()}


def _errands(node: Node) -> list[dict[str, str]]:
    """Where the node shall be measured, with a ticket for each vantage point; mostly nowhere."""
    return [
        {"vantage": each.vantage, "url": each.url, "ticket": each.token}
        for each in vantages.tickets_for(node.pk, node.public_key)
    ]


def _beat(node: Node, actor: Actor) -> None:
    # Not the key: whoever inserts a lease on this node need not wait for its heartbeat.
    locked = Node.objects.select_for_update(no_key=True).get(pk=node.pk)
    now = clock.now()
    if locked.state in (Node.State.ENROLLED, Node.State.OFFLINE):
        transition(locked, Node.State.ONLINE, actor=actor, event="node.came_online", last_heartbeat_at=now)
    else:
        Node.objects.filter(pk=node.pk).update(last_heartbeat_at=now)


def _write_metrics(node: Node, metrics: Sequence[GpuMetric]) -> None:
    by_uuid = {metric.uuid: metric for metric in metrics}
    if not by_uuid:
        return
    changed = []
    for gpu in node.gpus.filter(uuid__in=by_uuid):
        metric = by_uuid[gpu.uuid]
        if (gpu.utilization, gpu.temperature) != (metric.utilization, metric.temperature):
            gpu.utilization, gpu.temperature = metric.utilization, metric.temperature
            changed.append(gpu)
    Gpu.objects.bulk_update(changed, ["utilization", "temperature"])


def _take_in(lease: Lease, report: WorkloadReport | None, proof: Proof, actor: Actor) -> None:
    """The lease stands where the report (or its absence) puts it."""
    if report is None:
        _missing(lease, actor)
        return
    _note(lease, report)
    if report.state not in OVER and not runtime_allowed(report.runtime):
        if lease.state in RUNS:
            lease_course.stop(lease, EndReason.NODE_FAILED, actor=actor)
        return
    # A FUNDED lease has no ticket out yet, so whatever says that it runs is not this lease's workload.
    if report.state == "running" and lease.state == State.STARTING:
        lease_course.run(lease, actor=actor)
    accept_usage(lease, report, proof)
    if report.state in OVER:
        _over(lease, report, actor)


def _missing(lease: Lease, actor: Actor) -> None:
    """The agent has no such workload. One that shall stop has stopped; one that ran is lost, and with it the lease."""
    if lease.state == State.STOPPING:
        lease_course.end(lease, lease.end_reason, actor=actor)
    elif lease.state == State.SUSPENDED:
        lease_course.release_gpus(lease)
    elif lease.state == State.RUNNING:
        lease_course.end(lease, EndReason.PROVIDER_LOST, actor=actor)


def _note(lease: Lease, report: WorkloadReport) -> None:
    changes: dict[str, Any] = {
        "workload_state": report.state[:12],
        "workload_error": report.error[:200],
        "exit_code": report.exit_code,
        "runtime": report.runtime[:12],
    }
    changes = {name: value for name, value in changes.items() if getattr(lease, name) != value}
    if changes:
        Lease.objects.filter(pk=lease.pk).update(**changes)
        for name, value in changes.items():
            setattr(lease, name, value)


def _over(lease: Lease, report: WorkloadReport, actor: Actor) -> None:
    if lease.state == State.SUSPENDED:
        lease_course.release_gpus(lease)
    elif lease.state == State.STOPPING:
        lease_course.end(lease, lease.end_reason, actor=actor)
    elif lease.state in RUNS:
        lease_course.end(lease, _reason_of(lease, report), actor=actor)


def _reason_of(lease: Lease, report: WorkloadReport) -> str:
    """Why a workload ended that nobody here had told to stop; the agent's own guards have names."""
    if report.state == "exited":
        return EndReason.WORKLOAD_EXITED
    if report.state == "failed":
        if report.error == "workload_lost":
            return EndReason.PROVIDER_LOST
        # What ran had its image, and a node that refuses or breaks is no fault of the renter's.
        never_ran = lease.started_at is None
        renters = never_ran and report.error in RENTERS_OWN_ERRORS
        return EndReason.WORKLOAD_FAILED if renters else EndReason.NODE_FAILED
    if report.error == "expired":
        return end_of_time(lease)
    return EndReason.CLEARANCE_LAPSED if report.error == "clearance_lapsed" else EndReason.PROVIDER_LOST


def _desired(node: Node, leases: Sequence[Lease], reports: dict[str, WorkloadReport]) -> list[dict[str, Any]]:
    live = [lease for lease in leases if lease.state in (State.STARTING, State.RUNNING)]
    gpus = _gpus_of(live)
    total = node.gpus.filter(present=True).count() if live else 0
    desired = []
    for lease in leases:
        if lease in live and _clearance_is_live(lease):
            desired.append(_run(lease, node, gpus.get(lease.pk, []), total))
        elif lease in live or (lease.state in STOPS and str(lease.pk) in reports):
            desired.append(_stop(lease))
    return desired


def _clearance_is_live(lease: Lease) -> bool:
    """Whether the agent may be told to run it; the sweeps end a lease of which this is not so."""
    return lease.clearance.revoked_at is None and lease.clearance.expires_at > clock.now()


def _gpus_of(leases: Sequence[Lease]) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    held = Gpu.objects.filter(allocations__lease__in=leases, allocations__closed_at=None)
    for lease_id, uuid in held.order_by("index").values_list("allocations__lease_id", "uuid"):
        found.setdefault(lease_id, []).append(uuid)
    return found


def _run(lease: Lease, node: Node, gpu_uuids: list[str], total: int) -> dict[str, Any]:
    """The job ticket. Of CPUs and memory a lease gets the share that its GPUs are of the machine's."""
    share = len(gpu_uuids) / max(total, 1)
    ticket = {
        "image": lease.image,
        "command": lease.command,
        "environment": lease.environment,
        "ports": lease.ports,
        "ssh_public_key": lease.ssh_public_key or None,
        "gpu_uuids": gpu_uuids,
        "cpu_count": max(1, int(node.cpu_count * share)),
        "ram_mib": max(512, int(node.ram_mib * share)),
        "expires_at": lease.expires_at.isoformat() if lease.expires_at else None,
        "max_seconds": usable_seconds(lease),
    }
    return {
        "lease_id": str(lease.pk),
        "action": "run",
        "reason": None,
        "clearance": lease.clearance.token,
        "ticket": ticket,
    }


def _stop(lease: Lease) -> dict[str, Any]:
    return {
        "lease_id": str(lease.pk),
        "action": "stop",
        "reason": lease.end_reason or EndReason.CLEARANCE_LAPSED.value,
        "clearance": "",
        "ticket": None,
    }
