"""A provider's nodes and offers."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from compliance.base.errors import NotFound, Refusal
from marketplace.forms.provider import EnrolForm, OfferForm, TermsForm, terms_of
from marketplace.models import Node, Offer
from marketplace.permissions import DEAL
from marketplace.selectors.nodes import gpus_of, node_for
from marketplace.services import nodes, offers
from marketplace.services.offers import OfferTerms
from marketplace.views.base import Seat, crumb, member_view, show_refusal
from marketplace.views.place_map import map_of
from marketplace.views.places import place_of

TRAIL = [crumb("Provider", "/provider")]
# For a machine without a GPU, where the settings let one be simulated: never in production.
SIMULATION = '--simulate-gpu "NVIDIA H100 80GB HBM3:2"'


def require_provider(seat: Seat) -> None:
    """The organization in use provides. Raises NotFound otherwise."""
    if not seat.organization.is_provider:
        raise NotFound("This organization is not set up to provide. An owner can turn it on under Organization.")


@member_view
def enrol(request: HttpRequest, seat: Seat) -> HttpResponse:
    """A token for one node, shown once with the command that uses it."""
    require_provider(seat)
    form = EnrolForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "crumbs": [*TRAIL, crumb("Enrol a node")]}
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            token, secret = nodes.create_enrolment_token(
                seat.organization, data["node_name"], data["country"], data["region"], data["city"], user=seat.user
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            command = f"gridclear agent enrol --url {settings.GRIDCLEAR_BASE_URL} --token {secret}"
            context |= {
                "token": secret,
                "command": command,
                "expires_at": token.expires_at,
                "node_name": token.node_name,
                "simulation": SIMULATION if settings.GRIDCLEAR_ALLOW_SIMULATED else "",
            }
    return render(request, "marketplace/enrol.html", context)


@member_view
def node(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """One node with its GPUs."""
    found = node_for(seat.user, pk)
    context = {
        "node": found,
        "place": place_of(found),
        "gpus": gpus_of(found),
        "map": map_of(found),
        "may_retire": seat.may(DEAL) and found.state != Node.State.RETIRED,
        "crumbs": [*TRAIL, crumb(found.name)],
    }
    return render(request, "marketplace/node.html", context)


@member_view
def node_retire(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """The page asks once more; then the node takes no more part."""
    found = node_for(seat.user, pk)
    if request.method == "POST":
        try:
            nodes.retire_node(pk, user=seat.user, actor=seat.actor)
        except nodes.NodeInUse as refusal:
            messages.error(request, refusal.message)
            return redirect("web:node", pk)
        messages.success(request, f"{found.name} is retired, and its offers are withdrawn.")
        return redirect("web:provider")
    context = {
        "heading": f"Retire {found.name}?",
        "consequence": "Its offers are withdrawn and its agent is refused from now on. This cannot be undone: "
        "the machine comes back only as a new node. What it earned is paid as ever.",
        "verb": "Retire it",
        "back": reverse("web:node", args=[pk]),
    }
    return render(request, "marketplace/confirm.html", context)


def _sources(seat: Seat) -> list[tuple[str, str]]:
    """Nodes and GPU models that can be offered, as `node:slug` and words."""
    found = (
        Node.objects.filter(organization=seat.organization)
        .exclude(state=Node.State.RETIRED)
        .filter(gpus__present=True, gpus__gpu_model__isnull=False)
        .values("id", "name", "gpus__gpu_model_id", "gpus__gpu_model__name")
        .annotate(count=Count("gpus"))
        .order_by("name", "gpus__gpu_model__name")
    )
    return [
        (
            f"{row['id']}:{row['gpus__gpu_model_id']}",
            f"{row['count']} × {row['gpus__gpu_model__name']} on {row['name']}",
        )
        for row in found
    ]


def _terms(data: dict[str, Any]) -> OfferTerms:
    return OfferTerms(
        gpu_count=data["gpu_count"],
        price_minor_per_gpu_hour=data["price_minor_per_gpu_hour"],
        min_seconds=data["min_seconds"],
        max_seconds=data["max_seconds"],
    )


def _fee() -> str:
    return f"{settings.GRIDCLEAR_FEE_BPS / 100:g} %"


@member_view
def offer_new(request: HttpRequest, seat: Seat) -> HttpResponse:
    """A new offer on GPUs that an agent has reported."""
    require_provider(seat)
    sources = _sources(seat)
    form = OfferForm(request.POST or None, sources=sources) if sources else None
    if request.method == "POST" and form is not None and form.is_valid():
        node_id, _, slug = form.cleaned_data["source"].partition(":")
        try:
            offers.create_offer(
                seat.organization, UUID(node_id), slug, _terms(form.cleaned_data), user=seat.user, actor=seat.actor
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Your offer is in the catalogue.")
            return redirect("web:provider")
    context = {
        "form": form,
        "heading": "New offer",
        "lead": "Renters find it at once; the gate decides about each lease.",
        "verb": "Put it up",
        "fee": _fee(),
        "crumbs": [*TRAIL, crumb("New offer")],
    }
    return render(request, "marketplace/offer_form.html", context)


def _own_offer(seat: Seat, pk: UUID) -> Offer:
    found = Offer.objects.filter(pk=pk, organization_id__in=seat.user.organization_ids())
    offer = found.select_related("gpu_model", "node").first()
    if offer is None:
        raise NotFound
    return offer


@member_view
def offer_edit(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """The terms of one's own offer."""
    offer = _own_offer(seat, pk)
    form = TermsForm(request.POST or None, initial=terms_of(offer))
    if request.method == "POST" and form.is_valid():
        try:
            offers.change_offer(pk, _terms(form.cleaned_data), user=seat.user, actor=seat.actor)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The offer has its new terms. Open leases keep theirs.")
            return redirect("web:provider")
    context = {
        "offer": offer,
        "form": form,
        "heading": f"{offer.gpu_model.name} on {offer.node.name}",
        "lead": "What renters see and pay.",
        "verb": "Save",
        "fee": _fee(),
        "crumbs": [*TRAIL, crumb("Edit offer")],
    }
    return render(request, "marketplace/offer_form.html", context)


@require_POST
@member_view
def offer_state(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """The offer is paused, active again, or withdrawn."""
    deeds = {
        "pause": (offers.pause_offer, "The offer takes no new leases."),
        "resume": (offers.resume_offer, "The offer is in the catalogue again."),
        "withdraw": (offers.withdraw_offer, "The offer is withdrawn."),
    }
    chosen = deeds.get(request.POST.get("action", ""))
    if chosen is None:
        raise NotFound
    deed, words = chosen
    deed(pk, user=seat.user, actor=seat.actor)
    messages.success(request, words)
    return redirect("web:provider")
