"""What can be said of a node from its state folder alone."""

from pathlib import Path
from typing import Any

from gridclear.agent.assembly import enrolled, is_running
from gridclear.agent.workloads import WorkloadStore


def status_of(state: Path) -> dict[str, Any]:
    """The node, its server, whether its agent runs, and the workloads it holds. Raises AgentError."""
    enrolment = enrolled(state)
    workloads = [
        {
            "lease_id": workload.lease_id,
            "state": workload.state,
            "usage_seconds": workload.usage_seconds,
            "error": workload.error,
            "runtime": workload.runtime,
            "gpu_uuids": list(workload.ticket.gpu_uuids),
            "clearance_expires_at": workload.clearance_expires_at,
        }
        for workload in WorkloadStore(state)
        if not workload.settled
    ]
    return {
        "node_id": enrolment.node_id,
        "url": enrolment.url,
        "simulate_gpu": enrolment.simulate_gpu,
        "agent_running": is_running(state),
        "workloads": workloads,
    }
