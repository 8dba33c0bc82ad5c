"""Documents by whom they are about, and which pages nobody needs any more."""

from datetime import datetime
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Coalesce

from compliance.models import Document, SubjectKey

_State = Document.State


def documents_of(party_id: UUID) -> QuerySet[Document]:
    """What the party handed in about itself and still stands, newest first."""
    return Document.objects.filter(party_id=party_id, case=None, state=_State.STORED).order_by("-created_at", "id")


def documents_since(party_id: UUID, kinds: list[str], since: datetime | None) -> QuerySet[Document]:
    """The party's standing documents of these kinds, those that came after `since` where it is given."""
    found = documents_of(party_id).filter(kind__in=kinds, pages_gone_at=None)
    return found.filter(created_at__gt=since) if since else found


def with_needless_pages() -> QuerySet[Document]:
    """Documents whose pages lie about although they were discarded, or although their subject's key is destroyed."""
    about = Cast(Coalesce("party_id", "case_id"), CharField(max_length=36))
    erased = SubjectKey.objects.filter(subject_id=OuterRef("about"), destroyed_at__isnull=False)
    rows = Document.objects.filter(pages_gone_at=None).exclude(state=_State.STORING).annotate(about=about)
    return rows.filter(Q(state=_State.DISCARDED) | Exists(erased)).order_by("id")
