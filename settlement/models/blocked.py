"""Blocked property: money of restricted parties, and from which of their accounts it came."""

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied, Wall
from settlement.models.ledger import Account, Transfer

# It goes back once, and nothing else about it changes.
RETURNED_ONCE = """
IF OLD.returned_at IS NOT NULL OR NEW.returned_at IS NULL
   OR to_jsonb(OLD) - '{returned_at,returned_by_id}'::text[] <> to_jsonb(NEW) - '{returned_at,returned_by_id}'::text[]
THEN
    RAISE EXCEPTION 'blocked property is returned once, and kept as written otherwise'
        USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class BlockedProperty(Row):
    """So much left one account of a restricted party for its blocked account, and goes back there when it is let go.

    Money of holds and payouts is not among it: these carry their own freeze.
    """

    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="blocked_property")
    source = models.CharField(max_length=20, choices=Account.Kind, help_text="The account that it left")
    pot = models.CharField(max_length=8, choices=Account.Pot)
    currency = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    transfer = models.OneToOneField(Transfer, on_delete=models.PROTECT, related_name="+")
    returned_by = models.OneToOneField(Transfer, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "blocked property"
        indexes = [models.Index(fields=["party"], condition=Q(returned_at=None), name="blocked_property_open")]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="blocked_amount_is_positive"),
            models.CheckConstraint(
                condition=Q(source__in=["available", "payable"]), name="blocked_property_was_free_or_owed"
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True, returned_by__isnull=True)
                | Q(returned_at__isnull=False, returned_by__isnull=False),
                name="blocked_property_returned_by_a_transfer",
            ),
        ]
        triggers = [
            Wall(name="blocked_once", when=pgtrigger.Before, operation=pgtrigger.Update, func=RETURNED_ONCE),
            Immutable(name="blocked_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="blocked_never_emptied"),
        ]
