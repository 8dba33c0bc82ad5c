"""Comparisons of rails with the books, and all that each of them found."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery

from compliance.base.errors import NotFound
from settlement.models import Hold, ReconciliationDifference, ReconciliationRun

COLUMNS = (
    "run",
    "rail",
    "through_at",
    "external_id",
    "ledger_minor",
    "rail_minor",
    "off_by_minor",
    "explanation",
)
NEWEST = 50
RAILS = (Hold.Rail.CARD, Hold.Rail.ESCROW)


def newest_comparisons() -> list[ReconciliationRun]:
    """The newest comparison of each rail, by rail."""
    return [run for run in map(newest_comparison, RAILS) if run is not None]


def newest_comparison(rail: str) -> ReconciliationRun | None:
    """The newest comparison of the rail.

    One look at the index: there is a row for each minute that the house ran.
    """
    return ReconciliationRun.objects.filter(rail=rail).order_by("-created_at").first()


def differing_comparisons() -> QuerySet[ReconciliationRun]:
    """The newest fifty that found a difference, newest first, each with its `found`."""
    theirs = ReconciliationDifference.objects.filter(run=OuterRef("pk")).order_by().values("run")
    found = Subquery(theirs.annotate(found=Count("pk")).values("found"))
    return ReconciliationRun.objects.filter(balanced=False).annotate(found=found).order_by("-created_at")[:NEWEST]


def comparison(run_id: UUID) -> ReconciliationRun:
    """The comparison. Raises NotFound."""
    found = ReconciliationRun.objects.filter(pk=run_id).first()
    if found is None:
        raise NotFound
    return found


def difference_rows(run: ReconciliationRun) -> Iterator[Sequence[object]]:
    """All that the comparison found under COLUMNS, those without cases of their own too; minor units.

    `off_by_minor` is what the rail says less what the books say; a side that knows nothing of it says 0.
    """
    rows = ReconciliationDifference.objects.filter(run=run).order_by("created_at", "pk")
    for row in rows.iterator(chunk_size=500):
        off_by = (row.rail_minor or 0) - (row.ledger_minor or 0)
        yield (run.pk, run.rail, run.through_at, row.external_id, row.ledger_minor, row.rail_minor, off_by,
               row.explanation)  # fmt: skip
