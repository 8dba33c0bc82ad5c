"""Disputes: money that a cardholder's bank took back, who bears it, and what was answered."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import Row, StatefulRow
from compliance.base.walls import Immutable, NeverEmptied
from settlement.models.holds import Hold
from settlement.models.payments import CardPayment


class Dispute(StatefulRow):
    """A cardholder went to the bank about one payment. The deadline of an unanswered one is the bank's.

    LOST has no deadline: nothing waits for it, but a bank may still turn it round.
    """

    class State(models.TextChoices):
        NEEDS_RESPONSE = "needs_response", "Needs an answer"
        UNDER_REVIEW = "under_review", "At the bank"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        CLOSED = "closed", "Closed without money"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.NEEDS_RESPONSE: frozenset({State.UNDER_REVIEW, State.WON, State.LOST, State.CLOSED}),
        State.UNDER_REVIEW: frozenset({State.WON, State.LOST, State.CLOSED}),
        State.LOST: frozenset({State.WON}),
    }

    external_id = models.CharField(max_length=64, unique=True)
    payment = models.ForeignKey(CardPayment, on_delete=models.PROTECT, related_name="disputes")
    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="disputes")
    reason = models.CharField(max_length=40)
    currency = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    evidence_sent_at = models.DateTimeField(null=True, blank=True)
    evidence_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what was handed in")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_amount_is_positive")]
        triggers = [
            Immutable(name="dispute_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="dispute_never_emptied"),
        ]


class DisputeShare(Row):
    """What one side bears of the money that a dispute took, and how much of it came back."""

    class Bearer(models.TextChoices):
        PREPAID = "prepaid", "The renter's free prepaid money"
        PROVIDER = "provider", "The provider of a lease that it paid"
        PLATFORM = "platform", "The platform, its fee of such a lease"
        RENTER = "renter", "The renter, who owes it"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="shares")
    movement_id = models.CharField(max_length=64, help_text="The line of the network's balance that took it")
    bearer = models.CharField(max_length=10, choices=Bearer)
    party = models.ForeignKey(
        "compliance.Party", null=True, blank=True, on_delete=models.PROTECT, related_name="dispute_shares"
    )
    hold = models.ForeignKey(Hold, null=True, blank=True, on_delete=models.PROTECT, related_name="dispute_shares")
    amount_minor = models.BigIntegerField()
    returned_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) & Q(returned_minor__gte=0) & Q(returned_minor__lte=F("amount_minor")),
                name="share_returned_within_share",
            ),
        ]
        triggers = [
            Immutable(name="dispute_share_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="dispute_share_never_emptied"),
        ]
