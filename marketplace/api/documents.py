"""Invoices, earnings and exports by program."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.base.errors import NotFound
from marketplace import exports
from marketplace.api.base import ApiView, Scope, checked
from marketplace.api.shapes_documents import (
    BillingShape,
    EarningsShape,
    ExportWanted,
    InvoicePageShape,
    InvoiceShape,
    InvoiceSummaryShape,
    MonthWanted,
    PaperShape,
)
from marketplace.exports import pdf_file, pot_of
from marketplace.papers.documents import invoice_pdf
from marketplace.periods import month_of
from marketplace.services import papers
from marketplace.services.billing import tell_billing
from settlement.selectors.billing import billing_of, self_billing_since
from settlement.selectors.earnings import earnings
from settlement.selectors.invoices import invoice_for, invoices_of, views_of
from settlement.tax import TaxParty

PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}


class Invoices(ApiView):
    """Invoices and credit notes on which the organization stands."""

    @extend_schema(operation_id="invoices_list", responses=InvoicePageShape)
    def get(self, request: Request) -> Response:
        """As customer or supplier, newest first, without their lines."""
        paginator: Any = self.pagination_class()
        rows = paginator.paginate_queryset(invoices_of(self.principal.organization.party_id), request, view=self)
        return Response(paginator.get_paginated_response(InvoiceSummaryShape(views_of(rows), many=True).data).data)


class OneInvoice(ApiView):
    """One document."""

    @extend_schema(operation_id="invoices_read", responses=InvoiceShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """With its lines, for its two sides."""
        return Response(InvoiceShape(invoice_for(self.principal.organization.party_id, pk)).data)


class InvoicePdf(ApiView):
    """One document as PDF."""

    @extend_schema(operation_id="invoices_pdf", responses={**PDF, 202: PaperShape})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """The same bytes each time. A long one is drawn first: 202 and how far it is; ask again until it is there."""
        acting = self.principal
        party_id = acting.organization.party_id
        if papers.is_long(party_id, pk):
            paper = papers.paper_of(party_id, pk, actor=acting.actor)
            if not paper.ready:
                return Response(PaperShape(paper).data, status=202, headers={"Retry-After": "2"})
            number, body = papers.take_paper(party_id, pk, actor=acting.actor)
            return pdf_file(body, f"{number}.pdf")
        found = invoice_for(party_id, pk)
        return pdf_file(invoice_pdf(found), f"{found.number}.pdf")


class Billing(ApiView):
    """How the organization is named on invoices."""

    scopes = {"PUT": Scope.PAYMENTS}

    @extend_schema(operation_id="billing_read", responses=BillingShape)
    def get(self, request: Request) -> Response:
        """As it stands."""
        return Response(self._shown())

    @extend_schema(operation_id="billing_tell", request=BillingShape, responses=BillingShape)
    def put(self, request: Request) -> Response:
        """As it is from now on, told by an owner or finance; issued documents stay as they are."""
        told = checked(BillingShape, request)
        acting = self.principal
        self_billing = told.pop("self_billing")
        tell_billing(
            acting.organization, TaxParty(**told), self_billing=self_billing, user=acting.user, actor=acting.actor
        )
        return Response(self._shown())

    def _shown(self) -> dict[str, Any]:
        party_id = self.principal.organization.party_id
        return {**asdict(billing_of(party_id)), "self_billing": self_billing_since(party_id) is not None}


class EarningsStatement(ApiView):
    """A provider's month."""

    @extend_schema(operation_id="earnings", parameters=[MonthWanted], responses=EarningsShape)
    def get(self, request: Request) -> Response:
        """Its figures; its lines are in the export `earnings`."""
        organization = self.principal.organization
        if not organization.is_provider:
            raise NotFound("This organization does not provide.")
        pot, currency = pot_of(request.query_params)
        month = month_of(request.query_params.get("month", ""))
        found = earnings(organization.party_id, pot=pot, currency=currency, since=month.since, until=month.until)
        return Response(EarningsShape(found).data)


class Export(ApiView):
    """A table of the organization's own, streamed."""

    @extend_schema(
        operation_id="exports",
        parameters=[ExportWanted],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.STR},
    )
    def get(self, request: Request, what: str, form: str) -> HttpResponseBase:
        """`receipts`, `invoices`, `statement` or `earnings`, as `csv` or `json`."""
        return exports.export(request._request, what, form, self.principal.organization.party_id)
