"""Documents: taken in for what they are, sealed on the disk, seen on record, gone when nobody needs them."""

from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import storages

from compliance.base.audit import AuditEvent
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.base.sealing import SealBroken, Subject, SubjectErased
from compliance.models import Case, Document, LivenessCode
from compliance.services import cases, document_store, documents, subject_keys
from compliance.services.documents import DocumentRefused, TooManyDocuments, Upload
from tests.compliance.services.conftest import ALICE, OLGA
from tests.factories import files

PASSPORT = Upload(files.picture(), "passport.jpg", "image/jpeg")


def kept(party, kind="passport") -> Document:
    return documents.keep_for_party(party.pk, kind, *files.clean_document(), actor=ALICE)


def blobs(row: Document) -> list[Path]:
    folder = Path(storages["documents"].location) / str(row.pk)
    return sorted(folder.glob("*")) if folder.is_dir() else []


def test_a_document_is_kept_sealed_and_by_what_it_is(lion):
    row = documents.hand_in(lion.pk, "passport", PASSPORT, actor=ALICE)
    assert (row.state, row.kind, row.pages, row.found_type) == ("stored", "passport", 1, "image/jpeg")
    (blob,) = blobs(row)
    assert b"\xff\xd8\xff" not in blob.read_bytes()[:64]
    assert blob.stat().st_mode & 0o777 == 0o600
    assert blob.parent.stat().st_mode & 0o777 == 0o700
    assert [event.event for event in AuditEvent.objects.filter(subject_id=str(row.pk))] == [
        "document.received",
        "document.stored",
    ]


def test_what_is_no_document_changes_nothing(lion):
    for upload in (Upload(files.archive(), "passport.pdf"), Upload(files.picture(), "passport.png"), Upload(b"")):
        with pytest.raises(DocumentRefused) as refused:
            documents.hand_in(lion.pk, "passport", upload, actor=ALICE)
        assert "Nothing was kept" in refused.value.message
    assert not Document.objects.exists()


@pytest.mark.parametrize("kind", ["evidence", "answer", "selfie", ""])
def test_a_party_hands_in_its_own_kinds_alone(lion, kind):
    with pytest.raises(InvalidInput):
        documents.hand_in(lion.pk, kind, PASSPORT, actor=ALICE)


def test_an_officer_sees_a_page_and_that_is_on_record(lion):
    row = kept(lion)
    shown = document_store.show_page(row, 1, actor=OLGA, why="case 3")
    assert (shown.media_type, shown.body) == ("image/jpeg", files.clean_document()[0].pages[0].body)
    event = AuditEvent.objects.get(event="personal_data.shown")
    assert (event.actor, event.subject_id) == (OLGA.ref, str(row.pk))
    assert event.data == {"subject": f"party:{lion.pk}", "what": "page 1", "why": "case 3"}


@pytest.mark.parametrize("number", [0, 2, -1])
def test_there_are_no_other_pages(lion, number):
    with pytest.raises(NotFound):
        document_store.show_page(kept(lion), number, actor=OLGA, why="case 3")
    assert not AuditEvent.objects.filter(event="personal_data.shown").exists()


def test_a_page_laid_in_place_of_another_does_not_open(lion):
    mine, other = kept(lion), kept(lion)
    blobs(mine)[0].write_bytes(blobs(other)[0].read_bytes())
    with pytest.raises(SealBroken):
        document_store.show_page(mine, 1, actor=OLGA, why="case 3")


def test_a_destroyed_key_ends_the_documents_and_the_sweep_their_pages(lion):
    row, left = kept(lion), kept(lion, "registry_extract")
    subject_keys.destroy(Subject.party(lion.pk), actor=OLGA, reason="erasure")
    with pytest.raises(SubjectErased):
        document_store.show_page(row, 1, actor=OLGA, why="case 3")
    with pytest.raises(SubjectErased):
        kept(lion)
    assert document_store.sweep_documents(actor=OLGA) == 2
    assert blobs(row) == blobs(left) == []
    with pytest.raises(NotFound):
        document_store.show_page(Document.objects.get(pk=row.pk), 1, actor=OLGA, why="case 3")
    # The one that could not be sealed any more has its deadline yet.
    assert document_store.sweep_documents(actor=OLGA) == 0


