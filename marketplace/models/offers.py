"""Offers: GPUs of a node at a price."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from compliance.base.models import StatefulRow
from marketplace.models.gpu_models import GpuModel
from marketplace.models.nodes import Node
from marketplace.models.organizations import Organization
from marketplace.models.viewer import Viewer


class OfferQuerySet(models.QuerySet["Offer"]):
    """Offers, by who looks."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Active offers, and all of the viewer's own organizations."""
        if viewer.is_platform_staff:
            return self
        return self.filter(Q(state=Offer.State.ACTIVE) | Q(organization_id__in=viewer.organization_ids()))


class Offer(StatefulRow):
    """So many GPUs of one model on one node, per GPU hour. ACTIVE and PAUSED last until the provider ends them."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.ACTIVE: frozenset({State.PAUSED, State.WITHDRAWN}),
        State.PAUSED: frozenset({State.ACTIVE, State.WITHDRAWN}),
    }

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="offers")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="offers")
    gpu_model = models.ForeignKey(GpuModel, on_delete=models.PROTECT, related_name="offers")
    gpu_count = models.PositiveSmallIntegerField(help_text="The most that one lease may take")
    price_minor_per_gpu_hour = models.PositiveIntegerField(help_text="USD cents")
    min_seconds = models.PositiveIntegerField(default=60)
    max_seconds = models.PositiveIntegerField(default=30 * 24 * 3600)

    objects = OfferQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["gpu_model", "price_minor_per_gpu_hour"],
                condition=Q(state="active"),
                name="offer_search",
            ),
            models.Index(fields=["price_minor_per_gpu_hour", "id"], condition=Q(state="active"), name="offer_by_price"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(price_minor_per_gpu_hour__gt=0), name="offer_price_is_positive"),
            models.CheckConstraint(condition=Q(gpu_count__gt=0), name="offer_has_gpus"),
            models.CheckConstraint(
                condition=Q(min_seconds__gte=60) & Q(min_seconds__lte=F("max_seconds")),
                name="offer_durations_fit",
            ),
        ]
