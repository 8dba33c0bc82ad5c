"""Bundles as officers see them."""

from uuid import UUID

from django.db.models import QuerySet

from marketplace.models import Bundle


def bundles_about(about_ids: list[UUID]) -> QuerySet[Bundle]:
    """The bundles about any of these, newest first."""
    return Bundle.objects.filter(about_id__in=about_ids).order_by("-created_at")


def exports_of(user_id: UUID) -> QuerySet[Bundle]:
    """The exports that the person asked for itself, newest first."""
    mine = Bundle.objects.filter(kind=Bundle.Kind.PERSON, about_id=user_id, requested_by=f"user:{user_id}")
    return mine.order_by("-created_at")


def bundles() -> QuerySet[Bundle]:
    """Every bundle of evidence and every export, newest first."""
    return Bundle.objects.exclude(kind=Bundle.Kind.INVOICE).order_by("-created_at")
