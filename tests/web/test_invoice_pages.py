"""Invoices, receipts and earnings on pages and as files: what each side sees, and that the figures are the books'."""

import csv
import io
import json

import pypdfium2
import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from compliance.base.actor import system
from marketplace.periods import month_of
from marketplace.services import metering
from settlement.models import Account, BillingProfile
from settlement.selectors.statements import balance_at
from settlement.services.books import verify_books
from settlement.services.invoicing import issue_due
from tests.factories import marketplace as make
from tests.marketplace.steps import running
from tests.settlement.test_invoices import SELLER

TOLD = {
    "part": "billing",
    "name": '=HYPERLINK("x") Lion & <b>City</b>',
    "address": "1 Raffles Place",
    "country": "SG",
}


def text_of(body: bytes) -> str:
    """All text of a PDF."""
    document = pypdfium2.PdfDocument(body)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


@pytest.fixture
def settled(cast, clock):
    """Alice's lease of two GPUs for an hour, settled."""
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, gpu_count=2)
    clock.advance(seconds=3_600)
    agent.sync(agent.workload(lease, "exited", 3_600))
    metering.meter_leases()
    assert metering.settle_ended_leases() == 1
    return lease


def test_each_side_has_the_receipt_as_pdf_as_it_may_see_it(cast, settled, browse):
    url = f"/leases/{settled.pk}/receipt.pdf"
    renters, providers = (browse(who).get(url) for who in (cast.alice, cast.pia))
    assert renters["Content-Type"] == "application/pdf"
    assert "$4.98" in text_of(renters.content)
    assert "Platform fee" not in text_of(renters.content)
    assert "Platform fee" in text_of(providers.content)
    assert browse(cast.alice).get(url).content == renters.content, "the same document is the same bytes"
    assert browse(cast.charlie).get(url).status_code == 404
    assert browse().get(url).status_code == 302


def test_the_earnings_statement_closes_at_what_the_ledger_says(cast, settled, browse, clock):
    now = clock.now()
    page = browse(cast.pia).get("/provider/earnings")
    assert b"?month=" in page.content, "the month before"
    assert f"?month={month_of('').after.name}" not in page.content.decode(), "the coming month has nothing yet"
    found = page.context["found"]
    assert (found.leases, found.seconds, found.gross_minor, found.fees_minor) == (1, 3_600, 498, 24)
    assert found.earned_minor == found.gross_minor - found.credits_minor - found.fees_minor == 474
    assert sum(amount for _, amount in page.context["rows"]) == found.closing_minor
    accounts = Account.objects.filter(party_id=cast.brisbane.party_id, kind__in=("payable", "claim"))
    clock.advance(seconds=1)
    assert found.closing_minor == balance_at(list(accounts.values_list("pk", flat=True)), clock.now())
    assert verify_books().verified
    pdf = browse(cast.pia).get("/provider/earnings.pdf")
    assert "$4.74" in text_of(pdf.content)
    rows = list(csv.DictReader(io.StringIO(b"".join(browse(cast.pia).get("/exports/earnings.csv")).decode())))
    assert [row["what"] for row in rows] == ["Opening", "Lease", "Closing"]
    assert rows[-1]["amount_minor"] == str(found.closing_minor)
    before = browse(cast.pia).get(f"/provider/earnings?month={now.year - 1}-01").context["found"]
    assert (before.leases, before.opening_minor, before.closing_minor) == (0, 0, 0)


def test_an_organization_says_how_it_is_named_and_the_page_shows_it(cast, browse):
    owner = browse(cast.alice)
    assert owner.post("/organization", TOLD).status_code == 302
    assert BillingProfile.objects.get().party_id == cast.lion.party_id
    shown = owner.get("/organization").content.decode()
    assert "1 Raffles Place" in shown
    assert "<b>City</b>" not in shown
    # A team-mate who does not pay neither sees nor tells it.
    assert "1 Raffles Place" not in browse(cast.bob).get("/organization").content.decode()
    assert browse(cast.bob).post("/organization", TOLD | {"name": "Bob"}).status_code == 200
    assert "1 Raffles Place" in browse(cast.fay).get("/organization").content.decode()


