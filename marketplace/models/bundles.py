"""Bundles: evidence, exports and long documents, made in the background, downloaded, and gone after a week."""

from typing import ClassVar

from django.db import models

from compliance.base.models import StatefulRow
from marketplace.models.organizations import Organization


class Bundle(StatefulRow):
    """One ZIP about one decision, lease or party, or the PDF of one long invoice.

    The file lies sealed under the keys of those whom it is about.
    """

    class Kind(models.TextChoices):
        DECISION = "decision", "Evidence of a decision"
        LEASE = "lease", "Evidence of a lease"
        PARTY = "party", "Evidence of a party"
        PERSON = "person", "A person's own data"
        SUBJECT = "subject", "A party's own data"
        INVOICE = "invoice", "An invoice as PDF"

    class State(models.TextChoices):
        REQUESTED = "requested", "Requested"
        BUILDING = "building", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.REQUESTED: frozenset({State.BUILDING, State.FAILED}),
        State.BUILDING: frozenset({State.READY, State.FAILED}),
        State.READY: frozenset({State.EXPIRED}),
    }
    # What people get of themselves: nothing in it tips off.
    EVIDENCE: ClassVar[tuple[str, ...]] = (Kind.DECISION, Kind.LEASE, Kind.PARTY)
    EXPORTS: ClassVar[tuple[str, ...]] = (Kind.PERSON, Kind.SUBJECT)
    OPEN: ClassVar[tuple[str, ...]] = (State.REQUESTED, State.BUILDING, State.READY)

    kind = models.CharField(max_length=12, choices=Kind)
    about_id = models.UUIDField(db_index=True, help_text="The decision, lease, party, person or invoice")
    organization = models.ForeignKey(
        Organization,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="bundles",
        help_text="Whose it is",
    )
    requested_by = models.CharField(max_length=120)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent")
    sha256 = models.CharField(max_length=64, blank=True)
    byte_size = models.BigIntegerField(default=0)
    sealed_under = models.JSONField(default=list, help_text="Whose keys open the file, in order")
    file_gone_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "about_id", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.about_id}"
