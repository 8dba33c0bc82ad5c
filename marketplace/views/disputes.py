"""Disputes for operators: what is due, who bears it, and the answer to the bank."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base import clock
from compliance.base.errors import Refusal
from marketplace.forms.cases import words_of
from marketplace.forms.disputes import NoteForm
from marketplace.models import Organization
from marketplace.services import dispute_answers
from marketplace.views.base import crumb, operator_view, page_of, person, tabs
from settlement.selectors import disputes as selector
from settlement.selectors.disputes import DisputeView

SOON_DAYS = 3
STATES = (
    ("All", ""),
    ("To answer", "needs_response"),
    ("At the bank", "under_review"),
    ("Won", "won"),
    ("Lost", "lost"),
)
FIELDS = {
    "product_description": "What was bought",
    "service_date": "Date of service",
    "customer_name": "Customer",
    "customer_email_address": "Customer's e-mail address",
    "access_activity_log": "What happened when",
    "uncategorized_text": "Payment and receipts",
}


@operator_view
def disputes(request: HttpRequest) -> HttpResponse:
    """All disputes; what is due first stands first."""
    state = request.GET.get("state", "")
    page = page_of(request, selector.disputes(state if state in {value for _, value in STATES} else ""))
    views = [selector.view_of(row) for row in page.object_list]
    names = names_of({view.party_id for view in views})
    page.object_list = [
        {"dispute": view, "party": names.get(view.party_id, "—"), "reason": words_of(view.reason), **due(view)}
        for view in views
    ]
    context = {"page": page, "tabs": tabs(STATES, reverse("web:disputes"), state)}
    return render(request, "marketplace/disputes.html", context)


@operator_view
def dispute(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One dispute with the evidence that would be handed in; a POST hands it in."""
    view = selector.dispute(pk)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = person(request)
        try:
            dispute_answers.answer(pk, form.cleaned_data["note"], user=user, actor=user.as_actor())
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, "The bank has the evidence.")
        return redirect("web:dispute", pk)
    shares = selector.shares_of(pk)
    names = names_of({view.party_id, *(share.party_id for share in shares if share.party_id)})
    evidence = dispute_answers.evidence_for(pk) if view.may_answer else {}
    context = {
        "crumbs": [crumb("Platform", reverse("web:platform")), crumb("Disputes", reverse("web:disputes"))],
        "dispute": view,
        "reason": words_of(view.reason),
        "party": names.get(view.party_id, "—"),
        "shares": [{"share": share, "party": names.get(share.party_id) if share.party_id else ""} for share in shares],
        "leases": selector.leases_paid_by(pk),
        "evidence": [(FIELDS.get(name, name), text) for name, text in evidence.items()],
        "form": form,
        **due(view),
    }
    return render(request, "marketplace/dispute.html", context)


def due(view: DisputeView) -> dict[str, Any]:
    """How near the bank's day is."""
    days = (view.due_at - clock.now()).days if view.due_at and view.may_answer else None
    return {"days": days, "soon": days is not None and days <= SOON_DAYS}


def names_of(party_ids: set[UUID]) -> dict[UUID, str]:
    """The organizations' names by their parties."""
    return dict(Organization.objects.filter(party_id__in=party_ids).values_list("party_id", "name"))
