"""Leases as their people see them."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from compliance.base import clock
from compliance.base.errors import NotFound
from marketplace.lease_pricing import cost_so_far_minor, sla_credit_minor
from marketplace.models import Lease, WorkloadLog
from marketplace.models.viewer import Viewer
from settlement.money import Money

_WITH = ("offer", "node", "gpu_model", "renter", "provider", "hold__pending", "clearance")


def leases_visible_to(viewer: Viewer) -> QuerySet[Lease]:
    """The viewer's leases, rented or provided, newest first."""
    return Lease.objects.visible_to(viewer).select_related(*_WITH).order_by("-created_at", "-id")


def leases_rented_by(viewer: Viewer) -> QuerySet[Lease]:
    """The leases that the viewer's organizations rent, newest first."""
    return Lease.objects.rented_by(viewer).select_related(*_WITH).order_by("-created_at", "-id")


def lease_for(viewer: Viewer, lease_id: UUID) -> Lease:
    """The lease, for its renter, its provider and the platform's staff. Raises NotFound for anybody else."""
    lease = Lease.objects.visible_to(viewer).select_related(*_WITH).filter(pk=lease_id).first()
    if lease is None:
        raise NotFound
    return lease


def rented_lease_for(viewer: Viewer, lease_id: UUID) -> Lease:
    """The lease, for its renter only: who may see its logs and its workload. Raises NotFound for anybody else."""
    lease = Lease.objects.rented_by(viewer).select_related(*_WITH).filter(pk=lease_id).first()
    if lease is None:
        raise NotFound
    return lease


def cost_so_far(lease: Lease) -> Money:
    """The cost of the seconds proven so far; never above the renter's limit."""
    return Money(cost_so_far_minor(lease), lease.currency)


def sla_credit(lease: Lease) -> Money:
    """What comes back of that because the provider's node ended the lease."""
    return Money(sla_credit_minor(lease), lease.currency)


def most_it_can_cost(lease: Lease) -> Money:
    """The amount of the hold."""
    return Money(lease.max_spend_minor, lease.currency)


def logs_after(lease: Lease, sequence: int = 0, limit: int = 500) -> list[WorkloadLog]:
    """The workload's lines after the given sequence, in order, at most `limit`."""
    return list(WorkloadLog.objects.filter(lease=lease, sequence__gt=sequence).order_by("sequence")[:limit])


def last_lines(lease: Lease, limit: int = 200) -> list[WorkloadLog]:
    """The workload's newest lines, in order."""
    return list(WorkloadLog.objects.filter(lease=lease).order_by("-sequence")[:limit])[::-1]


def seconds_left(lease: Lease) -> int | None:
    """Until the lease ends by itself, or None while it is not running."""
    end: datetime | None = lease.state_deadline_at if lease.state == Lease.State.RUNNING else None
    return None if end is None else max(0, int((end - clock.now()).total_seconds()))
