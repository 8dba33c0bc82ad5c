"""Log lines of workloads, as agents send them: each once, bounded per request and per lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from compliance.base.errors import NotFound
from marketplace.models import Lease, Node, WorkloadLog

MAX_CHUNKS = 1000
MAX_LINE = 4000
MAX_LINES_PER_LEASE = 50_000


@dataclass(frozen=True, slots=True)
class LogChunk:
    """One line as the workload wrote it; `sequence` counts the lease's lines."""

    sequence: int
    stream: str
    at: datetime
    line: str


def store_logs(node: Node, lease_id: UUID, chunks: Sequence[LogChunk]) -> int:
    """The lines stand, each once; returns the next sequence that is wanted.

    Of a lease more than MAX_LINES_PER_LEASE lines are not kept, and lines are cut at MAX_LINE characters. Raises
    NotFound for a lease of another node.
    """
    if not Lease.objects.filter(pk=lease_id, node=node).exists():
        raise NotFound
    kept = WorkloadLog.objects.filter(lease_id=lease_id)
    room = MAX_LINES_PER_LEASE - kept.count()
    chunks = chunks[:MAX_CHUNKS]
    WorkloadLog.objects.bulk_create(
        [
            WorkloadLog(
                lease_id=lease_id,
                sequence=chunk.sequence,
                stream=chunk.stream,
                at=chunk.at,
                line=chunk.line[:MAX_LINE],
            )
            for chunk in chunks[: max(room, 0)]
        ],
        ignore_conflicts=True,
    )
    newest = kept.aggregate(top=Max("sequence"))["top"] or 0
    return max([newest, *(chunk.sequence for chunk in chunks)]) + 1
