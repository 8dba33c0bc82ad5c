"""Domains: proven ones, proofs under way, and what is to be looked at again."""

from uuid import UUID

from django.db.models import QuerySet

from compliance.base import clock
from compliance.models import DomainProof

_State = DomainProof.State


def domains_of(party_id: UUID) -> QuerySet[DomainProof]:
    """The party's proven domains and the proofs under way, newest first."""
    rows = DomainProof.objects.filter(party_id=party_id, state__in=[_State.PENDING, _State.PROVEN])
    return rows.filter(state_deadline_at__gt=clock.now()).order_by("-created_at")


def has_proven_domain(party_id: UUID) -> bool:
    """Whether a domain counts as the party's own now."""
    return domains_of(party_id).filter(state=_State.PROVEN).exists()


def due_for_a_look() -> QuerySet[DomainProof]:
    """Proofs past their deadline, the oldest first."""
    rows = DomainProof.objects.filter(state__in=[_State.PENDING, _State.PROVEN], state_deadline_at__lte=clock.now())
    return rows.order_by("state_deadline_at")[:200]
