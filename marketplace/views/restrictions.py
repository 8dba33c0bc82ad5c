"""Restrictions for officers: every one that ever stood, one in full, and those that no case brought."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from compliance.base.actor import Actor
from compliance.selectors import restrictions as selector
from compliance.selectors.restrictions import RestrictionFilters, state_of
from compliance.services import restriction_orders as orders
from compliance.services import restrictions as services
from marketplace.exports import Table, table_file
from marketplace.forms.cases import words_of
from marketplace.forms.restrictions import EVERY_KIND, ORIGINS, LiftRestrictionForm, OrderForm
from marketplace.services.restricting import restrict
from marketplace.views.base import asked_for, carry_out, crumb, deed_asked_for, officer_view, page_of, person, tabs
from marketplace.views.case_view import actor_names, event_line, name_of
from marketplace.views.records import record_tabs
from settlement.selectors.balances import accounts_of

STATES = (("", "All"), ("live", "Live"), ("to_confirm", "To confirm"), ("to_lift", "To lift"), ("lifted", "Lifted"),
          ("expired", "Ended"))  # fmt: skip
COLUMNS = ("restriction", "party", "party_name", "state", "kind", "reason_code", "basis", "citation", "target_kind",
           "target_ref", "case", "imposed_at", "imposed_by", "confirmed_at", "confirmed_by", "ends_at",
           "lift_proposed_by", "lifted_at", "lifted_by")  # fmt: skip
EVENTS = {
    "party.restricted": ("Restricted", "snow", "frozen"),
    "restriction.ordered": ("Ordered by an officer", "policy", "neutral"),
    "restriction.confirmed": ("Confirmed", "check", "neutral"),
    "party.lift_proposed": ("Proposed to lift it", "user", "waiting"),
    "party.restriction_kept": ("Stands on", "snow", "frozen"),
    "party.restriction_lifted": ("Lifted", "check", "neutral"),
    "party.restriction_expired": ("Ended on its day", "clock", "neutral"),
}


def filters_of(request: HttpRequest) -> RestrictionFilters:
    """What the URL asks for; a value that there is not does not narrow."""
    asked = {name: asked_for(request, name) for name in ("state", "kind", "origin", "q")}
    return RestrictionFilters(
        state=asked["state"] if asked["state"] in dict(STATES) else "",
        kind=asked["kind"] if asked["kind"] in dict(EVERY_KIND) else "",
        origin=asked["origin"] if asked["origin"] in dict(ORIGINS) else "",
        text=asked["q"],
    )


@officer_view
def restriction_list(request: HttpRequest) -> HttpResponse:
    """Every restriction, newest first, narrowed by the URL."""
    wanted = filters_of(request)
    page = page_of(request, selector.restrictions_found(wanted))
    names = actor_names({row.imposed_by for row in page.object_list})
    page.object_list = [row_of(row, names) for row in page.object_list]
    context = {
        "page": page,
        "wanted": wanted,
        "filtered": wanted != RestrictionFilters(),
        "kinds": EVERY_KIND,
        "origins": ORIGINS,
        "query": request.GET.urlencode(),
        "tabs": record_tabs("web:restrictions"),
        "states": tabs(STATES, reverse("web:restrictions"), wanted.state),
    }
    return render(request, "records/restrictions.html", context)


@require_GET
@officer_view
def restrictions_csv(request: HttpRequest) -> HttpResponse:
    """The same as a table; who took it is in the audit log. Times in UTC."""
    wanted = filters_of(request)
    found = selector.restrictions_found(wanted)
    told = {"state": wanted.state, "kind": wanted.kind, "origin": wanted.origin, "text": wanted.text}
    orders.export_noted(found.count(), told, actor=person(request).as_actor())
    rows = (csv_row(row) for row in found.iterator(chunk_size=500))
    return table_file(request, Table(COLUMNS, rows), "gridclear-restrictions", "csv")  # type: ignore[return-value]


@officer_view
def restriction_new(request: HttpRequest) -> HttpResponse:
    """A form; a POST restricts at once. `target` and `ref` in the address fill it in."""
    filled = {"target_kind": request.GET.get("target", "party"), "target_ref": request.GET.get("ref", "")}
    form = OrderForm(request.POST or None, initial=filled)
    if request.method == "POST":
        made: list[UUID] = []
        actor = person(request).as_actor()
        words = "It is restricted from now on. Another officer confirms it within a day."
        if carry_out(request, form, lambda _: made.append(restrict(form.as_order(), actor=actor)), words) is None:
            return redirect("web:restriction", made[0])
    context = {"form": form, "crumbs": [crumb("Restrictions", reverse("web:restrictions")), crumb("New")]}
    return render(request, "records/restriction_new.html", context)


@officer_view
def restriction_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One restriction: what it rests on, what it holds, who agreed, and every deed that its state allows."""
    row, actor = selector.restriction(pk), person(request).as_actor()
    form: Form = LiftRestrictionForm()
    if request.method == "POST":
        refused = deed_asked_for(request, DEEDS)(request, pk, actor)
        if refused is None:
            return redirect("web:restriction", pk)
        form, row = refused, selector.restriction(pk)
    history = selector.history_of(row)
    people = (row.imposed_by, row.confirmed_by, row.lift_proposed_by, row.lifted_by)
    names = actor_names({ref for ref in (*people, *(event.actor for event in history)) if ref})
    state = state_of(row)
    context = row_of(row, names) | {
        "restriction": row,
        "stands": row.lifted_at is None,
        "may_confirm": state == "to_confirm" or (state == "to_lift" and not row.confirmed_by),
        "ordered_by_me": row.imposed_by == actor.ref,
        "lift_by_me": row.lift_proposed_by == actor.ref,
        "lift_by": name_of(row.lift_proposed_by, names) if row.lift_proposed_by else "",
        "lift_form": form,
        "accounts": accounts_of(row.party_id),
        "history": [event_line(event, EVENTS, names) for event in history],
        "crumbs": [crumb("Restrictions", reverse("web:restrictions")), crumb(row.party.name)],
    }
    return render(request, "records/restriction.html", context)


