"""Identity verification (KYC): who a party is, to which level, until when."""

from typing import ClassVar

from django.db import models

from compliance.base.models import StatefulRow
from compliance.models.parties import Party


class IdentityVerification(StatefulRow):
    """One pass of verification of one party; the newest VERIFIED and unexpired one counts."""

    class Level(models.TextChoices):
        INDIVIDUAL = "individual", "Individual"
        BUSINESS = "business", "Business"
        ENHANCED = "enhanced", "Enhanced"

    class State(models.TextChoices):
        SUBMITTED = "submitted", "Submitted"
        VERIFIED = "verified", "Verified"
        REJECTED = "rejected", "Rejected"
        EXPIRED = "expired", "Expired"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.SUBMITTED: frozenset({State.VERIFIED, State.REJECTED, State.EXPIRED}),
        State.VERIFIED: frozenset({State.EXPIRED, State.REJECTED}),
    }

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="verifications")
    level = models.CharField(max_length=12, choices=Level)
    method = models.CharField(max_length=40, default="officer_review")
    declaration = models.JSONField(default=dict, blank=True)
    facts_digest = models.CharField(
        max_length=64, blank=True, help_text="Of the party, its owners and theirs as submitted; a change ends its force"
    )
    documents = models.ManyToManyField("compliance.Document", blank=True, related_name="verifications")
    decided_by = models.CharField(max_length=120, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party"],
                condition=models.Q(state="submitted"),
                name="one_open_verification_per_party",
            )
        ]
