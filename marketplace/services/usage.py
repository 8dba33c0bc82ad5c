"""Usage: agents report cumulative seconds; the server takes no more than it saw itself."""

import logging
from dataclasses import dataclass

from compliance.base import clock
from marketplace.models import Lease, UsageRecord
from marketplace.services.agent_auth import Proof, usage_is_signed
from marketplace.services.lease_terms import usable_seconds
from settlement.services.usage import MAX_SEQUENCE

logger = logging.getLogger(__name__)
HIGHEST = MAX_SEQUENCE


@dataclass(frozen=True, slots=True)
class WorkloadReport:
    """What an agent says of one workload; `usage_seconds` is cumulative since the workload became usable."""

    lease_id: str
    state: str
    usage_seconds: int
    usage_sequence: int
    usage_signature: str = ""
    exit_code: int | None = None
    error: str = ""
    runtime: str = ""


def accept_usage(lease: Lease, report: WorkloadReport, proof: Proof) -> int:
    """The lease's billed seconds are what the report proves; returns them. The caller holds the row's lock.

    Never less than before, never more than the seconds since the server first saw the workload running, never past
    the moment at which the stop was ordered, never more than the lease may run. A report with a sequence that was
    seen is ignored, and so is a total that the node's key has not signed by itself.
    """
    if report.usage_sequence <= lease.usage_sequence or report.usage_sequence > HIGHEST or lease.started_at is None:
        return lease.billed_seconds
    total = (report.usage_sequence, report.usage_seconds, report.usage_signature)
    if not usage_is_signed(lease.node, lease.pk, *total):
        logger.warning("lease %s: usage total %s is not signed by its node", lease.pk, report.usage_sequence)
        return lease.billed_seconds
    accepted = max(lease.billed_seconds, min(report.usage_seconds, seen_seconds(lease), usable_seconds(lease)))
    if accepted > lease.billed_seconds:
        UsageRecord.objects.create(
            lease=lease,
            sequence=report.usage_sequence,
            reported_seconds=report.usage_seconds,
            accepted_seconds=accepted,
            at=clock.now(),
            proof=proof.token,
            body_hash=proof.body_hash,
            signature=report.usage_signature,
        )
    lease.billed_seconds, lease.usage_sequence = accepted, report.usage_sequence
    Lease.objects.filter(pk=lease.pk).update(billed_seconds=accepted, usage_sequence=report.usage_sequence)
    return accepted


def seen_seconds(lease: Lease) -> int:
    """Whole seconds from the first report that the workload runs to now, or to the order to stop it."""
    if lease.started_at is None:
        return 0
    ordered = lease.state in (Lease.State.STOPPING, Lease.State.SUSPENDED)
    until = lease.state_changed_at if ordered else clock.now()
    return max(0, int((until - lease.started_at).total_seconds()))
