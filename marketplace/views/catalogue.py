"""What everybody may see: the home page, the catalogue, an offer."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from compliance.selectors.identity import kyc_status
from marketplace.forms.catalogue import CatalogueFilter
from marketplace.models import Node, User
from marketplace.permissions import DEAL, active_membership
from marketplace.selectors import offers as selectors
from marketplace.selectors.gpu_models import gpu_models_on_offer
from marketplace.selectors.offers import OfferFilters, search_offers
from marketplace.views.base import crumb, page_of
from marketplace.views.leasing import CHECKED
from marketplace.views.places import place_of
from marketplace.views.samples import REFUSED

STEPS = (
    ("search", "Find", "Filter by model, place and price. Every figure comes from the machine's own agent."),
    ("shield", "Be cleared", "One check of both parties, the chip and the end use, answered with its reasons."),
    ("card", "Set money aside", "By card, from a prepaid balance, or in escrow on chain. You pay by the second."),
    ("play", "Compute", "Your container runs; logs come back. It stops when you say so, or when a limit is reached."),
)


def rows_of(offers: Any) -> list[dict[str, Any]]:
    """Offers with their places in words."""
    return [{"offer": offer, "place": place_of(offer.node)} for offer in offers]


def home(request: HttpRequest) -> HttpResponse:
    """What Gridclear is, with what is on offer this minute."""
    listed, free = selectors.gpus_on_offer()
    cheapest = search_offers(OfferFilters()).first()
    figures = {
        "listed": listed,
        "free": free,
        "lowest": cheapest.price_minor_per_gpu_hour if cheapest else None,
    }
    context = {
        "offers": rows_of(search_offers(OfferFilters())[:6]),
        "figures": figures,
        "steps": STEPS,
        "sample": REFUSED,
    }
    return render(request, "marketplace/home.html", context)


def catalogue(request: HttpRequest) -> HttpResponse:
    """The offers that fit the URL's filters; a filter that makes no sense is said and left out."""
    countries = search_offers(OfferFilters()).order_by().values_list("node__country", flat=True).distinct()
    form = CatalogueFilter(request.GET, models=gpu_models_on_offer(), countries=countries)
    form.is_valid()
    page = page_of(request, search_offers(filters_of(form.cleaned_data)))
    context = {
        "filter": form,
        "filtered": any(value for name, value in form.cleaned_data.items() if name != "sort"),
        "page": page,
        "rows": rows_of(page.object_list),
    }
    return render(request, "marketplace/catalogue.html", context)


def filters_of(data: dict[str, Any]) -> OfferFilters:
    """The form's words as the selector wants them."""
    return OfferFilters(
        gpu_models=(data["gpu"],) if data.get("gpu") else (),
        gpu_count=data.get("gpus") or 0,
        price_max_minor=data.get("max_price"),
        countries=(data["country"],) if data.get("country") else (),
        memory_gib_min=data.get("memory"),
        sort=data.get("sort") or "price",
    )


def offer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One offer. What is not active is its provider's alone to see."""
    user = request.user if isinstance(request.user, User) else None
    found = selectors.offer_for(user, pk) if user else selectors.public_offer(pk)
    membership = active_membership(request)
    most = min(found.gpu_count, max(found.free_gpus, 1))  # type: ignore[attr-defined]
    context = {
        "offer": found,
        "free": found.free_gpus if found.node.state == Node.State.ONLINE else 0,  # type: ignore[attr-defined]
        "place": place_of(found.node),
        "most": most,
        "estimate": found.price_minor_per_gpu_hour * most * 2,
        "mine": bool(membership and membership.organization_id == found.organization_id),
        "may_lease": may_lease(membership),
        "unverified": membership is not None and not kyc_status(membership.organization.party_id).in_force,
        "checked": CHECKED,
        "crumbs": [crumb("Catalogue", "/catalogue"), crumb(found.gpu_model.name)],
    }
    return render(request, "marketplace/offer.html", context)


def may_lease(membership: Any) -> bool:
    """Whether the person may open leases for the organization in use."""
    return bool(membership and membership.organization.is_renter and membership.role in DEAL)
