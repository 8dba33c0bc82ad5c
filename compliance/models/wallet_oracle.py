"""What the second source about wallets answered, and how far its events were read."""

from django.db import models

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied


class OracleAnswer(Row):
    """The oracle said of one address, as of one block, whether a designation names it."""

    address = models.CharField(max_length=64, help_text="EIP-55 checksummed")
    sanctioned = models.BooleanField()
    chain_id = models.BigIntegerField()
    block = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["address", "-created_at"])]
        triggers = [Immutable(name="oracle_answer_kept"), NeverEmptied(name="oracle_answer_never_emptied")]


class OracleScan(Row):
    """The oracle's events were read from one block to another, and so many addresses came and went."""

    chain_id = models.BigIntegerField()
    first_block = models.BigIntegerField()
    last_block = models.BigIntegerField()
    added = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["chain_id", "-last_block"])]
        triggers = [Immutable(name="oracle_scan_kept"), NeverEmptied(name="oracle_scan_never_emptied")]
