"""Offers as renters find them and providers keep them."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Least

from compliance.base.errors import InvalidInput, NotFound
from marketplace.models import Allocation, Gpu, Node, Offer, Organization
from marketplace.models.viewer import Viewer

# Each name is what people choose; ties are broken by id, so that pages do not overlap.
SORTS: dict[str, tuple[str, ...]] = {
    "price": ("price_minor_per_gpu_hour", "id"),
    "-price": ("-price_minor_per_gpu_hour", "id"),
    "newest": ("-created_at", "id"),
    "-memory": ("-memory_gib", "id"),
    "-free": ("-free_gpus", "id"),
}


class UnknownSort(InvalidInput):
    """There is no such order."""

    code = "unknown_sort"
    default_message = f"Offers can be sorted by {', '.join(SORTS)}."


@dataclass(frozen=True, slots=True)
class OfferFilters:
    """What a renter looks for; empty means any. USD cents, GiB, MiB; `gpu_count` GPUs must be free now."""

    gpu_models: tuple[str, ...] = ()
    gpu_count: int = 0
    price_max_minor: int | None = None
    countries: tuple[str, ...] = ()
    region: str = ""
    memory_gib_min: int | None = None
    cpu_min: int | None = None
    ram_mib_min: int | None = None
    simulated: bool | None = None
    provider_id: UUID | None = None
    sort: str = "price"


def search_offers(filters: OfferFilters) -> QuerySet[Offer]:
    """Active offers on nodes that are online, each with `free_gpus` and `memory_gib`. Raises UnknownSort.

    One query, however many rows are shown.
    """
    if filters.sort not in SORTS:
        raise UnknownSort
    offers = with_free_gpus(Offer.objects.filter(state=Offer.State.ACTIVE, node__state=Node.State.ONLINE))
    wanted = {
        "gpu_model_id__in": filters.gpu_models or None,
        "price_minor_per_gpu_hour__lte": filters.price_max_minor,
        "node__country__in": tuple(code.upper() for code in filters.countries) or None,
        "node__region__iexact": filters.region or None,
        "gpu_model__memory_gib__gte": filters.memory_gib_min,
        "node__cpu_count__gte": filters.cpu_min,
        "node__ram_mib__gte": filters.ram_mib_min,
        "node__simulated": filters.simulated,
        "organization_id": filters.provider_id,
        "gpu_count__gte": filters.gpu_count or None,
        "free_gpus__gte": filters.gpu_count or None,
    }
    offers = offers.filter(**{name: value for name, value in wanted.items() if value is not None})
    return offers.order_by(*SORTS[filters.sort])


def offer_for(viewer: Viewer, offer_id: UUID) -> Offer:
    """The offer with `free_gpus`. Raises NotFound for a stranger to an offer that is not active."""
    offer = with_free_gpus(Offer.objects.visible_to(viewer)).filter(pk=offer_id).first()
    if offer is None:
        raise NotFound
    return offer


def public_offer(offer_id: UUID) -> Offer:
    """The active offer with `free_gpus`, for anybody. Raises NotFound."""
    offer = with_free_gpus(Offer.objects.filter(state=Offer.State.ACTIVE)).filter(pk=offer_id).first()
    if offer is None:
        raise NotFound
    return offer


def gpus_on_offer() -> tuple[int, int]:
    """(GPUs that active offers on online nodes name, those of them that are free now); each GPU counts once."""
    offered = Gpu.objects.filter(
        present=True,
        node__state=Node.State.ONLINE,
        node__offers__state=Offer.State.ACTIVE,
        node__offers__gpu_model=F("gpu_model"),
    ).distinct()
    taken = Allocation.objects.filter(gpu=OuterRef("pk"), closed_at=None)
    return offered.count(), offered.filter(~Exists(taken)).count()


def offers_of(organization: Organization) -> QuerySet[Offer]:
    """The organization's offers in every state, newest first, with `free_gpus`."""
    return with_free_gpus(Offer.objects.filter(organization=organization)).order_by("-created_at", "id")


def with_free_gpus(offers: QuerySet[Offer]) -> QuerySet[Offer]:
    """Each offer with its node, model, provider, `memory_gib`, and how many GPUs one lease could take of it now."""
    free = (
        Gpu.objects.filter(
            ~Exists(Allocation.objects.filter(gpu=OuterRef("pk"), closed_at=None)),
            node=OuterRef("node"),
            gpu_model=OuterRef("gpu_model"),
            present=True,
        )
        .order_by()
        .values("node")
        .annotate(free=Count("pk"))
        .values("free")
    )
    return offers.select_related("node", "gpu_model", "organization").annotate(
        free_gpus=Least(
            Coalesce(Subquery(free, output_field=IntegerField()), 0), F("gpu_count"), output_field=IntegerField()
        ),
        memory_gib=F("gpu_model__memory_gib"),
    )
