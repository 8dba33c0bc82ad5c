"""What was seen on chain, what was sent there, and the escrow deposits that came of it."""

from typing import ClassVar

from django.db import models

from compliance.base.models import Row, StatefulRow
from settlement.models.holds import Hold


class ChainCursor(models.Model):
    """How far one contract on one chain was followed."""

    chain_id = models.BigIntegerField()
    contract = models.CharField(max_length=64)
    block_number = models.BigIntegerField(default=0)
    block_hash = models.CharField(max_length=66, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain_id", "contract"], name="one_cursor_per_contract")]


class ChainBlock(models.Model):
    """A followed block; kept until it is beyond any reorganisation."""

    chain_id = models.BigIntegerField()
    number = models.BigIntegerField()
    hash = models.CharField(max_length=66)
    parent_hash = models.CharField(max_length=66)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain_id", "number"], name="one_followed_block_per_height")]


class ChainEvent(Row):
    """A log of the escrow contract, recorded when seen.

    `applied_at`: it is final, and its effect stands in the same transaction. `rolled_back_at`: its block vanished,
    and its effect, if it had one, was reversed in the same transaction.
    """

    chain_id = models.BigIntegerField()
    contract = models.CharField(max_length=64)
    block_number = models.BigIntegerField(db_index=True)
    block_hash = models.CharField(max_length=66)
    transaction_hash = models.CharField(max_length=66)
    log_index = models.PositiveIntegerField()
    name = models.CharField(max_length=40)
    args = models.JSONField()
    applied_at = models.DateTimeField(null=True, blank=True)
    rolled_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # A block may vanish and come back: what was rolled back stays, and does not stand in the way.
            models.UniqueConstraint(
                fields=["chain_id", "block_hash", "transaction_hash", "log_index"],
                condition=models.Q(rolled_back_at=None),
                name="one_live_chain_event_per_log",
            )
        ]
        indexes = [
            # Asked at every round, among all the charges.
            models.Index(
                fields=["name", "block_number"],
                condition=models.Q(name__in=["AccountFrozen", "AccountUnfrozen", "Frozen", "Unfrozen"]),
                name="freezes_told",
            )
        ]


class ChainTransaction(StatefulRow):
    """A transaction of ours: signed and stored with its nonce before it is broadcast."""

    class State(models.TextChoices):
        SIGNED = "signed", "Signed"
        BROADCAST = "broadcast", "Broadcast"
        CONFIRMED = "confirmed", "Confirmed"
        REVERTED = "reverted", "Reverted"
        DISPLACED = "displaced", "Displaced"
        DROPPED = "dropped", "Dropped"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.SIGNED: frozenset({State.BROADCAST, State.CONFIRMED, State.REVERTED, State.DISPLACED}),
        State.BROADCAST: frozenset({State.CONFIRMED, State.REVERTED, State.DISPLACED}),
        # A reorganisation can take its block away: it is sent again, as it was signed.
        State.CONFIRMED: frozenset({State.BROADCAST}),
        State.REVERTED: frozenset({State.BROADCAST}),
        # Another transaction of the key, not ours, used its nonce for good: it is signed anew with another, unless what
        # it was for is over.
        State.DISPLACED: frozenset({State.SIGNED, State.DROPPED}),
    }
    UNDER_WAY: ClassVar[tuple[str, ...]] = (State.SIGNED, State.BROADCAST, State.DISPLACED)

    purpose = models.CharField(max_length=32)
    role = models.CharField(max_length=32, default="settler", help_text="Whose key signs it")
    idempotency_key = models.CharField(max_length=120, unique=True)
    chain_id = models.BigIntegerField()
    sender = models.CharField(max_length=64)
    nonce = models.BigIntegerField()
    to_address = models.CharField(max_length=64)
    raw = models.TextField(help_text="0x-prefixed signed transaction, as it was last signed")
    hash = models.CharField(max_length=66, unique=True)
    taken_until = models.DateTimeField(null=True, blank=True, help_text="A worker looks after it until then")
    subject_id = models.UUIDField(null=True, blank=True, db_index=True)
    block_number = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "sender", "nonce"], name="one_transaction_per_nonce")
        ]


class ChainAttempt(Row):
    """One signing of a transaction: stored before it is broadcast. Those of one nonce exclude each other on chain."""

    transaction = models.ForeignKey(ChainTransaction, on_delete=models.PROTECT, related_name="attempts")
    nonce = models.BigIntegerField()
    raw = models.TextField()
    hash = models.CharField(max_length=66, unique=True)
    max_fee = models.BigIntegerField(help_text="Wei per gas")


class ChainJob(Row):
    """Something to be done on chain about a hold: one row for each kind and hold, gone when it is done.

    `posted_at` moves when it is posted again, so that whoever is at it does not end what was asked for meanwhile.
    """

    class Kind(models.TextChoices):
        SETTLE = "settle", "Close the lease at its total"
        FREEZE = "freeze", "Freeze the lease"
        UNFREEZE = "unfreeze", "Let the lease go"
        RETURN = "return", "Return a deposit that came too late"
        CHARGE = "charge", "Charge the running lease, with others in one transaction"

    kind = models.CharField(max_length=16, choices=Kind)
    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="chain_jobs")
    posted_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    taken_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "hold"], name="one_chain_job_per_kind_and_hold")]


class ChainAlarm(Row):
    """Something about the chain that an operator must look at; open until it is over."""

    code = models.CharField(max_length=40)
    detail = models.CharField(max_length=300)
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(ended_at=None), name="one_open_chain_alarm_per_code"
            )
        ]


class EscrowDeposit(Row):
    """The EIP-712 clearance given out for one hold, and the deposit that used it."""

    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="escrow_deposit")
    chain_id = models.BigIntegerField()
    contract = models.CharField(max_length=64)
    token = models.CharField(max_length=64)
    lease_key = models.CharField(max_length=66, unique=True, help_text="bytes32 of the lease")
    payer = models.CharField(max_length=64)
    payee = models.CharField(max_length=64)
    typed_data = models.JSONField()
    signature = models.CharField(max_length=132)
    transaction_hash = models.CharField(max_length=66, blank=True)
    deposited_minor = models.BigIntegerField(default=0)
    voucher_minor = models.BigIntegerField(default=0, help_text="The newest total that a batch was to charge")
    voucher_at = models.DateTimeField(null=True, blank=True, help_text="When that was, sent or found impossible")
