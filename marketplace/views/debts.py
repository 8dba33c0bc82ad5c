"""Debts for officers: who owes the platform, and what two of them give up as lost."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.actor import Actor
from compliance.base.errors import NotFound
from compliance.selectors.parties import party
from marketplace.forms.debts import WriteOffForm
from marketplace.views.base import carry_out, crumb, deed_asked_for, officer_view, page_of, person, tabs
from marketplace.views.case_view import actor_names, name_of
from marketplace.views.records import record_tabs
from settlement.money import amount_words
from settlement.selectors import debts as selector
from settlement.services import write_offs

STATES = (("", "All"), ("waiting", "For a second officer"), ("written_off", "Written off"))


@officer_view
def debts(request: HttpRequest) -> HttpResponse:
    """Who owes something, the most first."""
    asked = request.GET.get("state", "")
    state = asked if asked in dict(STATES) else ""
    context = {
        "page": page_of(request, selector.debts(state)),
        "tabs": record_tabs("web:debts"),
        "states": tabs(STATES, reverse("web:debts"), state),
        "filtered": bool(state),
    }
    return render(request, "records/debts.html", context)


@officer_view
def debt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What one party owes, how it came to that, and its write-offs; a POST proposes, approves or withdraws one."""
    actor, owing = person(request).as_actor(), party(pk)
    form: Form | None = None
    if request.method == "POST":
        form = deed_asked_for(request, DEEDS)(request, pk, actor)
        if form is None:
            return redirect("web:debt", pk)
    owed, rows = selector.debt_of(pk), list(selector.write_offs_of(pk))
    names = actor_names({ref for row in rows for ref in (row.proposed_by, row.approved_by) if ref})
    initial = {"amount_minor": f"{owed.standing_minor / 100:.2f}"}
    context = {
        "party": owing,
        "owed": owed,
        "movements": selector.movements_of(pk),
        "write_offs": [row_of(row, names) | {"mine": row.proposed_by == actor.ref} for row in rows],
        "may_propose": owed.standing_minor > 0 and all(row.is_terminal for row in rows),
        "form": form or WriteOffForm(initial=initial),
        "crumbs": [crumb("Debts", reverse("web:debts")), crumb(owing.name)],
    }
    return render(request, "records/debt.html", context)


def row_of(row: Any, names: dict[str, str]) -> dict[str, Any]:
    """A write-off as the page shows it."""
    return {
        "pk": row.pk,
        "state": f"write_off_{row.state}",
        "waits": not row.is_terminal,
        "amount_minor": row.booked_minor or row.amount_minor,
        "why": row.why,
        "at": row.state_changed_at,
        "proposed_by": name_of(row.proposed_by, names),
        "approved_by": name_of(row.approved_by, names) if row.approved_by else "",
    }


Deed = Callable[[HttpRequest, UUID, Actor], Form | None]


def _propose(request: HttpRequest, party_id: UUID, actor: Actor) -> Form | None:
    return carry_out(
        request,
        WriteOffForm(request.POST),
        lambda data: write_offs.propose(party_id, data["amount_minor"], data["why"], actor=actor),
        "Proposed. Another officer approves it.",
    )


def _approve(request: HttpRequest, party_id: UUID, actor: Actor) -> Form | None:
    lost = write_offs.approve(_named(request, party_id), actor=actor)
    messages.success(request, f"{amount_words(lost, 'USD')} are written off. The party owes it as before.")
    return None


def _withdraw(request: HttpRequest, party_id: UUID, actor: Actor) -> Form | None:
    write_offs.withdraw(_named(request, party_id), actor=actor)
    messages.success(request, "Withdrawn. The debt stands.")
    return None


def _named(request: HttpRequest, party_id: UUID) -> UUID:
    """The write-off that the form names, if it is of this party. Raises NotFound."""
    wanted = request.POST.get("write_off", "")
    for row in selector.write_offs_of(party_id):
        if str(row.pk) == wanted:
            return row.pk
    raise NotFound


DEEDS: dict[str, Deed] = {"propose": _propose, "approve": _approve, "withdraw": _withdraw}
