"""Identity verification (KYC): who a party is, to which level, until when, and what a vendor proved of it."""

from datetime import datetime
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
    levels = models.CharField(max_length=40, blank=True, help_text="What the levels asked for then: identity@version")
    renews = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="renewals", help_text="In force then"
    )
    method = models.CharField(max_length=40, default="officer_review")
    declaration = models.JSONField(default=dict, blank=True)
    facts_digest = models.CharField(
        max_length=64, blank=True, help_text="Of the party, its owners and theirs as submitted; a change ends its force"
    )
    documents = models.ManyToManyField("compliance.Document", blank=True, related_name="verifications")
    decided_by = models.CharField(max_length=120, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    extended_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="A renewal came in time: in force until it is decided or until then",
    )
    reminded_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The last reminder was the one of so many days before the expiry"
    )
    reminder_claimed_at = models.DateTimeField(null=True, blank=True, help_text="Somebody sends a reminder since then")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party"],
                condition=models.Q(state="submitted"),
                name="one_open_verification_per_party",
            )
        ]

    @property
    def in_force_until(self) -> datetime | None:
        """When a VERIFIED one loses its force, a timely renewal taken into account."""
        return self.extended_until or self.expires_at


class IdentityCheck(StatefulRow):
    """One check of a person at a vendor. What was proven lies sealed; VERIFIED has no deadline, its age counts."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for the person"
        PROCESSING = "processing", "Being checked"
        VERIFIED = "verified", "Verified"
        FAILED = "failed", "Not verified"
        CANCELED = "canceled", "Ended without an answer"
        REDACTED = "redacted", "Verified, and forgotten at the vendor"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.PENDING: frozenset({State.PROCESSING, State.VERIFIED, State.FAILED, State.CANCELED}),
        State.PROCESSING: frozenset({State.PENDING, State.VERIFIED, State.FAILED, State.CANCELED}),
        State.FAILED: frozenset({State.PENDING, State.PROCESSING, State.VERIFIED, State.CANCELED}),
        State.VERIFIED: frozenset({State.REDACTED}),
    }

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="identity_checks")
    vendor = models.CharField(max_length=40)
    proves = models.BooleanField(default=False, help_text="Verified, it stands for document and liveness")
    external_id = models.CharField(max_length=120, blank=True, db_index=True)
    failure = models.CharField(max_length=64, blank=True)
    person_sealed = models.BinaryField(null=True, help_text="Name, birth date and document as proven, sealed")
    verified_at = models.DateTimeField(null=True, blank=True)
    refresh_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="When the vendor is asked next")
    started_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "external_id"], condition=~models.Q(external_id=""), name="one_check_per_external_id"
            ),
            models.UniqueConstraint(
                fields=["party", "vendor"],
                condition=models.Q(state__in=["pending", "processing", "failed"]),
                name="one_open_check_per_party_and_vendor",
            ),
        ]
