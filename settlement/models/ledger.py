"""The double-entry book: accounts, transfers, entries, and transfers that are still pending.

Amounts are signed integers in minor units; positive is a credit. What the platform owes (balances of parties, fees it
has earned) is at or above zero; what it has (money at Stripe, tokens in the contract) is at or below zero.
"""

from datetime import datetime

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from compliance.base import clock
from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied, Wall, new_rows, update_of
from settlement.models.ledger_walls import (
    ACCOUNT_IS_ITSELF,
    ENTRIES_BALANCE,
    PENDING_ONLY_GROWS,
    TRANSFER_STANDS,
)

# Every counter of an account stays below, so that no sum of two of them leaves 64 bits.
MAX_MINOR = 2**62


class Account(Row):
    """One pot of one owner in one currency, with what was posted and what is pending on either side.

    `balance_minor` is what was posted. A shared account of the platform is spread over `shard`s, so that transfers
    that have nothing else in common do not wait for each other (ADR 0020).
    """

    class Kind(models.TextChoices):
        AVAILABLE = "available", "Prepaid, free to use"
        HELD = "held", "Held for leases"
        UNCOLLECTED = "uncollected", "Used, to be collected from a card"
        ACCRUED = "accrued", "Earned by leases that are not settled"
        PAYABLE = "payable", "Owed to a provider"
        PAYING = "paying", "On its way to a provider"
        REFUNDING = "refunding", "On its way back to a card"
        BLOCKED = "blocked", "Blocked property"
        CLAIM = "claim", "Owed by a party to the platform"
        WRITTEN_OFF = "written_off", "Owed by a party and written off"
        FEES = "fees", "Fees earned"
        STRIPE_CLEARING = "stripe_clearing", "Money at Stripe"
        CHAIN_CLEARING = "chain_clearing", "Tokens in the escrow contract"
        BANK = "bank", "Money at the platform's bank"
        PROCESSING = "processing", "Cost of payments"
        CHARGEBACKS = "chargebacks", "What chargebacks and refunds cost the platform"
        EXCHANGE = "exchange", "Position in a currency"
        ROUNDING = "rounding", "Residue of conversions"
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
    shard = models.PositiveSmallIntegerField(default=0)
    sign = models.CharField(max_length=8, choices=Sign, default=Sign.CREDIT)
    debits_posted = models.BigIntegerField(default=0, db_default=0)
    credits_posted = models.BigIntegerField(default=0, db_default=0)
    debits_pending = models.BigIntegerField(default=0, db_default=0)
    credits_pending = models.BigIntegerField(default=0, db_default=0)
    balance_minor = models.GeneratedField(
        expression=F("credits_posted") - F("debits_posted"), output_field=models.BigIntegerField(), db_persist=True
    )
    entered_at = models.DateTimeField(null=True, blank=True, help_text="Of its newest entry")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "pot", "party", "currency", "shard"],
                nulls_distinct=False,
                name="one_account_per_purpose",
            ),
            models.CheckConstraint(
                condition=(Q(sign="credit") & Q(debits_posted__lte=F("credits_posted") - F("debits_pending")))
                | (Q(sign="debit") & Q(credits_posted__lte=F("debits_posted") - F("credits_pending")))
                | Q(sign="any"),
                name="balance_respects_sign",
            ),
            models.CheckConstraint(
                condition=Q(debits_posted__range=(0, MAX_MINOR))
                & Q(credits_posted__range=(0, MAX_MINOR))
                & Q(debits_pending__range=(0, MAX_MINOR))
                & Q(credits_pending__range=(0, MAX_MINOR)),
                name="account_counters_in_range",
            ),
        ]
        triggers = [
            Wall(
                name="account_is_itself",
                when=pgtrigger.Before,
                operation=update_of("id", "kind", "pot", "party_id", "currency", "shard", "sign"),
                func=ACCOUNT_IS_ITSELF,
            ),
            Immutable(name="account_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="account_never_emptied"),
        ]


class PendingTransfer(Row):
    """Up to `amount_minor` is reserved on its way from one account to another; its id is made by the caller.

    It is posted in parts (each a Transfer of its own) until it is closed. What is neither posted nor closed counts
    in the pending columns of both accounts. No audit event of its own: it moves with the hold that opened it.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SUSPENDED = "suspended", "Suspended"
        POSTED = "posted", "Posted, the rest released"
        VOIDED = "voided", "Voided"
        EXPIRED = "expired", "Expired"

    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField(null=True, blank=True, db_index=True)
    debit_account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    credit_account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    posted_minor = models.BigIntegerField(default=0, help_text="In parts so far")
    quantity = models.BigIntegerField(default=0, help_text="What the posted part is for, such as seconds of use")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Voided after this; None: never")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="pending_amount_is_positive"),
            models.CheckConstraint(
                condition=Q(posted_minor__gte=0) & Q(posted_minor__lte=F("amount_minor")), name="posted_within_pending"
            ),
            models.CheckConstraint(condition=~Q(debit_account=F("credit_account")), name="pending_between_two"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="pending_open_until_closed",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], condition=Q(state="open"), name="open_pending_by_expiry")]
        triggers = [
            Wall(
                name="pending_only_grows",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=PENDING_ONLY_GROWS,
            ),
            Immutable(name="pending_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="pending_never_emptied"),
        ]

    def is_live(self, at: datetime) -> bool:
        """Whether parts of it can be posted at that moment."""
        return self.state == self.State.OPEN and (self.expires_at is None or self.expires_at > at)


class Transfer(models.Model):
    """A balanced set of entries; its id is made by the caller, so that a replay moves nothing.

    `digest` covers the whole of it with its entries (`settlement.services.ledger_digest`).
    """

    id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField(null=True, blank=True, db_index=True)
    # Checked as a whole by the proof; a foreign key would be looked up once for each of thousands of lines.
    pending = models.ForeignKey(
        PendingTransfer,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="parts",
        db_constraint=False,
        db_index=False,
    )
    memo = models.CharField(max_length=200, blank=True)
    digest = models.BinaryField(max_length=32)

    class Meta:
        indexes = [BrinIndex(fields=["created_at"], name="transfer_by_time")]
        triggers = [Immutable(name="transfer_immutable"), NeverEmptied(name="transfer_never_emptied")]


class Entry(models.Model):
    """One leg of a transfer, with what its account stood at afterwards.

    That transfer and account exist is looked at by `entries_balance`, once for a whole statement: neither can go away.
    """

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    amount_minor = models.BigIntegerField()
    balance_after_minor = models.BigIntegerField()
    at = models.DateTimeField(help_text="Never before the account's entry that went before")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="entry_is_not_zero"),
            models.UniqueConstraint(fields=["transfer", "account"], name="one_entry_per_account"),
        ]
        indexes = [models.Index(fields=["account", "at", "id"], name="entry_by_account")]
        triggers = [
            Immutable(name="entry_immutable"),
            NeverEmptied(name="entry_never_emptied"),
            Wall(
                name="entries_balance",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=new_rows("fresh"),
                func=ENTRIES_BALANCE,
            ),
        ]


class DoubtfulTransfer(models.Model):
    """A transfer whose entries did not balance within one statement; at the commit it must, or nothing stands.

    Rows live no longer than their transaction.
    """

    transfer_id = models.UUIDField(primary_key=True)

    class Meta:
        triggers = [
            Wall(
                name="transfer_stands",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func=TRANSFER_STANDS,
            )
        ]
