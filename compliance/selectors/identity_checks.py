"""Vendors' checks: the open one, the ones to be asked about, the ones to be forgotten."""

from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from compliance.base import clock
from compliance.models import IdentityCheck, SubjectKey

_State = IdentityCheck.State
OPEN = (_State.PENDING, _State.PROCESSING, _State.FAILED)


def open_check(party_id: UUID, vendor: str) -> IdentityCheck | None:
    """The party's check at this vendor that is not over, if there is one."""
    return IdentityCheck.objects.filter(party_id=party_id, vendor=vendor, state__in=OPEN).first()


def checks_of(party_id: UUID) -> QuerySet[IdentityCheck]:
    """All checks of the party, newest first."""
    return IdentityCheck.objects.filter(party_id=party_id).order_by("-created_at")


def newest_checks(party_id: UUID) -> dict[str, IdentityCheck]:
    """The newest check of the party at each vendor, by the vendor's code."""
    return {row.vendor: row for row in checks_of(party_id).reverse()}


def to_refresh() -> QuerySet[IdentityCheck]:
    """Open checks that the vendor is to be asked about now, or that have passed their deadline; the oldest first."""
    now = clock.now()
    due = Q(refresh_at__lte=now) | Q(state_deadline_at__lte=now)
    return IdentityCheck.objects.filter(due, state__in=OPEN).order_by("refresh_at")[:200]


def to_redact() -> QuerySet[IdentityCheck]:
    """Verified checks of subjects whose key is destroyed: the vendor is to forget them too."""
    erased = SubjectKey.objects.filter(subject_kind="party", subject_id=OuterRef("about"), destroyed_at__isnull=False)
    rows = IdentityCheck.objects.filter(state=_State.VERIFIED).annotate(
        about=Cast("party_id", CharField(max_length=36))
    )
    return rows.filter(Exists(erased)).order_by("id")[:200]
