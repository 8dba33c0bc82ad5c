"""Suspensions of laws that two officers recorded."""

from datetime import date

from django.db.models import QuerySet

from compliance.models import Case, LawSuspension


def recorded_suspensions(day: date) -> QuerySet[LawSuspension]:
    """Those in force on the day: released by two officers, and not taken back."""
    released = LawSuspension.objects.filter(case__disposition=Case.Disposition.RELEASE, taken_back_at=None)
    return released.filter(starts_on__lte=day, ends_on__gt=day).order_by("law", "starts_on", "id")


def all_suspensions() -> QuerySet[LawSuspension]:
    """Every one that was asked for, the newest first, with its case."""
    return LawSuspension.objects.select_related("case").order_by("-created_at")
