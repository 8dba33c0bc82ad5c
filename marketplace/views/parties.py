"""The officers' register of parties: whoever is known here is found by name, number, wallet or id."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from compliance.selectors.party_search import parties_found
from marketplace.forms.countries import country_name
from marketplace.models import Organization
from marketplace.views.base import asked_for, officer_view, page_of
from marketplace.views.records import record_tabs


@require_safe
@officer_view
def parties(request: HttpRequest) -> HttpResponse:
    """The parties that the address asks for, by name."""
    text, restricted = asked_for(request, "q"), request.GET.get("restricted") == "1"
    page = page_of(request, parties_found(text, restricted=restricted))
    sides = sides_of(row.pk for row in page.object_list)
    page.object_list = [row_of(row, sides.get(row.pk, "")) for row in page.object_list]
    context = {
        "page": page,
        "q": text,
        "restricted": restricted,
        "filtered": bool(text or restricted),
        "tabs": record_tabs("web:parties"),
    }
    return render(request, "records/parties.html", context)


def sides_of(party_ids: Iterable[UUID]) -> dict[UUID, str]:
    """What each party does here that has an organization; the others were named by somebody."""
    found = Organization.objects.filter(party_id__in=list(party_ids))
    return {
        row.party_id: " and ".join(filter(None, ("rents" * row.is_renter, "provides" * row.is_provider)))
        for row in found
    }


def row_of(party: Any, side: str) -> dict[str, Any]:
    """A party as the table shows it."""
    return {
        "pk": party.pk,
        "name": party.name or "Erased",
        "kind": party.get_kind_display(),
        "side": side.capitalize() or "Named by a customer",
        "country": country_name(party.country) if party.country else "",
        "number": party.registration_number,
        "restricted": party.is_restricted,
        "open_case": party.has_open_case,
        "at": party.created_at,
    }
