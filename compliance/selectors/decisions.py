"""Decisions as they were made."""

from uuid import UUID

from django.db.models import Q, QuerySet

from compliance.base.errors import NotFound
from compliance.models import Clearance, Decision


def decision(decision_id: UUID) -> Decision:
    """The decision, with its parties. Raises NotFound."""
    found = Decision.objects.select_related("renter_party", "provider_party").filter(pk=decision_id).first()
    if found is None:
        raise NotFound
    return found


def decisions_about(subject_id: UUID) -> QuerySet[Decision]:
    """Everything decided about the lease or payout, newest first."""
    return Decision.objects.filter(subject_id=subject_id).order_by("-created_at")


def decisions_of_party(party_id: UUID) -> QuerySet[Decision]:
    """Everything decided about the party, on either side, newest first."""
    return Decision.objects.filter(Q(renter_party_id=party_id) | Q(provider_party_id=party_id)).order_by("-created_at")


def clearance(clearance_id: UUID) -> Clearance:
    """The clearance, with its decision. Raises NotFound. To act on one, ask `services.clearances.ensure_valid`."""
    found = Clearance.objects.select_related("decision").filter(pk=clearance_id).first()
    if found is None:
        raise NotFound
    return found


def clearances_about(subject_id: UUID) -> QuerySet[Clearance]:
    """The clearances given for the lease or payout, newest first."""
    return Clearance.objects.filter(subject_id=subject_id).order_by("-created_at")
