"""The lease wizard: offer, configure, review, answer. It keeps its state in the form, so it needs no script."""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.errors import Forbidden, NotFound, Refusal
from compliance.selectors.identity import kyc_status
from marketplace.client_address import client_address
from marketplace.forms.countries import country_name
from marketplace.forms.leases import END_USE_KINDS, RAILS, LeaseForm
from marketplace.models import Offer
from marketplace.permissions import DEAL, PAY
from marketplace.services import leases
from marketplace.services.lease_terms import LeaseRequest, price_of
from marketplace.templatetags.ui import money
from marketplace.views.base import Seat, crumb, member_view, show_refusal
from marketplace.views.money import available_minor, cards_of
from marketplace.views.places import place_of
from settlement.services.chain_deposits import prepare_deposit, takes_deposits

CHECKED = (
    ("user", "That your organization, and the provider, are verified and still valid"),
    ("search", "Both parties, their owners, their signatories and, on chain, the wallet against the loaded lists"),
    ("chip", "How the GPU is classified, and what follows for where you and your ultimate parent are headquartered"),
    ("building", "Who owns you, as far up as declared"),
    ("flag", "What you compute and for whom, and signs that something does not fit"),
)
SERVICE_NAMES = {"seconds": "max_seconds", "end_user": "end_user_kind"}


def open_offer(seat: Seat, pk: UUID) -> Offer:
    """The offer, if the person can see it. Raises NotFound."""
    found = Offer.objects.visible_to(seat.user).select_related("gpu_model", "node", "organization")
    offer = found.filter(pk=pk).first()
    if offer is None:
        raise NotFound
    return offer


@member_view
def lease_new(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """One address, three steps: `review` shows what was configured, `edit` goes back, `open` asks for the lease."""
    if not seat.may(DEAL):
        raise Forbidden("Your role cannot open leases. Nothing was changed; ask an owner of your organization.")
    offer = open_offer(seat, pk)
    free = leases.free_gpus_of(offer.node_id, offer.gpu_model_id)
    step = request.POST.get("step", "")
    form = LeaseForm(request.POST or None, offer=offer, free_gpus=free, cards=cards_of(seat.organization))
    if step == "edit":
        form.is_valid()
        form.errors.clear()
    elif step in {"review", "open"} and form.is_valid():
        seen = request.POST.get("seen_price", "")
        seen_price = int(seen) if step == "open" and seen.isdecimal() and len(seen) < 12 else None
        wanted = lease_request(form, seat, offer, request.POST.get("lease_id", ""), seen_price)
        wanted = replace(wanted, address=client_address(request))
        answer = ask(wanted, form, seat) if step == "open" else None
        if answer is not None:
            return answer
        if form.is_valid():
            return render(request, "marketplace/lease_review.html", review_context(form, seat, offer, wanted))
    return render(request, "marketplace/lease_new.html", configure_context(form, seat, offer))


def lease_request(
    form: LeaseForm, seat: Seat, offer: Offer, lease_id: str, seen_price: int | None = None
) -> LeaseRequest:
    """What the form asks for; the id is made once, so that sending it twice opens one lease."""
    data = form.cleaned_data
    escrow = data["rail"] == "escrow"
    return LeaseRequest(
        organization_id=seat.organization.pk,
        offer_id=offer.pk,
        gpu_count=data["gpu_count"],
        seconds=data["max_seconds"],
        rail=data["rail"],
        image=data["image"],
        end_use=data["end_use"],
        end_use_kind=data["end_use_kind"],
        end_user=form.end_user(),
        max_spend_minor=data["max_spend_minor"],
        command=data["command"],
        environment=data["environment"],
        ports=data["ports"],
        ssh_public_key=data["ssh_public_key"],
        payment_method=data["payment_method"] if data["rail"] == "card" else "",
        wallet=data["wallet"] if escrow else "",
        lease_id=parsed(lease_id) or uuid.uuid4(),
        price_minor_per_gpu_hour=seen_price,
    )


def parsed(text: str) -> UUID | None:
    """The id, or None where the text is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def ask(wanted: LeaseRequest, form: LeaseForm, seat: Seat) -> HttpResponse | None:
    """Where to go with the answer; None when the form has to say what is wrong."""
    try:
        lease = leases.request_lease(wanted, user=seat.user, actor=seat.actor)
    except Refusal as refusal:
        decision = refusal.extra.get("decision_id")
        if decision:
            return redirect(f"{reverse('web:decision', args=[decision])}?wizard=1")
        show_refusal(form, refusal, SERVICE_NAMES)
        return None
    if lease.rail == "escrow" and lease.hold is not None:
        # The page can ask for it again, so that a chain that does not answer costs one more press and no lease.
        with suppress(Refusal):
            prepare_deposit(lease.hold.pk)
    return redirect("web:lease", lease.pk)


def crumbs_of(offer: Offer) -> list[dict[str, str]]:
    """The way to this page."""
    return [
        crumb("Catalogue", "/catalogue"),
        crumb(offer.gpu_model.name, reverse("web:offer", args=[offer.pk])),
        crumb("Lease"),
    ]


def configure_context(form: LeaseForm, seat: Seat, offer: Offer) -> dict[str, Any]:
    """What the second step shows."""
    balance = available_minor(seat.organization)
    hints = {
        "balance": (f"{money(balance)} available", balance <= 0),
        "card": ("Held now, charged for what you used", False),
        "escrow": ("Test USDC, from your own wallet", not takes_deposits()),
    }
    rails = [
        {"value": value, "label": label, "hint": hints[value][0], "disabled": hints[value][1]} for value, label in RAILS
    ]
    return {
        "offer": offer,
        "free": form.free_gpus,
        "place": place_of(offer.node),
        "form": form,
        "rails": rails,
        "unverified": not kyc_status(seat.organization.party_id).in_force,
        "cardless": not form.fields["payment_method"].choices,  # type: ignore[attr-defined]
        "may_pay": seat.may(PAY),
        "crumbs": crumbs_of(offer),
    }


def review_context(form: LeaseForm, seat: Seat, offer: Offer, wanted: LeaseRequest) -> dict[str, Any]:
    """What the third step shows, and what it carries on."""
    price = price_of(wanted, offer)
    rate = price.per_gpu_hour * wanted.gpu_count
    end_user = wanted.end_user
    words = {
        "self": seat.organization.name,
        "other": f"{end_user.get('name', '')}, {country_name(end_user.get('country', ''))}",
        "undisclosed": "not named yet",
    }
    return {
        "offer": offer,
        "data": form.cleaned_data,
        "hold_minor": price.most,
        "currency": price.currency,
        "rate_minor": rate,
        "lasts": price.most * 3600 // rate,
        "rail_label": dict(RAILS)[wanted.rail],
        "end_use_kind_words": dict(END_USE_KINDS)[wanted.end_use_kind],
        "end_user_words": words[end_user["kind"]],
        "carried": carried(form, wanted.lease_id),
        "checked": CHECKED,
        "crumbs": crumbs_of(offer),
    }


def carried(form: LeaseForm, lease_id: UUID | None) -> Iterable[tuple[str, str]]:
    """Every field as it was sent, the id that the lease will have, and the price on the page."""
    for name in form.fields:
        yield name, form.data.get(name, "")
    yield "lease_id", str(lease_id)
    yield "seen_price", str(form.offer.price_minor_per_gpu_hour)
