"""What is frozen."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from compliance.models import Restriction


def open_restrictions(party_ids: Iterable[UUID] | None = None) -> QuerySet[Restriction]:
    """The restrictions that stand, newest first; of the given parties, or of all."""
    found = Restriction.objects.filter(lifted_at=None).select_related("party", "case").order_by("-created_at")
    return found if party_ids is None else found.filter(party_id__in=list(party_ids))


def is_restricted(party_id: UUID) -> bool:
    """Whether the party may deal at all."""
    return Restriction.objects.filter(party_id=party_id, lifted_at=None).exists()


def restrictions_of(party_id: UUID) -> QuerySet[Restriction]:
    """All restrictions that the party ever had, newest first."""
    return Restriction.objects.filter(party_id=party_id).order_by("-created_at")
