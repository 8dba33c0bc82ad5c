"""The double-entry book: accounts, transfers, entries.

Amounts are signed integers in minor units; positive is a credit. What the platform owes (balances of parties, fees it
has earned) is at or above zero; what it has (money at Stripe, tokens in the contract) is at or below zero.
"""

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base.models import Row
from compliance.base.walls import Immutable, Wall

ENTRIES_SUM_TO_ZERO = """
IF EXISTS (
    SELECT 1 FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id
    WHERE e.transfer_id = NEW.transfer_id GROUP BY a.currency HAVING sum(e.amount_minor) <> 0
) THEN
    RAISE EXCEPTION 'the entries of a transfer sum to zero per currency' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""


class Account(Row):
    """One pot of one owner in one currency; `balance_minor` is the sum of its entries."""

    class Kind(models.TextChoices):
        AVAILABLE = "available", "Prepaid, free to use"
        HELD = "held", "Held for leases"
        PAYABLE = "payable", "Owed to a provider"
        PAYING = "paying", "On its way to a provider"
        BLOCKED = "blocked", "Blocked property"
        FEES = "fees", "Fees earned"
        STRIPE_CLEARING = "stripe_clearing", "Money at Stripe"
        CHAIN_CLEARING = "chain_clearing", "Tokens in the escrow contract"
        BANK = "bank", "Money at the platform's bank"
        PROCESSING = "processing", "Cost of payments"
        SUSPENSE = "suspense", "Not yet explained"

    class Pot(models.TextChoices):
        CARD = "card", "Card-funded"
        ESCROW = "escrow", "Crypto-funded"

    class Sign(models.TextChoices):
        CREDIT = "credit", "Never below zero"
        DEBIT = "debit", "Never above zero"
        ANY = "any", "Either"

    kind = models.CharField(max_length=20, choices=Kind)
    pot = models.CharField(max_length=8, choices=Pot)
    party = models.ForeignKey(
        "compliance.Party", null=True, blank=True, on_delete=models.PROTECT, related_name="accounts"
    )
    currency = models.CharField(max_length=8)
    sign = models.CharField(max_length=8, choices=Sign, default=Sign.CREDIT)
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "pot", "party", "currency"],
                nulls_distinct=False,
                name="one_account_per_purpose",
            ),
            models.CheckConstraint(
                condition=(Q(sign="credit") & Q(balance_minor__gte=0))
                | (Q(sign="debit") & Q(balance_minor__lte=0))
                | Q(sign="any"),
                name="balance_respects_sign",
            ),
        ]


class Transfer(Row):
    """A balanced set of entries; its id is made by the caller, so that a replay moves nothing."""

    kind = models.CharField(max_length=40, db_index=True)
    subject_id = models.UUIDField(null=True, blank=True, db_index=True)
    memo = models.CharField(max_length=200, blank=True)
    lines_digest = models.CharField(max_length=64)

    class Meta:
        triggers = [Immutable(name="transfer_immutable")]


class Entry(models.Model):
    """One leg of a transfer."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    amount_minor = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="entry_is_not_zero")]
        indexes = [models.Index(fields=["account", "at"])]
        triggers = [
            Immutable(name="entry_immutable"),
            Wall(
                name="entries_sum_to_zero",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func=ENTRIES_SUM_TO_ZERO,
            ),
        ]
