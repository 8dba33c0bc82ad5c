"""Bundles as officers see them."""

from uuid import UUID

from django.db.models import QuerySet

from marketplace.models import Bundle


def bundles_about(about_ids: list[UUID]) -> QuerySet[Bundle]:
    """The bundles about any of these, newest first."""
    return Bundle.objects.filter(about_id__in=about_ids).order_by("-created_at")


def bundles() -> QuerySet[Bundle]:
    """Every bundle, newest first."""
    return Bundle.objects.order_by("-created_at")
