"""Records of transfers on chain: who sent to whom, sealed, under which rules, and to whom it was passed on."""

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base.models import Row
from compliance.base.walls import Immutable, Wall
from compliance.models.parties import Party

PASSED_ONCE = """
IF OLD.passed_at IS NOT NULL OR NEW.passed_at IS NULL
   OR to_jsonb(OLD) - '{passed_at,passed_to,passed_by}'::text[]
      <> to_jsonb(NEW) - '{passed_at,passed_to,passed_by}'::text[]
THEN
    RAISE EXCEPTION 'a travel record is kept as written, and passed on once' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


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
    sealed = models.JSONField(default=dict)
    passed_at = models.DateTimeField(null=True, blank=True)
    passed_to = models.CharField(max_length=120, blank=True)
    passed_by = models.CharField(max_length=120, blank=True)

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
        ]
