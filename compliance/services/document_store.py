"""Where sealed pages lie: written, looked at on record, deleted.

The storage `documents` may be on another machine, so no transaction is open while it is asked: a row STORING stands
before, STORED after, and the sweep ends what died between.
"""

from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import transaction

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import NotFound
from compliance.base.sealing import Context, Subject
from compliance.base.transition import transition
from compliance.disarm.shapes import Cleaned
from compliance.models import Document
from compliance.selectors.documents import with_needless_pages
from compliance.services import subject_keys

_State = Document.State


@dataclass(frozen=True, slots=True)
class PageShown:
    """A page of a document, opened."""

    media_type: str
    body: bytes


def store(row: Document, made: Cleaned, actor: Actor) -> Document:
    """The document's pages lie sealed in the storage, and it is STORED. Raises SubjectErased."""
    for number, page in enumerate(made.pages, 1):
        body = subject_keys.seal(subject_of(row), page.body, _context(row, number))
        _storage().save(_place(row, number), ContentFile(body))
    transition(row, _State.STORED, actor=actor, event="document.stored")
    return row


def show_page(row: Document, number: int, *, actor: Actor, why: str) -> PageShown:
    """One page, opened for a person to see; who looked at what, and why, is in the audit log.

    Raises NotFound, SubjectErased, SealBroken.
    """
    if (
        row.state not in (_State.STORED, _State.REFUSED)
        or row.pages_gone_at is not None
        or not 1 <= number <= row.pages
    ):
        raise NotFound
    try:
        with _storage().open(_place(row, number)) as file:
            body = file.read()
    except FileNotFoundError as error:
        raise NotFound("The pages of this document are gone.") from error
    opened = subject_keys.reveal(subject_of(row), body, _context(row, number), actor=actor, why=why)
    return PageShown(row.page_types[number - 1], opened)


def delete_pages(row: Document) -> None:
    """The sealed pages are gone; one that is gone already is no fault."""
    for number in range(1, row.pages + 1):
        _storage().delete(_place(row, number))
    Document.objects.filter(pk=row.pk, pages_gone_at=None).update(pages_gone_at=clock.now())


def sweep_documents(*, actor: Actor) -> int:
    """No document is being stored for ever, and no pages outlive their document or its key. Returns how many went."""
    count = 0
    due = Document.objects.filter(state=_State.STORING, state_deadline_at__lte=clock.now())
    for document_id in due.values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            row = Document.objects.select_for_update(skip_locked=True).filter(pk=document_id).first()
            if row is None or row.state != _State.STORING:
                continue
            transition(row, _State.DISCARDED, actor=actor, event="document.discarded", data={"reason": "not_stored"})
        count += 1
    for row in with_needless_pages()[:500]:
        delete_pages(row)
        count += 1
    return count


def subject_of(row: Document) -> Subject:
    """Under whose key the document is sealed."""
    return Subject.party(row.party_id) if row.party_id else Subject("case", str(row.case_id))


def _storage() -> Storage:
    return storages["documents"]


def _place(row: Document, number: int) -> str:
    return f"{row.pk}/{number}.sealed"


def _context(row: Document, number: int) -> Context:
    return Context(f"compliance.document:{row.pk}", f"page {number}")
