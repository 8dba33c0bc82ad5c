"""Documents: taken in, made harmless, sealed under the key of whom they are about, let go."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.transition import transition
from compliance.disarm.process import cleaned
from compliance.disarm.shapes import Cleaned, Fault, NoDocument
from compliance.models import Case, Document, LivenessCode, Party
from compliance.services import document_store
from compliance.services.officers import require_officer

MOST_OF_A_PARTY = 60
STORE_WITHIN = timedelta(minutes=10)
CODE_LASTS = timedelta(hours=24)
_CODE_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is read as another
_Kind, _State = Document.Kind, Document.State
OF_A_PARTY = (
    _Kind.PASSPORT,
    _Kind.IDENTITY_CARD,
    _Kind.LIVENESS,
    _Kind.REGISTRY_EXTRACT,
    _Kind.PROOF_OF_ADDRESS,
    _Kind.OWNERSHIP,
)


class DocumentRefused(InvalidInput):
    """The file is no document that can be kept."""

    code = "document_refused"


class TooManyDocuments(Conflict):
    """The party has as many documents as are kept."""

    code = "too_many_documents"
    default_message = "There are too many documents already. Nothing was kept; discard some first."


_WORDS = {
    Fault.EMPTY: "The file is empty.",
    Fault.TOO_LARGE: "The file is larger than 10 MB.",
    Fault.ARCHIVE: "This is an archive or an office file, not a PDF, JPEG or PNG.",
    Fault.MARKUP: "This is a web page or a drawing in text, not a PDF, JPEG or PNG.",
    Fault.UNKNOWN: "This is no PDF, JPEG or PNG.",
    Fault.OTHERWISE: "The file is not what its name or type says.",
    Fault.DAMAGED: "The file is damaged, or is not what it begins like.",
    Fault.PASSWORD: "The PDF is protected by a password; save a copy without one.",
    Fault.TOO_MANY_PAGES: "The PDF has more than 20 pages.",
    Fault.TOO_MANY_PIXELS: "The picture has more than 50 million pixels.",
    Fault.TOO_SMALL: "The picture is too small to be read: its shorter side needs 200 pixels.",
    Fault.MOVING: "This is a moving picture; one picture is needed.",
    Fault.TOO_MUCH_WORK: "The file takes too much to open; save it as a plain picture or PDF.",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in; name and declared type are the sender's word and only held against the content."""

    data: bytes
    name: str = ""
    declared_type: str = ""


def inspect(upload: Upload) -> tuple[Cleaned, str]:
    """The document made harmless, and the SHA-256 of what came in. Raises DocumentRefused.

    Takes a second or so and starts a process: not inside a transaction.
    """
    try:
        made = cleaned(upload.data, name=upload.name, declared=upload.declared_type)
    except NoDocument as refused:
        raise DocumentRefused(f"{_WORDS[refused.fault]} Nothing was kept.", fault=refused.fault.value) from refused
    return made, hashlib.sha256(upload.data).hexdigest()


def hand_in(party_id: UUID, kind: str, upload: Upload, *, actor: Actor) -> Document:
    """The party's document is kept, sealed. The caller has checked who acts for the party.

    A photo needs a live code, which is used up. Not inside a transaction.
    Raises DocumentRefused, InvalidInput, TooManyDocuments, NotFound, SubjectErased.
    """
    if kind not in set(OF_A_PARTY):
        raise InvalidInput("This is no kind of document that a party hands in. Nothing was kept.")
    made, digest = inspect(upload)
    return keep_for_party(party_id, kind, made, digest, actor=actor)


def keep_for_party(party_id: UUID, kind: str, made: Cleaned, digest: str, *, actor: Actor) -> Document:
    """As `hand_in`, of what `inspect` gave."""
    with transaction.atomic():
        _hold_party(party_id)
        code = _use_code(party_id) if kind == _Kind.LIVENESS else ""
        row = _begun(made, digest, kind, actor, party_id=party_id, code=code)
    return document_store.store(row, made, actor)


def attach_evidence(case_id: UUID, upload: Upload, *, actor: Actor) -> Document:
    """The officer's evidence is in the case, sealed under the key of the case's party, or of the case without one.

    Not inside a transaction. Raises Forbidden, NotFound, Conflict when the case is closed, DocumentRefused.
    """
    require_officer(actor)
    require_open_case(case_id)
    made, digest = inspect(upload)
    with transaction.atomic():
        case = require_open_case(case_id)
        row = _begun(made, digest, _Kind.EVIDENCE, actor, party_id=case.party_id, case=case)
    return document_store.store(row, made, actor)


