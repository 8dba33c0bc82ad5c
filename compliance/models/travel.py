"""Records of transfers on chain: who sent to whom, sealed, under which rules, and to whom it was passed on."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import Row, StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall
from compliance.models.parties import Party

# Once the party is erased, what names it in the open may be blanked, and nothing else.
PASSED_ONCE = """
IF EXISTS (SELECT 1 FROM compliance_party p WHERE p.id = OLD.party_id AND p.erased_at IS NOT NULL)
   AND NEW.wallet = '' AND NEW.sealed = '{}'::jsonb AND NEW.passed_to IN ('', '[erased]') AND NEW.reference = ''
   AND to_jsonb(OLD) - '{wallet,sealed,passed_to,reference}'::text[]
       = to_jsonb(NEW) - '{wallet,sealed,passed_to,reference}'::text[]
THEN
    RETURN NEW;
END IF;
IF OLD.passed_at IS NOT NULL OR NEW.passed_at IS NULL
   OR to_jsonb(OLD) - '{passed_at,passed_to,passed_by,reference}'::text[]
      <> to_jsonb(NEW) - '{passed_at,passed_to,passed_by,reference}'::text[]
THEN
    RAISE EXCEPTION 'a travel record is kept as written, and passed on once' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class TravelCounterparty(Row):
    """Another provider with which data about transfers are exchanged; nothing is sent before two officers agreed."""

    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)
    lei = models.CharField(max_length=20, blank=True)
    endpoint = models.CharField(max_length=300, blank=True, help_text="Takes TRP inquiries; none: by hand")
    registered_by = models.CharField(max_length=120)
    confirmed_by = models.CharField(max_length=120, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by="") | ~Q(confirmed_by=F("registered_by")),
                name="counterparty_is_confirmed_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class HostedWallet(Row):
    """A wallet that a counterparty keeps for its customer."""

    counterparty = models.ForeignKey(TravelCounterparty, on_delete=models.PROTECT, related_name="wallets")
    address = models.CharField(max_length=64, unique=True, help_text="EIP-55 checksummed")
    told_by = models.CharField(max_length=120)


class TravelRecord(Row):
    """One transfer between a party's wallet and the contract, and what is known of both its ends.

    The message is personal data and lies in `sealed`, under the keys of both: see `selectors.travel`.
    """

    class Direction(models.TextChoices):
        DEPOSIT = "deposit", "Into the contract"
        PAYOUT = "payout", "Out of the contract"

    class Wallet(models.TextChoices):
        SELF_HOSTED = "self_hosted", "Self-hosted"
        CASP = "casp", "At a crypto-asset service provider"

    direction = models.CharField(max_length=8, choices=Direction)
    subject_id = models.UUIDField(unique=True, help_text="The hold or the payout")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="travel_records")
    wallet_kind = models.CharField(max_length=12, choices=Wallet)
    wallet = models.CharField(max_length=64, help_text="EIP-55 checksummed")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    rules = models.CharField(max_length=60, help_text="The release of the rules")
    applied = models.JSONField(default=list, help_text="Codes of the rules that speak of it")
    missing = models.JSONField(default=list, help_text="Fields that were demanded and are not known")
    must_pass_on = models.BooleanField(default=False)
    must_hold = models.BooleanField(
        default=False, db_default=False, help_text="The money waits until the other provider has the data, or we do"
    )
    counterparty = models.ForeignKey(
        TravelCounterparty, null=True, blank=True, on_delete=models.PROTECT, related_name="records"
    )
    sealed = models.JSONField(default=dict)
    passed_at = models.DateTimeField(null=True, blank=True)
    passed_to = models.CharField(max_length=120, blank=True)
    passed_by = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=120, blank=True, db_default="", help_text="By what they know it")

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], condition=Q(must_pass_on=True, passed_at=None), name="to_pass_on")
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="travel_amount_is_positive"),
            models.CheckConstraint(
                condition=Q(passed_at=None) | (~Q(passed_to="") & ~Q(passed_by="")), name="passed_on_to_somebody"
            ),
        ]
        triggers = [
            Wall(name="travel_passed_once", when=pgtrigger.Before, operation=pgtrigger.Update, func=PASSED_ONCE),
            Immutable(name="travel_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="travel_never_emptied"),
        ]


class TravelDelivery(StatefulRow):
    """One record on its way to one counterparty: asked with one identifier, however often, until there is an answer.

    A job: whoever takes it has it until `taken_until`. A state that is not an end has a deadline; the sweep gives up.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "To be sent"
        ANSWERED = "answered", "They have it and decide"
        APPROVED = "approved", "Approved by them"
        REJECTED = "rejected", "Rejected by them"
        GIVEN_UP = "given_up", "Not delivered"
        BY_HAND = "by_hand", "Passed on by hand"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.WAITING: frozenset({State.ANSWERED, State.APPROVED, State.REJECTED, State.GIVEN_UP, State.BY_HAND}),
        State.ANSWERED: frozenset({State.APPROVED, State.REJECTED, State.GIVEN_UP, State.BY_HAND}),
        State.REJECTED: frozenset({State.BY_HAND}),
        State.GIVEN_UP: frozenset({State.WAITING, State.BY_HAND}),
    }
    FAILED: ClassVar[frozenset[str]] = frozenset({State.REJECTED, State.GIVEN_UP})

    record = models.OneToOneField(TravelRecord, on_delete=models.PROTECT, related_name="delivery")
    counterparty = models.ForeignKey(TravelCounterparty, on_delete=models.PROTECT, related_name="deliveries")
    due_at = models.DateTimeField(db_index=True)
    taken_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=64, blank=True)
