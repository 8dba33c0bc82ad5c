"""Receipts and reconciliations."""

from django.db import models

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied
from settlement.models.holds import Hold


class Receipt(Row):
    """What the renter paid for one lease and what the provider got; written once, at settlement."""

    number = models.BigIntegerField(unique=True)
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="receipt")
    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="receipts")
    payee_party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="sales_receipts")
    subject_id = models.UUIDField(db_index=True)
    currency = models.CharField(max_length=8)
    billed_seconds = models.BigIntegerField()
    rate_minor_per_hour = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    payee_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0, help_text="Taken off before the total")
    credit_reason = models.CharField(max_length=32, blank=True)
    description = models.CharField(max_length=300, blank=True)

    class Meta:
        triggers = [Immutable(name="receipt_immutable"), NeverEmptied(name="receipt_never_emptied")]


class ReconciliationRun(Row):
    """One comparison of a rail with the ledger."""

    rail = models.CharField(max_length=8)
    ledger_minor = models.BigIntegerField()
    rail_minor = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    items_compared = models.PositiveIntegerField(default=0)
    balanced = models.BooleanField()
    through_at = models.DateTimeField(help_text="The rail's lines up to here were compared")

    class Meta:
        indexes = [
            models.Index(fields=["rail", "-created_at"], name="runs_of_a_rail"),
            models.Index(fields=["-created_at"], condition=models.Q(balanced=False), name="runs_that_differed"),
        ]


class ReconciliationDifference(Row):
    """One thing on which rail and ledger do not agree."""

    run = models.ForeignKey(ReconciliationRun, on_delete=models.PROTECT, related_name="differences")
    external_id = models.CharField(max_length=120)
    ledger_minor = models.BigIntegerField(null=True)
    rail_minor = models.BigIntegerField(null=True)
    explanation = models.CharField(max_length=200)
