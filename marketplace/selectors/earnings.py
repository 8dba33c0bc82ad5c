"""What a provider's leases have brought in, by day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from compliance.base import clock
from marketplace.models import Allocation, Lease, Organization


@dataclass(frozen=True, slots=True)
class DayOfEarnings:
    """One UTC day: what leases that ended on it brought, before the platform's fee, in minor units of `currency`."""

    day: date
    currency: str
    earned_minor: int
    leases: int
    billed_seconds: int


@dataclass(frozen=True, slots=True)
class ProviderFigures:
    """A provider's present state."""

    nodes_online: int
    gpus: int
    gpus_taken: int
    leases_running: int


def earnings_by_day(organization: Organization, currency: str = "USD", days: int = 30) -> list[DayOfEarnings]:
    """One entry for each of the last `days` UTC days, oldest first; days without income are there with zero."""
    today = clock.now().date()
    first = today - timedelta(days=days - 1)
    captured = Coalesce(F("hold__final_minor"), F("hold__pending__posted_minor"), 0, output_field=BigIntegerField())
    rows = (
        _ended(organization, currency)
        .filter(ended_at__date__gte=first)
        .annotate(day=TruncDate("ended_at"))
        .values("day")
        .annotate(earned=Sum(captured), seconds=Sum("billed_seconds"), ended=Count("pk"))
        .order_by("day")
    )
    by_day: dict[date, dict[str, Any]] = {row["day"]: dict(row) for row in rows}
    found = []
    for offset in range(days):
        day = first + timedelta(days=offset)
        row: dict[str, Any] = by_day.get(day, {})
        found.append(
            DayOfEarnings(day, currency, row.get("earned") or 0, row.get("ended") or 0, row.get("seconds") or 0)
        )
    return found


def figures(organization: Organization) -> ProviderFigures:
    """How the provider's machines stand now."""
    nodes = organization.nodes
    gpus = organization.nodes.filter(gpus__present=True)
    taken = Allocation.objects.filter(gpu__node__organization=organization, closed_at=None)
    return ProviderFigures(
        nodes_online=nodes.filter(state="online").count(),
        gpus=gpus.count(),
        gpus_taken=taken.count(),
        leases_running=organization.leases_provided.filter(state=Lease.State.RUNNING).count(),
    )


def _ended(organization: Organization, currency: str) -> QuerySet[Lease]:
    states = (Lease.State.ENDED, Lease.State.SETTLED)
    return Lease.objects.filter(provider=organization, currency=currency, state__in=states)
