"""Data that travel with transfers, for officers: what waits, what was exchanged, and with whom."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from compliance.selectors import travel as selector
from compliance.services import travel as services
from compliance.services import travel_counterparties, travel_delivery
from marketplace.exports import as_file
from marketplace.forms.cases import words_of
from marketplace.forms.travel import CounterpartyForm, LookForm, PassedForm, WalletForm
from marketplace.views.base import carry_out, crumb, deed_asked_for, officer_view, page_of, person, show_refusal, tabs
from marketplace.views.case_view import actor_names, event_line, name_of
from marketplace.views.records import record_tabs

STATES = (("", "All"), ("waiting", "Waiting"), ("failed", "Not delivered"), ("passed", "Exchanged"),
          ("incomplete", "With gaps"))  # fmt: skip
EVENTS = {
    "travel.collected": ("Collected", "plus", "neutral"),
    "personal_data.shown": ("Opened", "user", "accent"),
    "travel.answered": ("They have it and decide", "clock", "waiting"),
    "travel.approved": ("Approved by them", "check", "allowed"),
    "travel.rejected": ("Rejected by them", "cross", "refused"),
    "travel.not_delivered": ("Not delivered", "warn", "refused"),
    "travel.asked_again": ("Asked again", "refresh", "waiting"),
    "travel.by_hand": ("Passed on by hand", "user", "neutral"),
    "travel.passed_on": ("Exchanged", "check", "allowed"),
}


@officer_view
def travel_records(request: HttpRequest) -> HttpResponse:
    """The records, newest first, narrowed by what has become of them. None is opened here."""
    state = request.GET.get("state", "")
    state = state if state in dict(STATES) else ""
    page = page_of(request, selector.records(state))
    page.object_list = [row_of(row) for row in page.object_list]
    context = {
        "page": page,
        "tabs": record_tabs("web:travel"),
        "states": tabs(STATES, reverse("web:travel"), state),
    }
    return render(request, "records/travel.html", context)


@officer_view
def travel_record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One record; opened, taken as a file, sent again or marked as exchanged, each on record."""
    row, actor = selector.record(pk), person(request).as_actor()
    forms: dict[str, Form] = {}
    said: dict[str, Any] | None = None
    if request.method == "POST":
        action = request.POST.get("action", "")
        if action in ("open", "file"):
            look = LookForm(request.POST)
            said = _opened(look, pk, actor)
            if said is not None and action == "file":
                return json_file(said, f"ivms101-{pk}.json")
            forms["LookForm"] = look
        else:
            refused = deed_asked_for(request, DEEDS)(request, pk, actor)
            if refused is None:
                return redirect("web:travel_record", pk)
            forms[type(refused).__name__] = refused
    events = selector.history_of(row)
    names = actor_names({event.actor for event in events} | ({row.passed_by} if row.passed_by else set()))
    context = row_of(row) | {
        "record": row,
        "delivery": getattr(row, "delivery", None),
        "said": json.dumps(said, indent=2, ensure_ascii=False) if said is not None else "",
        "by": name_of(row.passed_by, names) if row.passed_by else "",
        "look_form": forms.get("LookForm", LookForm()),
        "passed_form": forms.get("PassedForm", PassedForm(initial={"to": row.counterparty})),
        "history": [event_of(event, names) for event in events],
        "crumbs": [crumb("Travel data", reverse("web:travel")), crumb(str(row.pk)[:8])],
    }
    return render(request, "records/travel_record.html", context)


@officer_view
def travel_counterparties_page(request: HttpRequest) -> HttpResponse:
    """The other providers; a POST registers one."""
    form = CounterpartyForm(request.POST or None)
    if request.method == "POST":
        actor = person(request).as_actor()
        words = "It is registered. Another officer confirms it before anything is sent."
        if carry_out(request, form, lambda data: travel_counterparties.register(**data, actor=actor), words) is None:
            return redirect("web:travel_counterparties")
    context = {
        "form": form,
        "page": page_of(request, selector.counterparties()),
        "crumbs": [crumb("Travel data", reverse("web:travel")), crumb("Providers")],
    }
    return render(request, "records/travel_counterparties.html", context)


