"""Documents at the pages: handed in by owners, seen by officers alone, each look on record, under strict headers."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from compliance.base.audit import AuditEvent
from compliance.models import Document, IdentityCheck
from compliance.selectors.cases import open_cases
from compliance.services import cases
from marketplace.uploads import MOST_OF_A_FILE
from tests.cast import Cast
from tests.factories import files, proofs
from tests.web.test_deciding import refused, text


def file(data: bytes | None = None, name: str = "passport.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, files.picture() if data is None else data, kind)


@pytest.fixture
def case(cast: Cast):
    """An identity review of Alice's company, with a document in it."""
    proofs.submitted(cast.lion.party_id, "business", actor=cast.alice.as_actor())
    return open_cases().get()


@pytest.fixture
def document(case) -> Document:
    return Document.objects.filter(party=case.party, kind="registry_extract").latest("created_at")


def hand_in(client, upload, kind: str = "passport"):
    return client.post("/verification", {"part": "document", "kind": kind, "file": upload})


def test_an_owner_hands_in_a_document(cast: Cast, browse):
    before = Document.objects.count()
    client = browse(cast.alice)
    assert hand_in(client, file()).status_code == 302
    page = text(client.get("/verification"))
    assert "The document is kept, encrypted." in page
    assert "Passport" in page
    assert "passport.jpg" not in page, "names of files are not kept"
    assert Document.objects.count() == before + 1


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (file(files.archive(), "passport.pdf", "application/pdf"), "an archive or an office file"),
        (file(b"<html>", "passport.html", "text/html"), "a web page or a drawing"),
        (file(name="passport.png", kind="image/png"), "not what its name or type says"),
        (file(b""), "The file is empty"),
        (file(bytes(MOST_OF_A_FILE + 1)), "larger than 10 MB"),
        (file(files.bomb_png(), "big.png", "image/png"), "more than 50 million pixels"),
    ],
)
def test_what_is_no_document_is_refused_in_words(cast: Cast, browse, upload, words):
    before = Document.objects.count()
    answer = hand_in(browse(cast.alice), upload)
    assert answer.status_code == 200
    assert words in text(answer)
    assert Document.objects.count() == before


def test_team_mates_and_strangers_hand_in_nothing(cast: Cast, browse):
    before = Document.objects.count()
    assert hand_in(browse(cast.bob), file()).status_code == 403
    assert hand_in(browse(cast.olga), file()).status_code == 404
    assert Document.objects.count() == before


def test_a_photo_needs_the_code_of_the_day(cast: Cast, browse):
    client = browse(cast.alice)
    assert "The code has lapsed" in text(hand_in(client, file(), "liveness"))
    client.post("/verification", {"part": "code"})
    page = text(client.get("/verification"))
    code = page.split("Today's code: ")[1][:7]
    assert hand_in(client, file(), "liveness").status_code == 302
    assert Document.objects.get(kind="liveness").code == code


def test_an_owner_discards_only_its_own(cast: Cast, browse):
    mine = proofs.hand_in(cast.lion.party_id, "passport", actor=cast.alice.as_actor())
    body = {"part": "discard", "document": str(mine.pk)}
    assert browse(cast.charlie).post("/verification", body).status_code == 404
    assert browse(cast.alice).post("/verification", {"part": "discard", "document": "no id"}).status_code == 404
    assert browse(cast.alice).post("/verification", body).status_code == 302
    mine.refresh_from_db()
    assert mine.state == "discarded"


def test_an_officer_looks_at_a_page_under_strict_headers(cast: Cast, case, document, browse):
    olga = browse(cast.olga)
    viewer = olga.get(f"/cases/{case.pk}/documents/{document.pk}")
    assert "no-store" in viewer["Cache-Control"]
    picture = f"/cases/{case.pk}/documents/{document.pk}/pages/1"
    assert picture in text(viewer)
    answer = olga.get(picture)
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Content-Disposition"] == 'inline; filename="page-1.jpg"'
    event = AuditEvent.objects.get(event="personal_data.shown", subject_id=str(document.pk))
    assert (event.actor, event.data["why"]) == (f"user:{cast.olga.pk}", f"case {case.number}")


def test_a_document_opens_only_in_a_case_that_it_is_about(cast: Cast, case, document, browse):
    other = cases.open_case(
        kind="gate_review", summary="?", reason_codes=["X"], party=cast.brisbane.party, actor=cast.olga.as_actor()
    )
    olga = browse(cast.olga)
    assert olga.get(f"/cases/{other.pk}/documents/{document.pk}").status_code == 404
    assert olga.get(f"/cases/{other.pk}/documents/{document.pk}/pages/1").status_code == 404
    for number in (0, 2, 99):
        assert olga.get(f"/cases/{case.pk}/documents/{document.pk}/pages/{number}").status_code == 404
    assert not AuditEvent.objects.filter(event="personal_data.shown", subject_id=str(document.pk)).exists()


def test_a_document_that_is_not_good_enough_stops_the_approval(cast: Cast, case, document, browse):
    olga = browse(cast.olga)
    for row in Document.objects.filter(party=case.party, kind="registry_extract"):
        olga.post(f"/cases/{case.pk}/documents/{row.pk}/refuse")
    document.refresh_from_db()
    assert document.state == "refused"
    answer = olga.post(f"/cases/{case.pk}", {"action": "verify"})
    assert answer.status_code == 422
    assert "Still needed: Extract of the company register" in text(answer)


def test_an_officer_attaches_evidence(cast: Cast, case, browse):
    olga = browse(cast.olga)
    olga.post(f"/cases/{case.pk}", {"action": "attach", "file": file()})
    assert Document.objects.get(kind="evidence").case_id == case.pk
    assert "Evidence of an officer" in text(olga.get(f"/cases/{case.pk}"))
    answer = olga.post(f"/cases/{case.pk}", {"action": "attach", "file": file(b"nothing")})
    assert "This is no PDF, JPEG or PNG" in text(answer)


def test_a_party_answers_with_documents(cast: Cast, browse):
    _, offer = cast.supply()
    refused(cast, offer, end_user={"kind": "undisclosed"})
    case = open_cases().get()
    cases.request_information(case.pk, "For whom do you compute?", actor=cast.olga.as_actor())
    alice = browse(cast.alice)
    path = f"/requests/{case.pk}"
    bad = alice.post(path, {"body": "See the contract.", "documents": [file(), file(b"nothing", "b.jpg")]})
    assert "This is no PDF, JPEG or PNG" in text(bad)
    assert not Document.objects.filter(kind="answer").exists()
    alice.post(
        path, {"body": "See the contract.", "documents": [file(), file(files.paper(), "a.pdf", "application/pdf")]}
    )
    kept = Document.objects.filter(kind="answer", case=case, note__kind="answer")
    assert kept.count() == 2
    assert "With 2 documents" in text(alice.get(path))
    assert "Attachment to an answer" in text(browse(cast.olga).get(f"/cases/{case.pk}"))


def test_what_a_vendor_proved_opens_by_a_deed_on_record(cast: Cast, case, browse):
    check = IdentityCheck.objects.create(state="verified", party=case.party, vendor="stripe_identity", proves=True)
    olga = browse(cast.olga)
    assert olga.post(f"/cases/{case.pk}/checks/{check.pk}").status_code == 404, "nothing was proven"
    assert olga.get(f"/cases/{case.pk}/checks/{check.pk}").status_code == 405
