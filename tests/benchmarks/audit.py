"""The audit log at length: written in bulk, then sealed, signed, proven from and verified as operators do."""

import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import connection, reset_queries

from compliance.base import audit
from compliance.base.audit import AuditEvent
from compliance.base.canonical import digest
from compliance.selectors.audit_tree import inclusion_proofs
from compliance.services.audit_verification import verify_log
from compliance.services.checkpoints import make_checkpoint
from tests.benchmarks.measure import Timing, time_each

BEGAN = datetime(2026, 11, 24, tzinfo=UTC)
BATCH = 20_000
PROOFS = 200


@dataclass(frozen=True)
class AuditTimes:
    """Seconds for the whole log; memory in MiB, at its peak before and after the walk."""

    events: int
    seal: float
    first_checkpoint: float
    next_checkpoint: Timing
    quiet_seal: Timing
    proof: Timing
    verify: float
    verify_half: float
    memory_half: float
    memory_whole: float


def measure_audit(events: int) -> AuditTimes:
    """A log of so many events was walked twice: at half its length and at its whole, to see what memory does."""
    _write(events // 2)
    seal = _seconds(_seal)
    verify_half, memory_half = _seconds(_verify), _peak_mib()
    _write(events - events // 2)
    seal += _seconds(_seal)
    first = _seconds(make_checkpoint)
    verify, memory_whole = _seconds(_verify), _peak_mib()
    step = max(1, events // (PROOFS + 10))
    return AuditTimes(
        events=events,
        seal=seal,
        first_checkpoint=first,
        proof=time_each(lambda number: inclusion_proofs([1 + number * step]), PROOFS),
        quiet_seal=time_each(lambda _: audit.seal_events(recent=True), 20),
        next_checkpoint=time_each(lambda _: (_write(100), make_checkpoint()), 20),
        verify=verify,
        verify_half=verify_half,
        memory_half=memory_half,
        memory_whole=memory_whole,
    )


def render_audit(found: AuditTimes, at: str, machine: str, server: str) -> str:
    """The section about the audit log."""
    return PAGE.format(
        at=at,
        machine=machine,
        server=server,
        events=found.events,
        verify=found.verify,
        rate=found.events / found.verify,
        verify_half=found.verify_half,
        memory_half=found.memory_half,
        memory_whole=found.memory_whole,
        seal=found.events / found.seal,
        first=found.first_checkpoint,
        next=found.next_checkpoint,
        quiet=found.quiet_seal,
        proof=found.proof,
    )


def _write(count: int) -> None:
    """So many events stand, as `audit.record` writes them, but in bulk."""
    start = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    made = (_event(start + number) for number in range(count))
    while batch := list(islice(made, BATCH)):
        AuditEvent.objects.bulk_create(batch)


def _event(number: int) -> AuditEvent:
    row = AuditEvent(
        at=BEGAN + timedelta(milliseconds=number),
        event="lease.renewed",
        actor="system:metering",
        subject_kind="marketplace.lease",
        subject_id=str(UUID(int=number)),
        data={"from": "running", "to": "running", "seconds": number, "clearance": str(UUID(int=number + 1))},
    )
    row.body_hash = digest(row.body())
    return row


def _seal() -> None:
    while audit.seal_events(recent=True):
        reset_queries()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE compliance_auditseal, compliance_auditevent")


def _verify() -> None:
    report = verify_log()
    assert report.holds, report.faults[:3]


def _seconds(call: object) -> float:
    began = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - began


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PAGE = """## The audit log

Measured by `make bench ARGS=audit` on {at}.
Machine: {machine}.
Server: {server}.

| What | Figure |
|---|---|
| `audit verify` over {events:,} events: every body, link and checkpoint | {verify:.1f} s, {rate:,.0f} events / s |
| the same over half of them | {verify_half:.1f} s |
| peak memory of the process after half, after the whole | {memory_half:.0f} MiB, {memory_whole:.0f} MiB |
| Sealing | {seal:,.0f} events / s |
| A sealing run that finds nothing, at that length | p50 {quiet.p50_ms:.1f} ms, p95 {quiet.p95_ms:.1f} ms |
| The first checkpoint, over all of them | {first:.1f} s |
| A checkpoint over 100 more, writing and sealing them included | p50 {next.p50_ms:.0f} ms, p95 {next.p95_ms:.0f} ms |
| An inclusion proof | p50 {proof.p50_ms:.1f} ms, p95 {proof.p95_ms:.1f} ms |
"""
