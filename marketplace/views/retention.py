"""Retention for officers: the classes, the holds, and one party: what is kept of it, why, and until when."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.actor import Actor
from compliance.base.errors import NotFound
from compliance.selectors.parties import party as one_party
from compliance.selectors.payment_signs import newest_payment_signs
from compliance.selectors.retention import clocks_of, erased_parties, holds_of, kept, legal_hold, legal_holds, schedule
from compliance.services import legal_holds as holds
from compliance.services.retention_clocks import refresh_clocks
from marketplace.forms.retention import EraseForm, FindForm, HoldForm, LiftForm
from marketplace.models import Bundle
from marketplace.selectors.bundles import bundles_about
from marketplace.services import bundles, erasing
from marketplace.views.base import carry_out, crumb, deed_asked_for, officer_view, page_of, person
from marketplace.views.case_view import actor_names, evidence_links, name_of
from marketplace.views.evidence import row_of
from marketplace.views.payment_words import payment_lines
from marketplace.views.records import record_tabs


@officer_view
def retention(request: HttpRequest) -> HttpResponse:
    """Each class with its law, and the holds that stand; `party` in the address leads to that party's page."""
    form = FindForm(request.GET if "party_id" in request.GET else None)
    if form.is_bound and form.is_valid():
        return redirect("web:subject", form.cleaned_data["party_id"])
    plan = schedule()
    page = page_of(request, legal_holds())
    names = actor_names({hold.placed_by for hold in page.object_list})
    page.object_list = [hold_row(hold, names) for hold in page.object_list]
    context = {
        "form": form,
        "version": plan.version,
        "classes": list(plan.classes.values()),
        "erased": erased_parties().count(),
        "page": page,
        "tabs": record_tabs("web:retention"),
    }
    return render(request, "records/retention.html", context)


@officer_view
def subject(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One party: its clocks, what keeps it, its holds, its export, and its erasure."""
    party, actor = one_party(pk), person(request).as_actor()
    forms: dict[str, Form] = {}
    if request.method == "POST":
        form = deed_asked_for(request, DEEDS)(request, pk, actor)
        if form is None:
            return redirect("web:subject", pk)
        forms[type(form).__name__] = form
    refresh_clocks([pk])
    found = list(holds_of(pk))
    names = actor_names({ref for hold in found for ref in (hold.placed_by, hold.lift_proposed_by) if ref})
    exports = [row_of(row, names) for row in bundles_about([pk]).filter(kind=Bundle.Kind.SUBJECT)[:3]]
    context = {
        "party": party,
        "kept": next(iter(kept([pk])), None),
        "clocks": [clock_row(row) for row in clocks_of(pk)],
        "holds": [hold_row(hold, names) | {"mine": hold.lift_proposed_by == actor.ref} for hold in found],
        "exports": exports,
        "payments": payment_lines(newest_payment_signs(pk)),
        "hold_form": forms.get("HoldForm", HoldForm()),
        "lift_form": forms.get("LiftForm", LiftForm()),
        "erase_form": forms.get("EraseForm", EraseForm(party.name)),
        "elsewhere": elsewhere(party),
        "evidence_of": evidence_links(party=pk),
        "crumbs": [crumb("Parties", reverse("web:parties")), crumb(party.name)],
    }
    return render(request, "records/subject.html", context)


def elsewhere(party: Any) -> list[tuple[str, str]]:
    """Where else the party stands, as words and addresses."""
    named = urlencode({"q": party.name})
    cases = (
        [
            ("Its cases to do", f"{reverse('web:cases')}?{named}"),
            ("Its closed cases", f"{reverse('web:cases')}?{named}&state=closed"),
        ]
        if party.name
        else []
    )
    return [
        *cases,
        ("Its restrictions", f"{reverse('web:restrictions')}?q={party.pk}"),
        ("What the audit log says of it", f"{reverse('web:audit')}?subject={party.pk}"),
    ]


def clock_row(row: Any) -> dict[str, Any]:
    """A clock as the table shows it; a class that the schedule does not know never ends."""
    found = schedule().classes.get(row.record_class)
    return {
        "title": found.title if found else row.record_class,
        "kind": found.kind if found else "",
        "citation": found.citation if found else "Not in the schedule: kept until it is",
        "from": row.runs_from,
        "until": found.ends(row.runs_from) if found and row.runs_from else None,
    }


def hold_row(hold: Any, names: dict[str, str]) -> dict[str, Any]:
    """A hold as the tables show it."""
    return {
        "pk": hold.pk,
        "party_id": hold.party_id,
        "party": hold.party.name,
        "state": f"hold_{hold.state}",
        "stands": hold.state == hold.State.STANDING,
        "proposed": hold.state == hold.State.LIFT_PROPOSED,
        "reason": hold.reason,
        "reference": hold.reference,
        "by": name_of(hold.placed_by, names),
        "at": hold.created_at,
        "lift_reason": hold.lift_reason,
        "lift_by": name_of(hold.lift_proposed_by, names) if hold.lift_proposed_by else "",
    }


Deed = Callable[[HttpRequest, UUID, Actor], Form | None]


def _place(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    return carry_out(
        request,
        HoldForm(request.POST),
        lambda data: holds.place_hold(pk, data["reason"], data["reference"], actor=actor),
        "The hold stands. Nothing of the party is erased until two officers lift it.",
    )


def _propose(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    hold = _hold(request, pk)
    return carry_out(
        request,
        LiftForm(request.POST),
        lambda data: holds.propose_lift(hold.pk, data["reason"], actor=actor),
        "Proposed. Another officer lifts it.",
    )


def _keep(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    holds.keep(_hold(request, pk).pk, actor=actor)
    messages.success(request, "The hold stands on.")
    return None


def _lift(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    holds.approve_lift(_hold(request, pk).pk, actor=actor)
    messages.success(request, "The hold is lifted.")
    return None


def _export(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    bundles.request_evidence(Bundle.Kind.SUBJECT, pk, actor=actor)
    messages.success(request, "The file is being made: what the party itself would get.")
    return None


def _erase(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    return carry_out(
        request,
        EraseForm(one_party(pk).name, request.POST),
        lambda data: erasing.erase_for(pk, actor=actor),
        "The party is erased.",
    )


def _hold(request: HttpRequest, pk: UUID) -> Any:
    """The hold that the form names, of this party. Raises NotFound."""
    try:
        found = legal_hold(UUID(request.POST.get("hold", "")))
    except ValueError as error:
        raise NotFound from error
    if found.party_id != pk:
        raise NotFound
    return found


DEEDS: dict[str, Deed] = {
    "place": _place,
    "propose": _propose,
    "keep": _keep,
    "lift": _lift,
    "export": _export,
    "erase": _erase,
}
