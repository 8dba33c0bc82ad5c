"""A lease, and a party's dealings, as evidence: the marketplace's part, in plain JSON values."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q

from compliance.base.errors import NotFound
from compliance.selectors.evidence_rows import all_columns, columns
from marketplace.models import Allocation, Lease, Organization, UsageRecord

# What runs inside is the renter's own, and may hold its secrets.
WORKLOAD = ("environment", "ssh_public_key", "command", "ports")

# What a machine says of itself second by second is no evidence of a lease.
VOLATILE = (
    "state", "state_changed_at", "state_deadline_at", "last_sequence", "last_heartbeat_at", "agent_version",
    "utilization", "temperature", "present",
)  # fmt: skip


@dataclass(slots=True)
class DealRecord:
    """`body` for the JSON; `about` whom the audit log speaks of."""

    body: dict[str, Any]
    about: set[tuple[str, str]] = field(default_factory=set)


def deal_of_lease(lease_id: UUID) -> DealRecord:
    """The lease's frozen terms and its course, its machine and GPUs, and what usage was proven. Raises NotFound."""
    found = Lease.objects.select_related("node", "renter", "provider").filter(pk=lease_id).first()
    if found is None:
        raise NotFound("There is no such lease.")
    gpus = Allocation.objects.filter(lease=found).select_related("gpu").order_by("created_at", "id")
    usage = UsageRecord.objects.filter(lease=found)
    sums = usage.aggregate(first=Min("at"), last=Max("at"), seconds=Max("accepted_seconds"), lines=Count("id"))
    body = columns(found, *WORKLOAD) | {
        "renter_name": found.renter.name,
        "provider_name": found.provider.name,
        "node": columns(found.node, *VOLATILE),
        "gpus": [columns(each) | {"gpu": columns(each.gpu, *VOLATILE)} for each in gpus],
        "usage": {
            "records": sums["lines"],
            "first_at": sums["first"] and sums["first"].isoformat(),
            "last_at": sums["last"] and sums["last"].isoformat(),
            "accepted_seconds": sums["seconds"] or 0,
        },
    }
    return DealRecord(body, {(found._meta.label_lower, str(found.pk))})


def deals_of_party(party_id: UUID) -> DealRecord:
    """The party's organization, and every lease that it rents or provides, in short."""
    leases = Lease.objects.filter(Q(renter_party_id=party_id) | Q(provider_party_id=party_id))
    organization = Organization.objects.filter(party_id=party_id).first()
    body = {
        "organization": columns(organization) if organization else None,
        "leases": all_columns(leases.order_by("created_at", "id"), *WORKLOAD, "image", "end_use", "end_user"),
    }
    return DealRecord(body, {(organization._meta.label_lower, str(organization.pk))} if organization else set())
