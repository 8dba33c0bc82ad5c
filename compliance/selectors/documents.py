"""Documents by whom they are about, and which pages nobody needs any more."""

from datetime import datetime
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Coalesce

from compliance.base import clock
from compliance.base.errors import NotFound
from compliance.models import Case, Document, LivenessCode, SubjectKey

_State = Document.State


def documents_of(party_id: UUID) -> QuerySet[Document]:
    """What the party handed in about itself and still stands, newest first."""
    return Document.objects.filter(party_id=party_id, case=None, state=_State.STORED).order_by("-created_at", "id")


def documents_since(party_id: UUID, kinds: list[str], since: datetime | None) -> QuerySet[Document]:
    """The party's standing documents of these kinds, those that came after `since` where it is given."""
    found = documents_of(party_id).filter(kind__in=kinds, pages_gone_at=None)
    return found.filter(created_at__gt=since) if since else found


def document_in_case(document_id: UUID, case_id: UUID) -> Document:
    """The document, if it lies in the case or is one of the case's party. Raises NotFound."""
    mine = Q(case_id=case_id) | Q(party__cases=case_id)
    found = Document.objects.filter(mine, pk=document_id).exclude(state=_State.STORING).distinct().first()
    if found is None:
        raise NotFound
    return found


def documents_for_case(case: Case) -> QuerySet[Document]:
    """What an officer may look at in the case: what lies in it, and what its party handed in about itself."""
    mine = Q(case=case) | (Q(party_id=case.party_id, case=None) if case.party_id else Q(pk=None))
    rows = Document.objects.filter(mine).exclude(state__in=[_State.STORING, _State.DISCARDED])
    return rows.prefetch_related("verifications").order_by("-created_at", "id")


def open_code_of(party_id: UUID) -> str:
    """The code that the party's person is to hold in the hand now; empty when none was asked for."""
    codes = LivenessCode.objects.filter(party_id=party_id, used_at=None, expires_at__gt=clock.now())
    return codes.values_list("code", flat=True).first() or ""


def with_needless_pages() -> QuerySet[Document]:
    """Documents whose pages lie about although they were discarded, or although their subject's key is destroyed."""
    about = Cast(Coalesce("party_id", "case_id"), CharField(max_length=36))
    erased = SubjectKey.objects.filter(subject_id=OuterRef("about"), destroyed_at__isnull=False)
    rows = Document.objects.filter(pages_gone_at=None).exclude(state=_State.STORING).annotate(about=about)
    return rows.filter(Q(state=_State.DISCARDED) | Exists(erased)).order_by("id")
