"""Suspensions of laws by their authorities, recorded when no pack could be released in time."""

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied
from compliance.models.cases import Case


class LawSuspension(Row):
    """An authority suspended a law from `starts_on` until `ends_on` (exclusive).

    In force only when the case that asks for it was released, which takes two officers; until it is taken back.
    """

    law = models.CharField(max_length=64, help_text="The name under which packs mark the rules that rest on it")
    starts_on = models.DateField()
    ends_on = models.DateField()
    citation = models.CharField(max_length=300)
    asked_by = models.CharField(max_length=120)
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="law_suspension")
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(starts_on__lt=models.F("ends_on")), name="suspension_has_an_end"),
        ]
        triggers = [
            Immutable(name="law_suspension_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="law_suspension_never_emptied"),
        ]

    def __str__(self) -> str:
        return f"{self.law} until {self.ends_on}"
