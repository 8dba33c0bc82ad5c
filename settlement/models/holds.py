"""Holds: money set aside for one lease before its GPUs run, and what usage earns from it."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall, update_of
from settlement.models.ledger import PendingTransfer

# Wall 2: whatever writes the row (raw SQL too), a hold opens only on a live clearance about these parties.
HOLD_NEEDS_CLEARANCE = """
IF NEW.state IN ('opening', 'open') AND NOT EXISTS (
    SELECT 1 FROM compliance_clearance c
    WHERE c.id = NEW.clearance_id AND c.purpose = 'lease' AND c.revoked_at IS NULL
      AND c.expires_at > greatest(now(), NEW.state_changed_at)
      AND c.subject_id = NEW.subject_id
      AND c.renter_party_id = NEW.party_id AND c.provider_party_id = NEW.payee_party_id
) THEN
    RAISE EXCEPTION 'a hold needs a live clearance about its lease and parties' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Hold(StatefulRow):
    """Up to `amount_minor` of the renter's money is reserved for one lease.

    Every state but FROZEN has a deadline: only compliance ends a freeze, in its own time.
    """

    class Rail(models.TextChoices):
        BALANCE = "balance", "Prepaid balance"
        CARD = "card", "Card"
        ESCROW = "escrow", "On-chain escrow"

    class State(models.TextChoices):
        OPENING = "opening", "Opening"
        OPEN = "open", "Open"
        FROZEN = "frozen", "Frozen"
        RELEASED = "released", "Released from the freeze, to be settled"
        SETTLING = "settling", "Settling"
        SETTLED = "settled", "Settled"
        FAILED = "failed", "Failed"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.OPENING: frozenset({State.OPEN, State.FAILED, State.FROZEN}),
        State.OPEN: frozenset({State.FROZEN, State.SETTLING}),
        State.FROZEN: frozenset({State.OPEN, State.RELEASED, State.FAILED}),
        State.RELEASED: frozenset({State.SETTLING, State.FROZEN}),
        State.SETTLING: frozenset({State.SETTLED, State.FROZEN}),
    }

    rail = models.CharField(max_length=8, choices=Rail)
    clearance = models.ForeignKey("compliance.Clearance", on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="holds")
    payee_party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="+")
    subject_id = models.UUIDField(unique=True, help_text="The lease")
    currency = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    pending = models.OneToOneField(
        PendingTransfer,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="hold",
        help_text="What usage is posted from, once the money is there",
    )
    final_minor = models.BigIntegerField(null=True, blank=True, help_text="Set when settling begins")
    credit_minor = models.BigIntegerField(default=0, help_text="Taken off the total when settling begins")
    credit_reason = models.CharField(max_length=32, blank=True)
    billed_seconds = models.BigIntegerField(default=0, help_text="Set when settling begins")
    description = models.CharField(max_length=300, blank=True, help_text="For the receipt")
    fee_bps = models.PositiveIntegerField(default=0, help_text="Frozen when the hold is opened")
    rate_minor_per_hour = models.BigIntegerField(help_text="For all GPUs of the lease")
    credit_bps = models.PositiveIntegerField(
        default=10_000, help_text="Of an hour's price, the most that may be credited at the end; frozen with the hold"
    )
    charged_minor = models.BigIntegerField(default=0, help_text="Charged by the escrow contract so far, as booked")
    expires_at = models.DateTimeField(help_text="End of the longest possible lease")
    idempotency_key = models.CharField(max_length=120, unique=True)
    payment_method = models.CharField(max_length=120, blank=True, help_text="Stripe payment method id")
    wallet_address = models.CharField(max_length=64, blank=True)
    failure_code = models.CharField(max_length=64, blank=True)
    frozen_reason = models.CharField(max_length=64, blank=True)
    freeze_count = models.PositiveIntegerField(default=0)
    blocked_minor = models.BigIntegerField(default=0, help_text="Lies in the renter's blocked account")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="hold_amount_is_positive"),
            models.CheckConstraint(condition=Q(credit_minor__gte=0), name="hold_credit_is_no_charge"),
            models.CheckConstraint(
                condition=Q(charged_minor__gte=0) & Q(charged_minor__lte=F("amount_minor")), name="charged_within_hold"
            ),
        ]
        triggers = [
            Wall(
                name="hold_needs_clearance",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | update_of("state", "clearance_id", "party_id", "payee_party_id"),
                func=HOLD_NEEDS_CLEARANCE,
            ),
            Immutable(name="hold_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="hold_never_emptied"),
        ]

    @property
    def captured_minor(self) -> int:
        """What usage has earned under the hold so far, cumulative."""
        return self.pending.posted_minor if self.pending is not None else 0

    @property
    def uncharged_minor(self) -> int:
        """What of the hold's money is still in our books: all but what the contract has charged."""
        return self.amount_minor - self.charged_minor
