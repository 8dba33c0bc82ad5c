"""Screenings of parties against the watchlists, with every match explained."""

from typing import ClassVar

from django.db import models

from compliance.base.models import Row, StatefulRow
from compliance.models.parties import Party
from compliance.models.watchlists import ListedParty


class Screening(Row):
    """The party, as its facts stood, was compared with the list versions named, by the code named."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="screenings")
    subject_hash = models.CharField(max_length=64)
    list_versions = models.JSONField(default=dict, help_text="list code -> version id")
    trigger = models.CharField(max_length=40, help_text="gate, list_change, scheduled")
    compared_by = models.CharField(max_length=200, blank=True, help_text="Names the code that compared the names")

    class Meta:
        indexes = [models.Index(fields=["party", "-created_at"])]


class Match(StatefulRow):
    """A listed party that may be the screened one. OPEN has no deadline of its own: its case has."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CONFIRMED = "confirmed", "Same party"
        FALSE_POSITIVE = "false_positive", "Another party"
        OUTDATED = "outdated", "The entry changed or is gone"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.OPEN: frozenset({State.CONFIRMED, State.FALSE_POSITIVE, State.OUTDATED}),
        State.FALSE_POSITIVE: frozenset({State.OPEN}),
    }

    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="matches")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="matches")
    listed_party = models.ForeignKey(ListedParty, on_delete=models.PROTECT, related_name="matches")
    list_code = models.CharField(max_length=40)
    external_id = models.CharField(max_length=80)
    entry_hash = models.CharField(max_length=64)
    listed_name = models.CharField(max_length=500)
    score = models.FloatField(help_text="0 to 1")
    threshold = models.FloatField()
    strength = models.CharField(max_length=8, help_text="strong or weak")
    features = models.JSONField(default=list, help_text="Sentences that explain the score")

    class Meta:
        indexes = [models.Index(fields=["list_code", "external_id"])]

    @property
    def scope(self) -> str:
        """The scope by which the engine narrows a reason to this entry of a list."""
        return f"{self.list_code}:{self.external_id}:{self.entry_hash}"
