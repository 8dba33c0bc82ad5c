"""The direct holders of one party, named row by row."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.forms import BaseFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from compliance.base.errors import Forbidden, NotFound, Refusal
from compliance.selectors.ownership import Upstream, upstream
from compliance.services import parties
from compliance.services.ownership_change import BY_FORM
from compliance.services.parties import OwnerInput, PartyInput
from marketplace.forms.ownership import CompleteForm, OwnerForm, OwnersForm
from marketplace.permissions import OWN
from marketplace.views.base import Seat, crumb, member_view
from marketplace.views.verification_parts import details_of


@member_view
def owners(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """The direct holders of the organization or of an entity above it; 404 for any other party."""
    above = upstream([seat.organization.party_id])
    party = above.parties.get(pk)
    if party is None:
        raise NotFound
    if not seat.may(OWN):
        raise Forbidden("Only an owner of the organization may change this. Nothing was changed.")
    # What was sent stands for itself: compared with the present rows, an unchanged one would count as empty.
    formset = OwnersForm(request.POST) if request.method == "POST" else OwnersForm(initial=_rows(pk, above))
    complete = CompleteForm(request.POST or None, initial={"complete": party.ownership_complete})
    if request.method == "POST" and formset.is_valid() and complete.is_valid() and _are_placed(formset, above):
        try:
            with transaction.atomic():
                wanted = [_owner(row, pk, above, seat) for row in named(formset)]
                whole, about = complete.cleaned_data["complete"], seat.organization.party_id
                parties.declare_ownership(pk, wanted, whole, actor=seat.actor, about=about)
        except Refusal as refusal:
            _refuse(formset, refusal)
        else:
            messages.success(request, f"The holders of {party.name} are saved.")
            if "more" in request.POST:
                return redirect(request.get_full_path())
            return redirect("web:verification" if request.GET.get("from") == "verification" else "web:ownership")
    context = {
        "party_name": party.name,
        "formset": formset,
        "complete_form": complete,
        "crumbs": [crumb("Verification", "/verification"), crumb("Owners")],
    }
    return render(request, "marketplace/owners.html", context)


def named(formset: "BaseFormSet[OwnerForm]") -> list[dict[str, Any]]:
    """The rows that name someone."""
    return [form.cleaned_data for form in formset.forms if form.cleaned_data.get("name")]


def _are_placed(formset: "BaseFormSet[OwnerForm]", above: Upstream) -> bool:
    """Whether each holder has a country; one that a source named without it may stay so for the time being."""
    for form in formset.forms:
        row = form.cleaned_data
        known = above.parties.get(row["party_id"]) if row.get("party_id") else None
        if row.get("name") and not row.get("country") and (known is None or known.country):
            form.add_error("country", "Choose the country.")
    return all(form.is_valid() for form in formset.forms)


def _refuse(formset: "BaseFormSet[OwnerForm]", refusal: Refusal) -> None:
    formset.non_form_errors().append(refusal.message)


def _rows(party_id: UUID, above: Upstream) -> list[dict[str, Any]]:
    rows = []
    for edge in above.edges:
        if edge.owned_id != party_id:
            continue
        owner = above.parties[edge.owner_id]
        exact = edge.share_min == edge.share_max
        rows.append(
            {
                "party_id": owner.pk,
                "name": owner.name,
                "kind": owner.kind,
                "country": owner.country,
                "headquarters_country": owner.headquarters_country,
                "birth_date": owner.birth_date,
                "interest": edge.interest,
                "share": _plain(edge.share_min),
                "share_max": "" if exact else _plain(edge.share_max),
                "started_on": edge.started_on,
                "source": "" if edge.source == BY_FORM else edge.source,
                "indirect": not edge.direct,
            }
        )
    return rows


def _plain(share: Decimal) -> str:
    return f"{share:.4f}".rstrip("0").rstrip(".")


def _owner(row: dict[str, Any], owned_id: UUID, above: Upstream, seat: Seat) -> OwnerInput:
    """The holder: one that stood there before keeps its identity (and its own owners) when its details change."""
    low = row["share"] or Decimal(0)
    held = {
        "share_min": low,
        "share_max": row["share_max"] if row["share_max"] is not None else low,
        "interest": row["interest"],
        "started_on": row["started_on"],
        "ended_on": row["ended_on"],
        "source": row["source"],
        "direct": not row["indirect"],
    }
    told = {name: row[name] for name in ("kind", "name", "country", "headquarters_country", "birth_date")}
    present = {edge.owner_id for edge in above.edges if edge.owned_id == owned_id}
    known = row["party_id"] if row["party_id"] in present else None
    if known is None:
        return OwnerInput(party=PartyInput(**told), **held)
    before = above.parties[known]
    if known != seat.organization.party_id and row["country"]:
        # Whoever gets a name and a place is disclosed from now on.
        named_now = {"undisclosed": ""} if before.undisclosed and row["name"] != before.name else {}
        parties.update_party(known, PartyInput(**{**details_of(before), **told, **named_now}), actor=seat.actor)
    return OwnerInput(party=known, **held)
