"""Invoices, credit notes, receipts and earnings of the organization in use: on a page, as PDF, CSV and JSON."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base import clock
from compliance.base.errors import NotFound
from marketplace import exports
from marketplace.api.shapes_documents import InvoiceShape
from marketplace.exports import pdf_file, pot_of
from marketplace.models import Lease
from marketplace.papers.documents import earnings_pdf, earnings_rows, invoice_pdf, receipt_pdf, title_of, total_words
from marketplace.periods import month_of
from marketplace.selectors.leases import lease_for
from marketplace.services import papers
from marketplace.views.base import Seat, crumb, member_view, page_of, person
from marketplace.views.money import receipt_of
from marketplace.views.provider import require_provider
from marketplace.views.receipts import words_of
from marketplace.views.waiting import waiting_for
from settlement.selectors.earnings import Earnings, EarningsLine, earnings, earnings_lines
from settlement.selectors.invoices import invoice_for, invoices_of, views_of

# A page and a PDF show so many lines; the CSV has all.
MOST_LINES = 500


@member_view
def documents(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Invoices and credit notes on which the organization stands, newest first."""
    page = page_of(request, invoices_of(seat.organization.party_id))
    context = {"page": page, "invoices": views_of(page.object_list), "waiting": waiting_for(seat.organization.party_id)}
    return render(request, "marketplace/documents.html", context)


@member_view
def invoice(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """One of them with its lines."""
    found = invoice_for(seat.organization.party_id, pk)
    context = {
        "invoice": found,
        "title": title_of(found),
        "total_words": total_words(found),
        "lines": found.lines[:MOST_LINES],
        "cut": len(found.lines) > MOST_LINES,
        "sides": (("Supplier", found.supplier), ("Customer", found.customer)),
        "crumbs": [crumb("Invoices", reverse("web:documents")), crumb(found.number)],
    }
    return render(request, "marketplace/invoice.html", context)


@member_view
def invoice_file(request: HttpRequest, seat: Seat, pk: UUID, form: str) -> HttpResponse:
    """One of them as PDF or JSON."""
    party_id = seat.organization.party_id
    if form == "pdf" and papers.is_long(party_id, pk):
        return redirect("web:invoice_paper", pk)
    found = invoice_for(party_id, pk)
    if form == "pdf":
        return pdf_file(invoice_pdf(found), f"{found.number}.pdf")
    if form == "json":
        return JsonResponse(dict(InvoiceShape(found).data), json_dumps_params={"indent": 2})
    raise NotFound


@member_view
def invoice_paper(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """A long one as PDF: it is being drawn, with how far it is; then it is there to be taken. A POST takes it."""
    party_id = seat.organization.party_id
    if request.method == "POST":
        number, body = papers.take_paper(party_id, pk, actor=seat.actor)
        return pdf_file(body, f"{number}.pdf")
    paper = papers.paper_of(party_id, pk, actor=seat.actor)
    context = {
        "paper": paper,
        "invoice_id": pk,
        "crumbs": [
            crumb("Invoices", reverse("web:documents")),
            crumb(paper.number, reverse("web:invoice", args=[pk])),
            crumb("PDF"),
        ],
    }
    return render(request, "marketplace/invoice_paper.html", context)


@login_required
def receipt_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The receipt of a settled lease as PDF, for the side on which the person stands."""
    user = person(request)
    lease: Lease = lease_for(user, pk)
    issued = receipt_of(lease, user)
    if issued is None:
        raise NotFound("There is no receipt yet: the lease is not settled.")
    is_renter = lease.renter_id in user.organization_ids()
    return pdf_file(receipt_pdf(issued, words_of(lease, issued, for_renter=is_renter)), f"receipt-{issued.number}.pdf")


@member_view
def export_file(request: HttpRequest, seat: Seat, what: str, form: str) -> HttpResponse:
    """Receipts, invoices, an account's statement or earnings as CSV or JSON."""
    # Every handler and middleware of Django serves a stream as it serves a page.
    return cast(HttpResponse, exports.export(request, what, form, seat.organization.party_id))


def _earnings(request: HttpRequest, seat: Seat) -> tuple[Earnings, list[EarningsLine]]:
    require_provider(seat)
    pot, currency = pot_of(request.GET)
    month = month_of(request.GET.get("month", ""))
    party_id = seat.organization.party_id
    found = earnings(party_id, pot=pot, currency=currency, since=month.since, until=month.until)
    lines = earnings_lines(party_id, pot=pot, currency=currency, since=month.since, until=month.until, limit=MOST_LINES)
    return found, list(lines)


@member_view
def earnings_page(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The provider's statement of one month."""
    found, lines = _earnings(request, seat)
    month = month_of(request.GET.get("month", ""))
    context = {
        "found": found,
        "lines": lines,
        "cut": len(lines) == MOST_LINES,
        "rows": earnings_rows(found),
        "month": month,
        "newest": month.until > clock.now(),
        "query": f"month={month.name}&pot={found.pot}",
        "pots": [
            {"label": label, "url": f"?month={month.name}&pot={pot}", "current": pot == found.pot}
            for pot, label in (("card", "Card"), ("escrow", "Escrow"))
        ],
        "crumbs": [crumb("Provider", reverse("web:provider")), crumb("Earnings")],
    }
    return render(request, "marketplace/earnings.html", context)


@member_view
def earnings_file(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The statement as PDF."""
    found, lines = _earnings(request, seat)
    body = earnings_pdf(seat.organization.name, found, lines, cut=len(lines) == MOST_LINES)
    return pdf_file(body, f"earnings-{found.since:%Y-%m}-{found.pot}.pdf")
