"""Batches: one entry of a list that is mistaken for many parties, answered once by two officers."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from compliance.base.models import Row, StatefulRow
from compliance.models.cases import Case
from compliance.models.watchlists import ListedParty


class CaseBatch(StatefulRow):
    """Cases in which one entry of a list, as it stood, is said to be another party than each of theirs.

    One officer proposes, another approves; a quarter of an hour later it is sealed. Until then it can be undone whole,
    and nothing has been released. `why` and `approval` are about the entry and name no party.
    """

    class State(models.TextChoices):
        PREPARING = "preparing", "Being proposed"
        PROPOSED = "proposed", "Waiting for a second officer"
        APPROVED = "approved", "Approved, not sealed yet"
        SEALING = "sealing", "Being sealed"
        SEALED = "sealed", "Sealed"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.PREPARING: frozenset({State.PROPOSED, State.UNDOING}),
        State.PROPOSED: frozenset({State.APPROVED, State.UNDOING}),
        State.APPROVED: frozenset({State.SEALING, State.UNDOING}),
        State.SEALING: frozenset({State.SEALED}),
        State.UNDOING: frozenset({State.UNDONE}),
    }

    WORKING: ClassVar[frozenset[str]] = frozenset({State.PREPARING, State.SEALING, State.UNDOING})
    MAY_BE_UNDONE: ClassVar[frozenset[str]] = frozenset({State.PREPARING, State.PROPOSED, State.APPROVED})

    number = models.BigIntegerField(unique=True)
    listed_party = models.ForeignKey(ListedParty, on_delete=models.PROTECT, related_name="+")
    list_code = models.CharField(max_length=40)
    external_id = models.CharField(max_length=80)
    entry_hash = models.CharField(max_length=64)
    why = models.TextField()
    proposed_by = models.CharField(max_length=120)
    approval = models.TextField(blank=True)
    approved_by = models.CharField(max_length=120, blank=True)
    undone_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "sealing", "sealed"])
                | (~Q(approved_by="") & ~Q(approved_by=F("proposed_by"))),
                name="batch_needs_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"Batch {self.number}"


class CaseBatchItem(Row):
    """One case of a batch, and what became of it there."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting"
        PROPOSED = "proposed", "Proposed"
        RELEASED = "released", "Released"
        SKIPPED = "skipped", "Left out"
        RETURNED = "returned", "Open again"

    batch = models.ForeignKey(CaseBatch, on_delete=models.PROTECT, related_name="items")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="batch_items")
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.WAITING)
    why_skipped = models.CharField(max_length=64, blank=True, help_text="The code of the refusal")
    proposed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the case came to await approval for this batch: tells it from later ones"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "case"], name="one_item_per_case_and_batch")]
        indexes = [models.Index(fields=["batch", "outcome"])]