def test_what_does_not_fit_is_said_beside_the_form(cast, browse):
    answer = browse(cast.alice).post("/organization", TOLD | {"country": "DE", "vat_number": "DE1"})
    assert "begins with DE" in answer.content.decode()
    assert not BillingProfile.objects.exists()


def test_exports_are_the_organizations_own_and_no_formulas(cast, settled, browse):
    browse(cast.pia).post("/organization", TOLD | {"country": "AU"})
    invoice = make.fee_invoice(settled)
    rows = list(csv.DictReader(io.StringIO(b"".join(browse(cast.pia).get("/exports/invoices.csv")).decode())))
    assert [row["customer"] for row in rows] == ["'" + TOLD["name"]]
    told = json.loads(b"".join(browse(cast.pia).get("/exports/invoices.json")))
    assert [row["customer"] for row in told] == [TOLD["name"]]
    assert json.loads(b"".join(browse(cast.charlie).get("/exports/invoices.json"))) == []
    assert TOLD["name"].split()[0] in text_of(browse(cast.pia).get(f"/invoices/{invoice}.pdf").content)
    receipts = json.loads(b"".join(browse(cast.alice).get("/exports/receipts.json")))
    assert [(row["total_minor"], row["fee_minor"]) for row in receipts] == [(498, None)]
    assert json.loads(b"".join(browse(cast.charlie).get("/exports/receipts.json"))) == []
    statement = b"".join(browse(cast.alice).get("/exports/statement.csv")).decode()
    assert "hold.set_aside" in statement
    for wrong in ("/exports/statement.csv?account=fees", "/exports/earnings.csv?month=yesterday"):
        assert browse(cast.pia).get(wrong).status_code == 422
    for missing in ("/exports/ledger.csv", "/exports/receipts.xml"):
        assert browse(cast.pia).get(missing).status_code == 404


@pytest.mark.filterwarnings("error:StreamingHttpResponse must consume")
def test_an_export_streams_under_asgi_too(cast, settled):
    """As production serves it: Django would gather an iterator of the wrong kind first, and says so by a warning."""

    async def read() -> bytes:
        client = AsyncClient()
        await client.aforce_login(cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
        answer = await client.get("/exports/receipts.csv")
        assert answer.is_async
        return b"".join([part async for part in answer])

    assert len(async_to_sync(read)().decode().splitlines()) == 2


def test_what_waits_is_said_to_its_sides_and_to_operators_and_to_nobody_else(cast, settled, browse, settings, clock):
    settings.GRIDCLEAR_SELLER = {**SELLER, "scheme": "eu_vat", "vat_number": "DE123456789"}
    told = {"part": "billing", "name": "Brisbane", "country": "AU"}
    assert browse(cast.pia).post("/organization", told).status_code == 302
    assert "Not issued yet" not in browse(cast.pia).get("/invoices").content.decode()
    clock.advance(seconds=32 * 86_400)
    providers = browse(cast.pia).get("/invoices").content.decode()
    assert "It waits for you: say your address." in providers
    assert 'href="/organization#billing"' in providers
    for other in (cast.alice, cast.charlie):
        assert "Not issued yet" not in browse(other).get("/invoices").content.decode()
    page = browse(cast.ned).get("/platform/invoices").content.decode()
    assert cast.brisbane.name in page
    assert "Ask it for its address" in page
    assert "$0.24" in page
    assert browse(cast.pia).post("/organization", told | {"address": "1 Queen Street"}).status_code == 302
    assert browse(cast.ned).get("/platform/invoices").context["rows"] == []
    assert issue_due(actor=system("tests")).documents == 1
    assert "G-000001" in browse(cast.pia).get("/invoices").content.decode()
