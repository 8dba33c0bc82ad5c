"""Payouts: what a provider has earned leaves for its account or wallet, after the gate was asked again."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base.models import StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall, update_of
from settlement.models.ledger import Account

# Wall 2 for payouts.
PAYOUT_NEEDS_CLEARANCE = """
IF NEW.state IN ('pending', 'sending', 'sent') AND NOT EXISTS (
    SELECT 1 FROM compliance_clearance c
    WHERE c.id = NEW.clearance_id AND c.purpose = 'payout' AND c.subject_id = NEW.id
      AND c.provider_party_id = NEW.party_id
      AND (NEW.state = 'sent'
           OR (c.revoked_at IS NULL AND c.expires_at > greatest(now(), NEW.state_changed_at)))
) THEN
    RAISE EXCEPTION 'a payout needs a live clearance about its payee' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Payout(StatefulRow):
    """Money of one pot on its way to one provider. SENT may be recorded after the clearance lapsed: it had left."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FROZEN = "frozen", "Frozen"
        FAILED = "failed", "Failed"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.PENDING: frozenset({State.SENDING, State.FROZEN, State.FAILED}),
        State.SENDING: frozenset({State.SENT, State.FROZEN, State.FAILED}),
        State.FROZEN: frozenset({State.PENDING, State.FAILED}),
    }

    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="payouts")
    clearance = models.ForeignKey("compliance.Clearance", on_delete=models.PROTECT, related_name="+")
    pot = models.CharField(max_length=8, choices=Account.Pot)
    currency = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    destination = models.CharField(max_length=120)
    external_id = models.CharField(max_length=120, blank=True)
    idempotency_key = models.CharField(max_length=120, unique=True)
    attempt = models.PositiveIntegerField(default=0, help_text="Grows with each definite refusal that may pass")
    failure_code = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_amount_is_positive")]
        triggers = [
            Wall(
                name="payout_needs_clearance",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | update_of("state", "clearance_id", "party_id"),
                func=PAYOUT_NEEDS_CLEARANCE,
            ),
            Immutable(name="payout_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="payout_never_emptied"),
        ]
