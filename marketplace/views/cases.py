"""The officers' queue and one case in full."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import NotFound, Refusal
from compliance.selectors.cases import KINDS, CaseFilters, CaseInFull, case_in_full, open_cases
from compliance.services import cases as services
from compliance.services import documents, identity, withdrawals
from compliance.services.tipping_off import PLAIN_QUESTIONS
from marketplace.forms.cases import ApprovalForm, EvidenceForm, NoteForm, ProposalForm, RequestForm, WithdrawForm
from marketplace.models import Lease
from marketplace.selectors.officers import officer_named, officers
from marketplace.views.base import asked_for, carry_out, crumb, deed_asked_for, officer_view, page_of, person, tabs
from marketplace.views.case_view import PRIORITIES, actor_names, case_context, priority_look, row_of

TABS = (
    ("", "To do"),
    ("open", "Open"),
    ("awaiting_approval", "Second officer"),
    ("awaiting_party", "Waiting for the party"),
    ("closed", "Closed"),
)
WHOSE = (("", "Whoever's"), ("mine", "Mine"), ("nobody", "Nobody's"))


def filters_of(request: HttpRequest) -> CaseFilters:
    """What the URL asks for; a number is the number of a case."""
    asked = {name: asked_for(request, name) for name in (*FILTERS, "q")}
    query = asked["q"]
    priority = int(asked["priority"]) if asked["priority"].isdecimal() else 0
    return CaseFilters(
        state=asked["state"] if asked["state"] in dict(TABS) else "",
        kind=asked["kind"] if asked["kind"] in dict(KINDS) else "",
        priority=priority if priority in PRIORITIES else None,
        assignee=person(request).as_actor().ref if asked["whose"] == "mine" else "",
        nobodys=asked["whose"] == "nobody",
        overdue=asked["overdue"] == "1",
        number=int(query) if query.isdecimal() and len(query) < 12 else None,
        text="" if query.isdecimal() else query,
    )


FILTERS = ("state", "kind", "priority", "whose", "overdue")


@officer_view
def cases(request: HttpRequest) -> HttpResponse:
    """The queue: the most urgent first, then the nearest deadline."""
    filters = filters_of(request)
    page = page_of(request, open_cases(filters))
    names = actor_names({case.assignee for case in page.object_list})
    now = clock.now()
    page.object_list = [row_of(case, names, now) for case in page.object_list]
    context = {
        "page": page,
        "state": filters.state,
        "kind": filters.kind,
        "kinds": KINDS,
        "priorities": [(value, words) for value, (words, _, _) in reversed(PRIORITIES.items())],
        "priority": filters.priority,
        "whose": WHOSE,
        "chosen_whose": "mine" if filters.assignee else "nobody" if filters.nobodys else "",
        "overdue": filters.overdue,
        "q": request.GET.get("q", ""),
        "filtered": filters != CaseFilters(),
        "tabs": tabs(TABS, reverse("web:cases"), filters.state),
    }
    return render(request, "marketplace/cases.html", context)


@officer_view
def case(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One case with all that is known, and every deed that its state allows."""
    full = case_in_full(pk)
    actor = person(request).as_actor()
    forms: dict[str, Form] = {}
    if request.method == "POST":
        form = deed_asked_for(request, DEEDS)(request, full, actor)
        if form is None:
            return redirect("web:case", pk)
        forms[type(form).__name__] = form
        full = case_in_full(pk)
    context = case_context(full, actor)
    context |= {
        "note_form": forms.get("NoteForm", NoteForm(prefix=None)),
        "request_form": forms.get("RequestForm", RequestForm()),
        "plain_questions": PLAIN_QUESTIONS,
        "proposal_form": forms.get("ProposalForm", ProposalForm()),
        "evidence_form": forms.get("EvidenceForm", EvidenceForm()),
        "approval_form": forms.get("ApprovalForm", ApprovalForm()),
        "withdraw_form": forms.get("WithdrawForm", WithdrawForm()),
        "lease": Lease.objects.filter(pk=full.case.subject_id).first() if full.case.subject_id else None,
        "officers": [(str(each.pk), each.name or each.email) for each in officers()],
        "priority": priority_look(full.case.priority),
        "crumbs": [crumb("Cases", reverse("web:cases")), crumb(f"Case {full.case.number}")],
    }
    return render(request, "marketplace/case.html", context)


Deed = Callable[[HttpRequest, CaseInFull, Actor], Form | None]


def _note(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    return carry_out(
        request,
        NoteForm(request.POST),
        lambda data: services.add_note(full.case.pk, data["body"], actor=actor),
        "The note stands in the case.",
    )


def _request(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    return carry_out(
        request,
        RequestForm(request.POST),
        lambda data: services.request_information(full.case.pk, data["body"], actor=actor),
        "The question is with the party.",
    )


def _propose(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    return carry_out(
        request,
        ProposalForm(request.POST),
        lambda data: services.propose_disposition(
            full.case.pk, data["disposition"], data["reason"], data["body"], actor=actor
        ),
        "Proposed. Another officer approves it.",
    )


def _approve(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    return carry_out(
        request,
        ApprovalForm(request.POST),
        lambda data: services.approve_disposition(full.case.pk, data["body"], actor=actor),
        "The case is closed.",
    )


def _send_back(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    return carry_out(
        request,
        ApprovalForm(request.POST),
        lambda data: services.return_case(full.case.pk, data["body"], actor=actor),
        "The case is open again.",
    )


def _withdraw(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    return carry_out(
        request,
        WithdrawForm(request.POST),
        lambda data: withdrawals.withdraw_answers(full.case.pk, data["why"], actor=actor),
        "Withdrawn. Whom it was about is screened again, and its leases are put to the gate.",
    )


def _assign(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    """The case is the officer's, a colleague's (`officer` is the person's id), or nobody's (`nobody`)."""
    to = request.POST.get("officer", "")
    if to == "nobody":
        services.give_back_case(full.case.pk, actor=actor)
        messages.success(request, "The case is nobody's.")
    elif to and f"user:{to}" != actor.ref:
        officer = officer_named(to)
        services.assign_case(full.case.pk, actor=actor, to=officer)
        messages.success(request, f"The case is with {officer.label}.")
    else:
        services.assign_case(full.case.pk, actor=actor)
        messages.success(request, "The case is yours.")
    return None


def _verify(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    row = identity.approve_verification(_verification_of(full), actor=actor)
    done = row.state == "verified"
    messages.success(request, "The party is verified." if done else "Proposed. Another officer agrees to it.")
    return None


def _attach(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    form = EvidenceForm(request.POST, request.FILES)
    if not form.is_valid():
        return form
    try:
        documents.attach_evidence(full.case.pk, form.cleaned_data["file"], actor=actor)
    except Refusal as refusal:
        form.add_error("file", refusal.message)
        return form
    messages.success(request, "The document lies in the case, encrypted.")
    return None


def _reject(request: HttpRequest, full: CaseInFull, actor: Actor) -> Form | None:
    identity.reject_verification(_verification_of(full), actor=actor)
    messages.success(request, "The verification is rejected.")
    return None


def _verification_of(full: CaseInFull) -> UUID:
    if full.case.kind != "identity_review" or full.case.subject_id is None:
        raise NotFound
    return full.case.subject_id


DEEDS: dict[str, Deed] = {
    "note": _note,
    "request": _request,
    "propose": _propose,
    "approve": _approve,
    "send_back": _send_back,
    "assign": _assign,
    "attach": _attach,
    "withdraw": _withdraw,
    "verify": _verify,
    "reject": _reject,
}
