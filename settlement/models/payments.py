"""Card payments and the inbox of signed notices from the rails."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base import clock
from compliance.base.models import Row, StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall
from settlement.models.holds import Hold

# Wall 2 for money that comes in without a lease: a top-up begins only on a live clearance about its payer.
TOP_UP_NEEDS_CLEARANCE = """
IF NEW.purpose = 'top_up' AND NOT EXISTS (
    SELECT 1 FROM compliance_clearance c
    WHERE c.id = NEW.clearance_id AND c.purpose = 'deposit' AND c.revoked_at IS NULL
      AND c.expires_at > greatest(now(), NEW.state_changed_at)
      AND c.subject_id = NEW.id AND c.renter_party_id = NEW.party_id
) THEN
    RAISE EXCEPTION 'a top-up needs a live clearance about its payer' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class PaymentProfile(Row):
    """What a party is called on the rails: Stripe customer as a renter, connected account as a provider."""

    party = models.OneToOneField("compliance.Party", on_delete=models.PROTECT, related_name="payment_profile")
    stripe_customer_id = models.CharField(max_length=64, blank=True)
    stripe_account_id = models.CharField(max_length=64, blank=True)
    payouts_enabled = models.BooleanField(default=False)
    account_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the card network is asked about the connected account again"
    )
    payout_wallet = models.CharField(max_length=64, blank=True)


class CardPayment(StatefulRow):
    """A PaymentIntent of ours: a top-up of the prepaid balance or the authorization behind a hold."""

    class Purpose(models.TextChoices):
        TOP_UP = "top_up", "Top-up"
        HOLD = "hold", "Hold"

    class State(models.TextChoices):
        CREATING = "creating", "Being created"
        PROCESSING = "processing", "Processing"
        AUTHORIZED = "authorized", "Authorized"
        SUCCEEDED = "succeeded", "Succeeded"
        CANCELED = "canceled", "Canceled"
        FAILED = "failed", "Failed"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.CREATING: frozenset({State.PROCESSING, State.AUTHORIZED, State.SUCCEEDED, State.FAILED, State.CANCELED}),
        State.PROCESSING: frozenset({State.AUTHORIZED, State.SUCCEEDED, State.FAILED, State.CANCELED}),
        State.AUTHORIZED: frozenset({State.SUCCEEDED, State.CANCELED, State.FAILED}),
        # The network took the money after we had given up: the books follow the money.
        State.FAILED: frozenset({State.SUCCEEDED}),
    }

    purpose = models.CharField(max_length=8, choices=Purpose)
    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="card_payments")
    hold = models.OneToOneField(Hold, null=True, blank=True, on_delete=models.PROTECT, related_name="card_payment")
    clearance = models.ForeignKey(
        "compliance.Clearance", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    currency = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    payment_method = models.CharField(max_length=120, blank=True)
    payment_intent_id = models.CharField(max_length=64, blank=True, db_index=True)
    charge_id = models.CharField(max_length=64, blank=True, db_index=True)
    idempotency_key = models.CharField(max_length=120, unique=True)
    auto_top_up = models.ForeignKey(
        "settlement.AutoTopUp",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="charges",
        help_text="By whose rule the card was charged without anybody being there",
    )
    failure_code = models.CharField(max_length=64, blank=True)
    capture_before_at = models.DateTimeField(null=True, blank=True, help_text="When an authorization runs out")
    renewals = models.PositiveSmallIntegerField(default=0, help_text="How often the authorization was replaced")
    renewal_refused = models.CharField(max_length=64, blank=True, help_text="Why it could not be, once more")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="card_payment_amount_is_positive"),
            models.CheckConstraint(
                condition=(Q(purpose="hold") & Q(hold__isnull=False)) | (Q(purpose="top_up") & Q(hold__isnull=True)),
                name="card_payment_has_its_hold",
            ),
            models.CheckConstraint(
                condition=Q(auto_top_up__isnull=True) | Q(purpose="top_up"), name="only_top_ups_are_automatic"
            ),
            # Whatever races, a party's card is asked for one automatic top-up at a time.
            models.UniqueConstraint(
                fields=["auto_top_up"],
                condition=Q(state__in=("creating", "processing")),
                name="one_automatic_top_up_at_a_time",
            ),
        ]
        triggers = [
            Wall(
                name="top_up_needs_clearance",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=TOP_UP_NEEDS_CLEARANCE,
            ),
            Immutable(name="card_payment_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="card_payment_never_emptied"),
        ]


class LooseAuthorization(Row):
    """An authorization at the card network that no payment of ours rests on, or may rest on: to be let go of.

    Written before a renewal is asked for, when nobody knows its id yet; `renewal` 0 is one that came after its payment
    was over. Ended once the network has let it go, or where there was none.
    """

    payment = models.ForeignKey(CardPayment, on_delete=models.PROTECT, related_name="loose_authorizations")
    renewal = models.PositiveIntegerField()
    intent_id = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payment", "renewal"], name="one_loose_authorization_a_renewal")]
        indexes = [models.Index(fields=["created_at"], condition=models.Q(ended_at=None), name="loose_authorizations")]


class InboundEvent(Row):
    """A notice from a rail, stored once, its effect in the same transaction; unknown types are kept."""

    source = models.CharField(max_length=16)
    external_id = models.CharField(max_length=120)
    type = models.CharField(max_length=80)
    payload = models.JSONField()
    processed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.now, help_text="Tried again from then on, while it had no effect")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="one_inbound_event_per_id")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(processed_at=None), name="inbound_events_due"),
        ]
