"""From when each class of a subject's records runs, and what holds a subject whatever has ended."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import StatefulRow
from compliance.base.walls import Immutable, NeverEmptied
from compliance.models.parties import Party


class RetentionClock(models.Model):
    """Records of one class about one party run from this moment; None while they do not run yet.

    `source` names who tells it: each tells anew what it told before. The clocks are derived and can be made again.
    """

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="retention_clocks")
    record_class = models.CharField(max_length=20)
    source = models.CharField(max_length=20)
    runs_from = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party", "record_class", "source"], name="one_clock_per_class_and_source")
        ]


class LegalHold(StatefulRow):
    """Nothing of the party, nor of whom its records name, is erased. No deadline: only two officers end it."""

    class State(models.TextChoices):
        STANDING = "standing", "Standing"
        LIFT_PROPOSED = "lift_proposed", "To be lifted: waiting for a second officer"
        LIFTED = "lifted", "Lifted"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.STANDING: frozenset({State.LIFT_PROPOSED}),
        State.LIFT_PROPOSED: frozenset({State.STANDING, State.LIFTED}),
    }

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="legal_holds")
    reason = models.CharField(max_length=400)
    reference = models.CharField(max_length=80, blank=True, help_text="Of the proceeding or order")
    placed_by = models.CharField(max_length=120)
    lift_reason = models.CharField(max_length=400, blank=True)
    lift_proposed_by = models.CharField(max_length=120, blank=True)
    lift_approved_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [models.Index(fields=["party"], condition=~Q(state="lifted"), name="standing_hold")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="lifted")
                | (~Q(lift_proposed_by="") & ~Q(lift_approved_by="") & ~Q(lift_approved_by=F("lift_proposed_by"))),
                name="hold_lifted_by_four_eyes",
            )
        ]
        triggers = [
            Immutable(name="legal_hold_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="legal_hold_never_emptied"),
        ]

    def __str__(self) -> str:
        return f"hold on {self.party_id}"