def hand_in_answer(case_id: UUID, party_id: UUID, uploads: Sequence[Upload], *, actor: Actor) -> list[Document]:
    """The documents with which the party answers a question lie in the case; `answer_request` then names them.

    One that is no document keeps the others out too. The caller has checked who answers for the party. Not inside a
    transaction. Raises NotFound, Conflict, DocumentRefused, TooManyDocuments.
    """
    require_open_case(case_id, party_id=party_id)
    kept = []
    for made, digest in [inspect(upload) for upload in uploads]:
        with transaction.atomic():
            _hold_party(party_id)
            case = require_open_case(case_id, party_id=party_id)
            row = _begun(made, digest, _Kind.ANSWER, actor, party_id=party_id, case=case)
        kept.append(document_store.store(row, made, actor))
    return kept


def discard(document_id: UUID, party_id: UUID, *, actor: Actor) -> None:
    """The party's document is gone, unless a verification rests on it. Raises NotFound, Conflict."""
    with transaction.atomic():
        row = Document.objects.select_for_update().filter(pk=document_id, party_id=party_id, case=None).first()
        if row is None or row.state != _State.STORED:
            raise NotFound("There is no such document. Nothing was changed.")
        if row.verifications.exists():
            raise Conflict("A verification rests on this document, so it stays. Nothing was changed.")
        transition(row, _State.DISCARDED, actor=actor, event="document.discarded")
    document_store.delete_pages(row)


def refuse_document(document_id: UUID, *, actor: Actor) -> Document:
    """The document counts for nothing any more and stays to be looked at. Raises Forbidden, NotFound, Conflict."""
    require_officer(actor)
    with transaction.atomic():
        row = Document.objects.select_for_update().filter(pk=document_id).first()
        if row is None:
            raise NotFound("There is no such document. Nothing was changed.")
        transition(row, _State.REFUSED, actor=actor, event="document.refused", data={"kind": row.kind})
    return row


def open_code(party_id: UUID) -> LivenessCode:
    """The code that the party's person is to hold in the hand now; a new one when the last has lapsed."""
    with transaction.atomic():
        _hold_party(party_id)
        found = LivenessCode.objects.filter(party_id=party_id, used_at=None).first()
        if found is not None and found.expires_at > clock.now():
            return found
        signs = "".join(secrets.choice(_CODE_SIGNS) for _ in range(6))
        values = {"code": f"{signs[:3]}-{signs[3:]}", "expires_at": clock.now() + CODE_LASTS}
        return LivenessCode.objects.update_or_create(party_id=party_id, used_at=None, defaults=values)[0]


def _begun(
    made: Cleaned,
    digest: str,
    kind: str,
    actor: Actor,
    *,
    party_id: UUID | None,
    case: Case | None = None,
    code: str = "",
) -> Document:
    row = Document.objects.create(
        state=_State.STORING,
        state_changed_at=clock.now(),
        state_deadline_at=clock.now() + STORE_WITHIN,
        party_id=party_id,
        case=case,
        kind=kind,
        found_type=made.found,
        pages=len(made.pages),
        page_types=[page.media_type for page in made.pages],
        byte_size=sum(len(page.body) for page in made.pages),
        original_sha256=digest,
        code=code,
        uploaded_by=actor.ref,
    )
    data = {"kind": kind, "party": party_id and str(party_id), "case": case and str(case.pk), "pages": row.pages}
    audit.record("document.received", actor=actor, subject=row, data=data)
    return row


def _use_code(party_id: UUID) -> str:
    now = clock.now()
    found = LivenessCode.objects.filter(party_id=party_id, used_at=None, expires_at__gt=now).first()
    if found is None:
        raise Conflict("The code has lapsed. Nothing was kept; take the photo again with the new code.")
    found.used_at = now
    found.save(update_fields=["used_at"])
    return found.code


def _hold_party(party_id: UUID) -> None:
    if not Party.objects.select_for_update().filter(pk=party_id).exists():
        raise NotFound("There is no such party. Nothing was kept.")
    kept = Document.objects.filter(party_id=party_id).exclude(state=_State.DISCARDED)
    if kept.count() >= MOST_OF_A_PARTY:
        raise TooManyDocuments


def require_open_case(case_id: UUID, party_id: UUID | None = None) -> Case:
    """The case, of that party where one is named. Raises NotFound, and Conflict when it is closed."""
    case = Case.objects.filter(pk=case_id).first()
    if case is None or (party_id is not None and case.party_id != party_id):
        raise NotFound("There is no such case. Nothing was kept.")
    if case.state == Case.State.CLOSED:
        raise Conflict("The case is closed. Nothing was kept.")
    return case