def row_of(row: Any, names: dict[str, str]) -> dict[str, Any]:
    """A restriction as the tables show it."""
    return {
        "pk": row.pk,
        "party": row.party,
        "state": f"restriction_{state_of(row)}",
        "kind": row.get_kind_display(),
        "reason": words_of(row.reason_code.lower()),
        "basis": row.get_basis_display(),
        "citation": row.citation,
        "case": row.case,
        "by": name_of(row.imposed_by, names),
        "at": row.created_at,
        "ends_at": row.ends_at,
    }


def csv_row(row: Any) -> Sequence[object]:
    """A restriction under COLUMNS."""
    case = row.case.number if row.case else None
    return (row.pk, row.party_id, row.party.name, state_of(row), row.kind, row.reason_code, row.basis, row.citation,
            row.target_kind, row.target_ref, case, row.created_at, row.imposed_by, row.confirmed_at, row.confirmed_by,
            row.ends_at, row.lift_proposed_by, row.lifted_at, row.lifted_by)  # fmt: skip


Deed = Callable[[HttpRequest, UUID, Actor], Form | None]


def _confirm(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    orders.confirm(pk, actor=actor)
    messages.success(request, "Confirmed. It stands until two officers lift it, or its day has come.")
    return None


def _propose(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    return carry_out(
        request,
        LiftRestrictionForm(request.POST),
        lambda data: services.propose_lift(pk, data["reason"], actor=actor),
        "Proposed. Another officer lifts it.",
    )


def _keep(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    services.keep(pk, actor=actor)
    messages.success(request, "The restriction stands on.")
    return None


def _lift(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    services.lift(pk, actor=actor)
    messages.success(request, "The restriction is lifted. Its money moves again.")
    return None


DEEDS: dict[str, Deed] = {"confirm": _confirm, "propose": _propose, "keep": _keep, "lift": _lift}
