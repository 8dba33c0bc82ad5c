"""Refunds: what a renter gets back of a settled lease, after its receipt, and what it never used of a top-up."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall, update_of
from settlement.models.documents import Receipt
from settlement.models.holds import Hold
from settlement.models.payments import CardPayment

# Wall 2 for money that goes back: its payee is the renter, of whom the gate was asked. DONE may be recorded after the
# clearance lapsed: the money had left. Parts of one request for unused money rest on its one answer.
REFUND_NEEDS_CLEARANCE = """
IF (NEW.state IN ('requested', 'sending') OR (NEW.state = 'done' AND TG_OP = 'INSERT')) AND NOT EXISTS (
    SELECT 1 FROM compliance_clearance c
    WHERE c.id = NEW.clearance_id AND c.purpose = 'payout' AND c.subject_id = coalesce(NEW.request_id, NEW.id)
      AND c.provider_party_id = NEW.party_id AND c.revoked_at IS NULL
      AND c.expires_at > greatest(now(), NEW.state_changed_at)
) THEN
    RAISE EXCEPTION 'a refund needs a live clearance about its payee' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""
# Whatever asks for it, and however many ask at once: refunds of a lease never come to more than it cost.
REFUNDS_WITHIN_PRICE = """
PERFORM 1 FROM settlement_receipt r WHERE r.id = NEW.receipt_id FOR NO KEY UPDATE;
IF NEW.amount_minor + (
    SELECT coalesce(sum(amount_minor), 0) FROM settlement_refund WHERE receipt_id = NEW.receipt_id AND state <> 'failed'
) > (SELECT total_minor FROM settlement_receipt WHERE id = NEW.receipt_id) THEN
    RAISE EXCEPTION 'more would go back than the lease cost' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""
# Nor do those of a top-up come to more than its card yielded, and they go to nobody but its payer. Whoever locks the
# payment goes first: a dispute about it, or another refund.
REFUNDS_WITHIN_TOP_UP = """
PERFORM 1 FROM settlement_cardpayment p WHERE p.id = NEW.top_up_id FOR NO KEY UPDATE;
IF NEW.top_up_id IS NOT NULL AND NEW.amount_minor + (
    SELECT coalesce(sum(amount_minor), 0) FROM settlement_refund WHERE top_up_id = NEW.top_up_id AND state <> 'failed'
) > (
    SELECT coalesce(sum(captured_minor), 0) FROM settlement_cardpayment p
    WHERE p.id = NEW.top_up_id AND p.purpose = 'top_up' AND p.state = 'succeeded' AND p.currency = NEW.currency
      AND p.party_id = NEW.party_id AND p.party_id = NEW.payee_party_id AND p.charge_id = NEW.charge_id
) THEN
    RAISE EXCEPTION 'more would go back than this card brought' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""
REFUND_IS_ITSELF = """
IF (NEW.receipt_id, NEW.top_up_id, NEW.request_id, NEW.party_id, NEW.payee_party_id, NEW.rail, NEW.currency,
    NEW.amount_minor, NEW.fee_minor)
    IS DISTINCT FROM
   (OLD.receipt_id, OLD.top_up_id, OLD.request_id, OLD.party_id, OLD.payee_party_id, OLD.rail, OLD.currency,
    OLD.amount_minor, OLD.fee_minor) THEN
    RAISE EXCEPTION 'a refund keeps its source, its parties and its amounts' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Refund(StatefulRow):
    """So much of what one lease cost goes back to where it came from; `fee_minor` of it the platform had as its fee.

    Or so much of one top-up, which no lease used, goes back to its card: a part of a request for unused money, which
    nobody but its owner bears (`payee_party` is `party`).

    Minor units of `currency`. One to the prepaid balance is DONE at once; one to a card is DONE when the network has
    taken it out of the platform's balance, and may FAIL afterwards: a bank can send it back.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "Requested"
        SENDING = "sending", "At the card network"
        DONE = "done", "Given back"
        FAILED = "failed", "Failed, nothing was given back"

    class Reason(models.TextChoices):
        """Why, and whose fault it was: the provider's (the first two), the platform's, nobody's; or of no lease."""

        NOT_AS_PROMISED = "not_as_promised", "The machine was not as promised"
        BROKE_OFF = "broke_off", "The service broke off"
        BILLED_WRONGLY = "billed_wrongly", "It was billed wrongly"
        GOODWILL = "goodwill", "Goodwill"
        UNUSED = "unused", "Prepaid money that was not used"

    class Giver(models.TextChoices):
        PROVIDER = "provider", "The provider"
        PLATFORM = "platform", "The platform"
        RENTER = "renter", "Its owner"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.REQUESTED: frozenset({State.SENDING, State.FAILED}),
        State.SENDING: frozenset({State.DONE, State.FAILED}),
        State.DONE: frozenset({State.FAILED}),
        # The network did it after we had given up: the books follow the money.
        State.FAILED: frozenset({State.DONE}),
    }

    receipt = models.ForeignKey(Receipt, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds")
    top_up = models.ForeignKey(CardPayment, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds")
    request_id = models.UUIDField(
        null=True, blank=True, db_index=True, help_text="The request for unused money of which it is a part"
    )
    clearance = models.ForeignKey("compliance.Clearance", on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="refunds")
    payee_party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="refunds_borne")
    rail = models.CharField(max_length=8, choices=Hold.Rail)
    reason = models.CharField(max_length=16, choices=Reason)
    given_by = models.CharField(max_length=8, choices=Giver)
    currency = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    charge_id = models.CharField(max_length=64, blank=True, help_text="Of the card that paid")
    external_id = models.CharField(max_length=64, blank=True, db_index=True)
    attempt = models.PositiveIntegerField(default=0, help_text="Grows with each definite refusal that may pass")
    failure_code = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) & Q(fee_minor__gte=0) & Q(fee_minor__lte=F("amount_minor")),
                name="refund_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(receipt__isnull=False, top_up__isnull=True, request_id__isnull=True)
                | Q(receipt__isnull=True, top_up__isnull=False, request_id__isnull=False, rail="card", fee_minor=0),
                name="refund_of_a_lease_or_a_top_up",
            ),
            models.UniqueConstraint(fields=["request_id", "top_up"], name="one_part_of_a_request_a_top_up"),
        ]
        triggers = [
            Wall(
                name="refund_needs_clearance",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | update_of("state", "clearance_id", "party_id"),
                func=REFUND_NEEDS_CLEARANCE,
            ),
            Wall(
                name="refunds_within_price",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=REFUNDS_WITHIN_PRICE,
            ),
            Wall(
                name="refunds_within_top_up",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=REFUNDS_WITHIN_TOP_UP,
            ),
            Wall(
                name="refund_is_itself",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=REFUND_IS_ITSELF,
            ),
            Immutable(name="refund_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="refund_never_emptied"),
        ]