def test_what_died_while_it_was_stored_is_swept(lion, clock, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(storages["documents"], "save", fail)
    with pytest.raises(OSError, match="full"):
        kept(lion)
    row = Document.objects.get()
    assert row.state == "storing"
    assert document_store.sweep_documents(actor=OLGA) == 0
    clock.advance(minutes=11)
    assert document_store.sweep_documents(actor=OLGA) == 2, "the row, then its pages"
    row.refresh_from_db()
    assert (row.state, row.pages_gone_at is not None) == ("discarded", True)
    assert document_store.sweep_documents(actor=OLGA) == 0


def test_a_party_discards_its_own_document_alone(lion):
    row = kept(lion)
    with pytest.raises(NotFound):
        documents.discard(row.pk, uuid4(), actor=ALICE)
    documents.discard(row.pk, lion.pk, actor=ALICE)
    assert blobs(row) == []
    with pytest.raises(NotFound):
        documents.discard(row.pk, lion.pk, actor=ALICE)


def test_a_party_has_only_so_many(lion, monkeypatch):
    monkeypatch.setattr(documents, "MOST_OF_A_PARTY", 2)
    first, _ = kept(lion), kept(lion)
    with pytest.raises(TooManyDocuments):
        kept(lion)
    documents.discard(first.pk, lion.pk, actor=ALICE)
    assert kept(lion)


class TestLiveness:
    def test_a_photo_carries_the_code_of_the_day_and_uses_it_up(self, lion):
        code = documents.open_code(lion.pk)
        assert documents.open_code(lion.pk).pk == code.pk, "it stays the same until it is used"
        assert kept(lion, "liveness").code == code.code
        with pytest.raises(Conflict, match="code has lapsed"):
            kept(lion, "liveness")

    def test_a_lapsed_code_is_worth_nothing(self, lion, clock):
        code = documents.open_code(lion.pk)
        clock.advance(hours=24)
        with pytest.raises(Conflict):
            kept(lion, "liveness")
        assert documents.open_code(lion.pk).code != code.code
        assert LivenessCode.objects.count() == 1

    def test_other_documents_carry_none(self, lion):
        documents.open_code(lion.pk)
        assert kept(lion).code == ""
        assert LivenessCode.objects.get().used_at is None


class TestCases:
    @pytest.fixture
    def case(self, lion) -> Case:
        return cases.open_case(kind="gate_review", summary="?", reason_codes=["X"], party=lion, actor=OLGA)

    def test_an_officer_attaches_evidence(self, case, lion):
        row = documents.attach_evidence(case.pk, PASSPORT, actor=OLGA)
        assert (row.kind, row.case_id, row.party_id) == ("evidence", case.pk, lion.pk)

    def test_nobody_else_does(self, case, operator):
        for actor in (ALICE, operator):
            with pytest.raises(Forbidden):
                documents.attach_evidence(case.pk, PASSPORT, actor=actor)

    def test_a_case_about_nobody_has_a_key_of_its_own(self, db):
        case = cases.open_case(kind="list_alarm", summary="?", reason_codes=["X"], actor=OLGA)
        row = documents.attach_evidence(case.pk, PASSPORT, actor=OLGA)
        assert document_store.subject_of(row) == Subject("case", str(case.pk))
        assert document_store.show_page(row, 1, actor=OLGA, why="case").body

    def test_a_closed_case_takes_nothing(self, case):
        Case.objects.filter(pk=case.pk).update(state="closed")
        with pytest.raises(Conflict):
            documents.attach_evidence(case.pk, PASSPORT, actor=OLGA)
        assert not Document.objects.exists()

    def test_an_answer_comes_from_the_party_that_was_asked(self, case, lion):
        with pytest.raises(NotFound):
            documents.hand_in_answer(case.pk, uuid4(), [PASSPORT], actor=ALICE)
        (row,) = documents.hand_in_answer(case.pk, lion.pk, [PASSPORT], actor=ALICE)
        assert (row.kind, row.case_id, row.party_id) == ("answer", case.pk, lion.pk)

    def test_one_that_is_no_document_keeps_the_others_out(self, case, lion):
        with pytest.raises(DocumentRefused):
            documents.hand_in_answer(case.pk, lion.pk, [PASSPORT, Upload(b"nothing")], actor=ALICE)
        assert not Document.objects.exists()
