"""What is frozen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from compliance.base.audit import AuditEvent
from compliance.base.errors import NotFound
from compliance.models import Restriction

KINDS: tuple[tuple[str, str], ...] = tuple(Restriction.Kind.choices)
BASES: tuple[tuple[str, str], ...] = tuple(Restriction.Basis.choices)
TARGETS: tuple[tuple[str, str], ...] = tuple(Restriction.Target.choices)
# What the state of a restriction is called, and what it says of its columns. A lift that is proposed stands still.
STATES: dict[str, Q] = {
    "live": Q(lifted_at=None),
    "to_confirm": Q(lifted_at=None, case=None, confirmed_by=""),
    "to_lift": Q(lifted_at=None) & ~Q(lift_proposed_by=""),
    "lifted": Q(lifted_at__isnull=False, expired=False),
    "expired": Q(expired=True),
}


@dataclass(frozen=True, slots=True)
class RestrictionFilters:
    """What to look for; an empty field does not narrow."""

    state: str = ""
    kind: str = ""
    origin: str = ""
    text: str = ""


def open_restrictions(party_ids: Iterable[UUID] | None = None) -> QuerySet[Restriction]:
    """The restrictions that stand, newest first; of the given parties, or of all."""
    found = Restriction.objects.filter(lifted_at=None).select_related("party", "case").order_by("-created_at")
    return found if party_ids is None else found.filter(party_id__in=list(party_ids))


def is_restricted(party_id: UUID) -> bool:
    """Whether the party may deal at all."""
    return Restriction.objects.filter(party_id=party_id, lifted_at=None).exists()


def lifted_since(at: datetime) -> list[UUID]:
    """The restrictions that fell since then, lifted or at their end."""
    return list(Restriction.objects.filter(lifted_at__gte=at).values_list("pk", flat=True))


def restrictions_of(party_id: UUID) -> QuerySet[Restriction]:
    """All restrictions that the party ever had, newest first."""
    return Restriction.objects.filter(party_id=party_id).order_by("-created_at")


def restrictions_found(wanted: RestrictionFilters) -> QuerySet[Restriction]:
    """The restrictions that fit, newest first; the text is sought in names, ids, codes, citations, targets."""
    found = Restriction.objects.select_related("party", "case").order_by("-created_at", "id")
    if wanted.state:
        found = found.filter(STATES.get(wanted.state, Q(pk=None)))
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.origin:
        found = found.filter(case__isnull=wanted.origin != "case")
    return found.filter(_mentions(wanted.text)) if wanted.text else found


def restriction(pk: UUID) -> Restriction:
    """The restriction. Raises NotFound."""
    found = Restriction.objects.select_related("party", "case").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def history_of(row: Restriction) -> list[AuditEvent]:
    """What the audit log says of the restriction, oldest first."""
    found = AuditEvent.objects.filter(subject_kind=Restriction._meta.label_lower, subject_id=str(row.pk))
    return list(found.order_by("id"))


def state_of(row: Restriction) -> str:
    """The restriction's state in one word of STATES, the most telling one."""
    if row.lifted_at is not None:
        return "expired" if row.expired else "lifted"
    if row.lift_proposed_by:
        return "to_lift"
    return "to_confirm" if row.case_id is None and not row.confirmed_by else "live"


def _mentions(text: str) -> Q:
    try:
        named = Q(pk=UUID(text)) | Q(party_id=UUID(text))
    except ValueError:
        named = Q(pk=None)
    words = ("party__name", "reason_code", "citation", "target_ref")
    for column in words:
        named |= Q(**{f"{column}__icontains": text})
    return named