@officer_view
def travel_counterparty(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One provider: confirmed by another officer, its wallets told, or retired."""
    row, actor = selector.counterparty(pk), person(request).as_actor()
    form: Form = WalletForm()
    if request.method == "POST":
        refused = deed_asked_for(request, PROVIDER_DEEDS)(request, pk, actor)
        if refused is None:
            return redirect("web:travel_counterparty", pk)
        form = refused
    names = actor_names({ref for ref in (row.registered_by, row.confirmed_by) if ref})
    context = {
        "row": row,
        "state": provider_state(row),
        "registered_by": name_of(row.registered_by, names),
        "confirmed_by": name_of(row.confirmed_by, names) if row.confirmed_by else "",
        "mine": row.registered_by == actor.ref,
        "wallets": row.wallets.order_by("created_at"),
        "wallet_form": form,
        "crumbs": [
            crumb("Travel data", reverse("web:travel")),
            crumb("Providers", reverse("web:travel_counterparties")),
            crumb(row.name),
        ],
    }
    return render(request, "records/travel_counterparty.html", context)


def row_of(row: Any) -> dict[str, Any]:
    """A record as the tables show it; nothing of what is sealed."""
    delivery = getattr(row, "delivery", None)
    return {
        "pk": row.pk,
        "party": row.party,
        "state": f"travel_{selector.state_of(row)}",
        "direction": row.get_direction_display(),
        "amount": row.amount_minor,
        "currency": row.currency,
        "provider": row.counterparty,
        "why": words_of(delivery.last_error) if delivery is not None and delivery.last_error else "",
        "holds": row.must_hold and row.passed_at is None,
        "missing": row.missing,
        "at": row.created_at,
    }


def provider_state(row: Any) -> str:
    """Whether data go to the provider."""
    return "provider_retired" if row.retired_at else "provider_confirmed" if row.confirmed_by else "provider_new"


def event_of(event: Any, names: dict[str, str]) -> dict[str, Any]:
    """An event of the log as the timeline shows it; a look with its reason."""
    return event_line(event, EVENTS, names, event.data.get("why"), event.data.get("code"))


def json_file(said: dict[str, Any], name: str) -> HttpResponse:
    """The message as a file that nothing on the way keeps."""
    body = json.dumps(said, indent=2, ensure_ascii=False)
    return as_file(HttpResponse(body, content_type="application/json"), name)


def _opened(form: LookForm, pk: UUID, actor: Actor) -> dict[str, Any] | None:
    """The message, on record; None where the form or the service says why not."""
    if not form.is_valid():
        return None
    try:
        return services.show(pk, actor=actor, why=form.cleaned_data["why"])
    except Refusal as refusal:
        show_refusal(form, refusal)
        return None


Deed = Callable[[HttpRequest, UUID, Actor], Form | None]


def _passed(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    return carry_out(
        request,
        PassedForm(request.POST),
        lambda data: services.mark_passed(pk, **data, actor=actor),
        "It is on record as exchanged. What waited for it goes on.",
    )


def _again(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    travel_delivery.ask_again(pk, actor=actor)
    messages.success(request, "It is being sent again.")
    return None


def _confirm(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    travel_counterparties.confirm(pk, actor=actor)
    messages.success(request, "Confirmed. What waited for it is being sent.")
    return None


def _retire(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    travel_counterparties.retire(pk, actor=actor)
    messages.success(request, "Nothing is sent there any more.")
    return None


def _wallet(request: HttpRequest, pk: UUID, actor: Actor) -> Form | None:
    return carry_out(
        request,
        WalletForm(request.POST),
        lambda data: travel_counterparties.keeps_wallet(pk, data["address"], actor=actor),
        "The wallet is known as kept there.",
    )


DEEDS: dict[str, Deed] = {"passed": _passed, "again": _again}
PROVIDER_DEEDS: dict[str, Deed] = {"confirm": _confirm, "retire": _retire, "wallet": _wallet}
