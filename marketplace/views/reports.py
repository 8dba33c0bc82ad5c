"""Reports to authorities: the officers' list, one report, and what is taken out of the house. Nobody else sees any."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import NotFound
from compliance.selectors.reports import OpenedReport, report, reports
from compliance.services import reports as services
from marketplace.exports import as_file
from marketplace.forms.reports import AnswersForm, FiledForm, NotRequiredForm
from marketplace.views.base import carry_out, crumb, deed_asked_for, officer_view, page_of, person, tabs
from marketplace.views.case_view import actor_names, evidence_links, name_of
from marketplace.views.records import record_tabs

STATES = (("", "To do"), ("draft", "Drafts"), ("awaiting_approval", "Second officer"), ("filed", "Filed"),
          ("not_required", "Not required"))  # fmt: skip
SOON_DAYS = 3


@officer_view
def report_list(request: HttpRequest) -> HttpResponse:
    """The reports, what is due first before the rest."""
    state = request.GET.get("state", "")
    state = state if state in dict(STATES) else ""
    page = page_of(request, reports(state))
    today = clock.now().date()
    page.object_list = [
        {
            "pk": row.pk,
            "title": row.get_kind_display(),
            "party": row.party.name if row.party else "",
            "state": f"report_{row.state}",
            "due_on": row.due_on,
            "days": (row.due_on - today).days,
            "open": row.state in row.OPEN,
            "reference": row.filing_reference,
        }
        for row in page.object_list
    ]
    context = {
        "page": page,
        "soon": SOON_DAYS,
        "tabs": record_tabs("web:reports"),
        "states": tabs(STATES, reverse("web:reports"), state),
    }
    return render(request, "records/reports.html", context)


@officer_view
def report_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One report with its answers, and every deed that its state allows."""
    opened, actor = report(pk), person(request).as_actor()
    forms: dict[str, Form] = {}
    if request.method == "POST":
        form = deed_asked_for(request, DEEDS)(request, opened, actor)
        if form is None:
            return redirect("web:report", pk)
        forms[type(form).__name__] = form
        opened = report(pk)
    row = opened.report
    context = {
        "report": row,
        "form_words": opened.form,
        "state": f"report_{row.state}",
        "is_draft": row.state == "draft",
        "values": [(field, opened.values[field.key]) for field in opened.form.fields],
        "missing": opened.missing,
        "days": (row.due_on - clock.now().date()).days,
        "soon": SOON_DAYS,
        "proposed_by": name_of(row.proposed_by, actor_names([row.proposed_by])) if row.proposed_by else "",
        "mine": row.proposed_by == actor.ref,
        "answers_form": forms.get("AnswersForm", AnswersForm(opened.form, initial=opened.values)),
        "filed_form": forms.get("FiledForm", FiledForm(initial={"filed_on": clock.now().date()})),
        "not_required_form": forms.get("NotRequiredForm", NotRequiredForm()),
        "evidence_of": evidence_links(decision=row.decision_id, party=row.party_id),
        "crumbs": [crumb("Reports", reverse("web:reports")), crumb(opened.form.title)],
    }
    return render(request, "records/report.html", context)


@require_GET
@officer_view
def report_file(request: HttpRequest, pk: UUID, form: str) -> HttpResponse:
    """The report as JSON, or as a page to print; who took it out is in the audit log."""
    if form not in ("json", "html"):
        raise NotFound
    opened = report(pk)
    services.record_export(pk, form, actor=person(request).as_actor())
    if form == "json":
        response: HttpResponse = JsonResponse(as_json(opened), json_dumps_params={"indent": 1, "ensure_ascii": False})
    else:
        sections: dict[str, list[tuple[str, str]]] = {}
        for field in opened.form.fields:
            sections.setdefault(field.section, []).append((field.label, opened.values[field.key]))
        context = {"report": opened.report, "form_words": opened.form, "sections": list(sections.items())}
        response = render(request, "files/report.html", context)
    return as_file(response, f"report-{opened.report.kind}-{pk}.{form}")


def as_json(opened: OpenedReport) -> dict[str, Any]:
    """The report for programs."""
    row = opened.report
    return {
        "format": "gridclear-report/1",
        "id": str(row.pk),
        "kind": row.kind,
        "authority": opened.form.authority,
        "citation": opened.form.citation,
        "state": row.state,
        "event_on": row.event_on.isoformat(),
        "due_on": row.due_on.isoformat(),
        "filed_on": row.filed_on.isoformat() if row.filed_on else None,
        "filing_reference": row.filing_reference,
        "answers": opened.values,
        "missing": [field.key for field in opened.missing],
    }


Deed = Callable[[HttpRequest, OpenedReport, Actor], Form | None]


def _save(request: HttpRequest, opened: OpenedReport, actor: Actor) -> Form | None:
    return carry_out(
        request,
        AnswersForm(opened.form, request.POST),
        lambda data: services.save_answers(opened.report.pk, data, actor=actor),
        "The draft is saved.",
    )


def _filed(request: HttpRequest, opened: OpenedReport, actor: Actor) -> Form | None:
    return carry_out(
        request,
        FiledForm(request.POST),
        lambda data: services.propose_filed(opened.report.pk, data["reference"], data["filed_on"], actor=actor),
        "Proposed as filed. Another officer approves it.",
    )


def _not_required(request: HttpRequest, opened: OpenedReport, actor: Actor) -> Form | None:
    return carry_out(
        request,
        NotRequiredForm(request.POST),
        lambda data: services.propose_not_required(opened.report.pk, data["reason"], actor=actor),
        "Proposed as not required. Another officer approves it.",
    )


def _approve(request: HttpRequest, opened: OpenedReport, actor: Actor) -> Form | None:
    services.approve(opened.report.pk, actor=actor)
    messages.success(request, "The report has ended as proposed.")
    return None


def _send_back(request: HttpRequest, opened: OpenedReport, actor: Actor) -> Form | None:
    services.send_back(opened.report.pk, actor=actor)
    messages.success(request, "The report is a draft again.")
    return None


DEEDS: dict[str, Deed] = {
    "save": _save,
    "filed": _filed,
    "not_required": _not_required,
    "approve": _approve,
    "send_back": _send_back,
}
