"""Documents: what a party or an officer hands in, kept as sealed pictures outside the database."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from compliance.base.models import Row, StatefulRow
from compliance.models.cases import Case, CaseNote
from compliance.models.parties import Party


class Document(StatefulRow):
    """One document of one party, or of a case that is about no party.

    STORED has no deadline: retention ends it. REFUSED stays to be looked at and counts for nothing.
    """

    class Kind(models.TextChoices):
        PASSPORT = "passport", "Passport"
        IDENTITY_CARD = "identity_card", "Identity card"
        LIVENESS = "liveness", "Photo with the code in hand"
        REGISTRY_EXTRACT = "registry_extract", "Extract of the company register"
        PROOF_OF_ADDRESS = "proof_of_address", "Proof of address"
        OWNERSHIP = "ownership", "Proof of ownership"
        ANSWER = "answer", "Attachment to an answer"
        EVIDENCE = "evidence", "Evidence of an officer"

    class State(models.TextChoices):
        STORING = "storing", "Being stored"
        STORED = "stored", "Stored"
        REFUSED = "refused", "Not good enough"
        DISCARDED = "discarded", "Discarded"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.STORING: frozenset({State.STORED, State.DISCARDED}),
        State.STORED: frozenset({State.REFUSED, State.DISCARDED}),
    }

    party = models.ForeignKey(Party, null=True, blank=True, on_delete=models.PROTECT, related_name="documents")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="documents")
    note = models.ForeignKey(CaseNote, null=True, blank=True, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20, choices=Kind)
    found_type = models.CharField(max_length=20, help_text="Media type of what was handed in, by its content")
    pages = models.PositiveSmallIntegerField()
    page_types = models.JSONField(default=list, help_text="Media type of each page as kept")
    byte_size = models.PositiveIntegerField(help_text="Of all pages before they were sealed")
    original_sha256 = models.CharField(max_length=64, help_text="Of the file as it was handed in; it is not kept")
    code = models.CharField(max_length=12, blank=True, help_text="What the person was asked to hold in the hand")
    uploaded_by = models.CharField(max_length=120)
    pages_gone_at = models.DateTimeField(null=True, blank=True, help_text="When its sealed pages were deleted")

    class Meta:
        indexes = [models.Index(fields=["party", "kind", "-created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(party__isnull=False) | Q(case__isnull=False), name="document_belongs_somewhere"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class LivenessCode(Row):
    """A short code that a person writes down and holds in the hand on a photo: the photo is of today and for us."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="liveness_codes")
    code = models.CharField(max_length=12)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party"], condition=Q(used_at=None), name="one_open_code_per_party")
        ]
