"""Long invoices as PDF: drawn once in the background, whole, and for the two sides of the document alone."""

import re
from dataclasses import replace

import pypdfium2
import pytest

from compliance.base.audit import AuditEvent
from compliance.base.sealing import Subject
from compliance.services.subject_keys import destroy
from marketplace.models import Bundle
from marketplace.papers.documents import invoice_pdf
from marketplace.services import bundles, papers
from settlement.selectors.invoices import InvoiceView, invoice_by_id
from tests.factories import marketplace as make
from tests.web.test_invoice_pages import text_of


@pytest.fixture
def long(cast, monkeypatch):
    """An invoice to Brisbane, which counts as long."""
    monkeypatch.setattr(papers, "DRAWN_AT_ONCE", 0)
    _agent, offer = cast.supply()
    return make.fee_invoice(cast.lease(offer))


def build() -> None:
    """The background did its work, twice."""
    for pk in Bundle.objects.filter(kind="invoice").values_list("pk", flat=True):
        bundles.build(pk)
        bundles.build(pk)


def test_it_is_drawn_once_and_taken_by_its_side(cast, long, browse):
    pia = browse(cast.pia)
    answer = pia.get(f"/invoices/{long}.pdf")
    assert (answer.status_code, answer["Location"]) == (302, f"/invoices/{long}/paper")
    for _ in range(2):
        waiting = pia.get(f"/invoices/{long}/paper").content.decode()
        assert 'hx-trigger="every 2s"' in waiting
        assert "0 % drawn" in waiting
    assert pia.post(f"/invoices/{long}/paper").status_code == 409, "it is not there yet"
    build()
    ready = pia.get(f"/invoices/{long}/paper").content.decode()
    assert "Download the PDF" in ready
    assert "hx-trigger" not in ready
    taken = pia.post(f"/invoices/{long}/paper")
    assert taken["Content-Type"] == "application/pdf"
    assert taken.content == invoice_pdf(invoice_by_id(long))
    assert "G-000001" in taken["Content-Disposition"]
    assert Bundle.objects.filter(kind="invoice").count() == 1
    assert AuditEvent.objects.filter(event="evidence.downloaded", actor=cast.pia.as_actor().ref).count() == 1


def test_nobody_else_sees_or_takes_it(cast, long, browse):
    browse(cast.pia).get(f"/invoices/{long}/paper")
    build()
    for person in (cast.alice, cast.charlie, cast.olga, cast.ned):
        assert browse(person).get(f"/invoices/{long}/paper").status_code == 404
        assert browse(person).post(f"/invoices/{long}/paper").status_code == 404
        assert browse(person).get(f"/invoices/{long}.pdf").status_code == 404
    assert browse().post(f"/invoices/{long}/paper").status_code == 302
    # Nor do officers come to it by their own door, where evidence lies.
    bundle = Bundle.objects.get(kind="invoice")
    assert browse(cast.olga).get(f"/records/evidence/{bundle.pk}.zip").status_code == 404
    assert "An invoice as PDF" not in browse(cast.olga).get("/records/evidence").content.decode()
    assert not AuditEvent.objects.filter(event="evidence.downloaded").exists()


def test_after_an_erasure_it_is_drawn_anew_without_the_name(cast, long, browse):
    pia = browse(cast.pia)
    pia.get(f"/invoices/{long}/paper")
    build()
    destroy(Subject.party(cast.brisbane.party_id), actor=cast.olga.as_actor(), reason="test")
    assert pia.post(f"/invoices/{long}/paper").status_code == 409
    build()
    assert "Erased on request" in text_of(pia.post(f"/invoices/{long}/paper").content)


def test_one_that_fails_is_said_so_and_not_tried_all_the_time(cast, long, browse, monkeypatch, clock):
    def breaks(*_):
        raise RuntimeError("out of ink")

    monkeypatch.setattr(bundles, "drawn_invoice", breaks)
    pia = browse(cast.pia)
    pia.get(f"/invoices/{long}/paper")
    build()
    page = pia.get(f"/invoices/{long}/paper").content.decode()
    assert "could not be drawn" in page
    assert "hx-trigger" not in page
    assert Bundle.objects.filter(kind="invoice").count() == 1
    clock.advance(seconds=601)
    assert "0 % drawn" in pia.get(f"/invoices/{long}/paper").content.decode()
    assert Bundle.objects.filter(kind="invoice").count() == 2


def test_a_program_asks_again_until_it_is_there(cast, long, browse):
    pia, url = browse(cast.pia), f"/api/v1/invoices/{long}/pdf"
    first = pia.get(url)
    assert (first.status_code, first["Retry-After"], first.json()) == (202, "2", {"state": "requested", "progress": 0})
    build()
    assert pia.get(url).content.startswith(b"%PDF-")
    assert browse(cast.charlie).get(url).status_code == 404


def many_lines(found: InvoiceView, number: int) -> InvoiceView:
    (line,) = found.lines
    return replace(found, lines=tuple(replace(line, position=at, receipt_number=at) for at in range(1, number + 1)))


def test_every_page_has_its_head_its_foot_and_its_number_and_no_line_is_lost(cast, long):
    found = many_lines(invoice_by_id(long), 120)
    told: list[int] = []
    body = invoice_pdf(found, told.append)
    document = pypdfium2.PdfDocument(body)
    pages = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    assert told == list(range(1, len(pages) + 1))
    assert len(pages) > 3
    for number, text in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in text
        assert "Receipt" in text
    numbers = [int(each) for text in pages for each in re.findall(r"^(\d+) Platform fee", text, re.MULTILINE)]
    assert numbers == list(range(1, 121))
    assert body == invoice_pdf(found), "the same document is the same bytes"


def test_short_ones_are_drawn_at_once(cast, browse):
    _agent, offer = cast.supply()
    pk = make.fee_invoice(cast.lease(offer))
    assert browse(cast.pia).get(f"/invoices/{pk}.pdf").content.startswith(b"%PDF-")
    assert not Bundle.objects.exists()
