"""The catalogue of GPU models."""

from django.db.models import Count, Min, Q, QuerySet

from marketplace.models import GpuModel, Node, Offer


def gpu_models() -> QuerySet[GpuModel]:
    """Every model, by name."""
    return GpuModel.objects.order_by("name")


def gpu_models_on_offer() -> QuerySet[GpuModel]:
    """The models that are on offer now, each with `offers_now` and `lowest_price_minor` (USD cents per GPU hour)."""
    active = Q(offers__state=Offer.State.ACTIVE, offers__node__state=Node.State.ONLINE)
    return (
        GpuModel.objects.annotate(
            offers_now=Count("offers", filter=active),
            lowest_price_minor=Min("offers__price_minor_per_gpu_hour", filter=active),
        )
        .filter(offers_now__gt=0)
        .order_by("name")
    )
