"""Offers and the catalogue in the API."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.base import IDEMPOTENCY_KEY, ApiView, OnceView, Scope, checked
from marketplace.api.pagination import AsSorted
from marketplace.api.shapes_supply import GpuModelShape, OfferChange, OfferQuery, OfferShape, OfferWanted
from marketplace.models import Offer
from marketplace.selectors import gpu_models
from marketplace.selectors.offers import OfferFilters, offer_for, search_offers
from marketplace.services import offers
from marketplace.services.offers import OfferTerms

LISTS = ("gpu_model", "country")


class GpuModels(ApiView):
    """The catalogue of models."""

    @extend_schema(operation_id="gpu_models", responses=GpuModelShape(many=True))
    def get(self, request: Request) -> Response:
        """Every model, by name."""
        return Response(GpuModelShape(gpu_models.gpu_models(), many=True).data)


class Offers(OnceView):
    """Search, and a provider's new offers."""

    scopes = {"POST": Scope.OFFERS}
    pagination_class = AsSorted

    @extend_schema(operation_id="offers_search", parameters=[OfferQuery], responses=OfferShape(many=True))
    def get(self, request: Request) -> Response:
        """Active offers on nodes that are online."""
        wanted = _query(request)
        filters = OfferFilters(
            gpu_models=tuple(wanted.get("gpu_model", ())),
            gpu_count=wanted.get("gpu_count", 0),
            price_max_minor=wanted.get("price_max_minor"),
            countries=tuple(wanted.get("country", ())),
            region=wanted.get("region", ""),
            memory_gib_min=wanted.get("memory_gib_min"),
            cpu_min=wanted.get("cpu_min"),
            ram_mib_min=wanted.get("ram_mib_min"),
            simulated=wanted["simulated"],
            provider_id=wanted.get("provider"),
            sort=wanted["sort"],
        )
        return self.page(search_offers(filters), OfferShape)

    @extend_schema(
        operation_id="offers_create", parameters=[IDEMPOTENCY_KEY], request=OfferWanted, responses={201: OfferShape}
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """The offer is active."""
        return super().post(request, **kwargs)

    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """One offer for each key."""
        wanted = checked(OfferWanted, request)
        acting = self.principal
        node_id, gpu_slug = wanted.pop("node_id"), wanted.pop("gpu_model")
        offer = offers.create_offer(
            acting.organization, node_id, gpu_slug, OfferTerms(**wanted), user=acting.user, actor=acting.actor
        )
        return Response(self.shown(OfferShape, offer_for(acting.viewer, offer.pk)), status=201)


class OneOffer(ApiView):
    """One offer."""

    scopes = {"PATCH": Scope.OFFERS}

    @extend_schema(operation_id="offers_read", responses=OfferShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """The offer with what is free of it now."""
        return Response(self.shown(OfferShape, offer_for(self.principal.viewer, pk)))

    @extend_schema(operation_id="offers_change", request=OfferChange, responses=OfferShape)
    def patch(self, request: Request, pk: UUID) -> Response:
        """The offer has the new terms."""
        acting = self.principal
        offer = offer_for(acting.viewer, pk)
        acting.own(offer.organization_id)
        terms = OfferTerms(offer.gpu_count, offer.price_minor_per_gpu_hour, offer.min_seconds, offer.max_seconds)
        terms = replace(terms, **checked(OfferChange, request))
        offers.change_offer(pk, terms, user=acting.user, actor=acting.actor)
        return Response(self.shown(OfferShape, offer_for(acting.viewer, pk)))


class _MoveOffer(ApiView):
    scopes = {"POST": Scope.OFFERS}

    def move(self, pk: UUID, deed: Any) -> Response:
        """The offer is where the deed put it."""
        acting = self.principal
        acting.own(offer_for(acting.viewer, pk).organization_id)
        offer: Offer = deed(pk, user=acting.user, actor=acting.actor)
        return Response(self.shown(OfferShape, offer_for(acting.viewer, offer.pk)))


class PauseOffer(_MoveOffer):
    """No new leases for now."""

    @extend_schema(operation_id="offers_pause", request=None, responses=OfferShape)
    def post(self, request: Request, pk: UUID) -> Response:
        """The offer is paused; running leases go on."""
        return self.move(pk, offers.pause_offer)


class ResumeOffer(_MoveOffer):
    """New leases again."""

    @extend_schema(operation_id="offers_resume", request=None, responses=OfferShape)
    def post(self, request: Request, pk: UUID) -> Response:
        """The offer is active again."""
        return self.move(pk, offers.resume_offer)


class WithdrawOffer(_MoveOffer):
    """The offer's end."""

    @extend_schema(operation_id="offers_withdraw", request=None, responses=OfferShape)
    def post(self, request: Request, pk: UUID) -> Response:
        """The offer is withdrawn for good; running leases go on."""
        return self.move(pk, offers.withdraw_offer)


def _query(request: Request) -> dict[str, Any]:
    raw: dict[str, Any] = {name: request.query_params[name] for name in request.query_params}
    for name in LISTS:
        if name in raw:
            raw[name] = request.query_params.getlist(name)
    read = OfferQuery(data=raw)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)
