"""Usage lines as they stand in the ledger, for those who know what they rest on."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from settlement.models import Transfer


@dataclass(frozen=True, slots=True)
class PostedLine:
    """One posted usage line: its id, its lease, and what its transfer says of the report."""

    id: UUID
    subject_id: UUID
    memo: str


def posted_lines(subject_ids: Collection[UUID]) -> Iterator[PostedLine]:
    """The usage lines of these leases that rest on a report, in the order of their posting."""
    rows = Transfer.objects.filter(subject_id__in=subject_ids, kind="usage", memo__startswith="report ")
    for row in rows.order_by("created_at", "pk").iterator(chunk_size=5_000):
        if row.subject_id is not None:
            yield PostedLine(row.pk, row.subject_id, row.memo)
