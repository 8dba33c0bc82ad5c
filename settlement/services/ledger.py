"""The double-entry book: the one way in which money moves. `settlement.services.accounts` draws the chart.

A transfer is posted whole or not at all. Its id is made by the caller from what caused it (`transfer_id_for`), so the
same cause posts once, however often it is told. Several deeds go in one batch: `submit` locks all their accounts
together in the order of their ids, so two batches never wait for each other in a circle. Who does two things in one
transaction submits them together, or names to `lock` first all that they may touch: a transaction that holds accounts
takes no others (`ledger_locks`). The database refuses what does not sum to zero, mixes pots, crosses an account's
sign, or is changed afterwards.
"""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID, uuid5

from django.db import IntegrityError, connection, transaction

from compliance.base import clock
from compliance.base.errors import Refusal
from settlement.models import PendingTransfer, Transfer
from settlement.models.ledger import MAX_MINOR
from settlement.services import ledger_rows
from settlement.services.accounts import AccountKey
from settlement.services.ledger_engine import Batch
from settlement.services.ledger_lines import Place, place_of
from settlement.services.ledger_locks import LockedOutOfOrder
from settlement.services.ledger_ops import (
    AmountOutOfRange,
    Close,
    CurrenciesMixed,
    InsufficientFunds,
    Line,
    Op,
    Pend,
    PendingExceeded,
    PendingNotFound,
    PendingNotOpen,
    Post,
    PostPart,
    PotsMixed,
    Resume,
    TransferConflict,
    Unbalanced,
)

__all__ = [
    "MAX_MINOR",
    "AmountOutOfRange",
    "Close",
    "CurrenciesMixed",
    "InsufficientFunds",
    "Line",
    "LockedOutOfOrder",
    "Pend",
    "PendingExceeded",
    "PendingNotFound",
    "PendingNotOpen",
    "Post",
    "PostPart",
    "PotsMixed",
    "Resume",
    "TransferConflict",
    "Unbalanced",
    "balance_of",
    "expire_pending",
    "lock",
    "post",
    "submit",
    "submit_each",
    "transfer_id_for",
]

_CAUSES = UUID("2c1b6f0a-54a1-5d39-9a3e-3f1f5a0a7c11")
BATCH = 1_000
# All shards of the account, by the index that keeps each purpose unique.
_BALANCE = """
SELECT coalesce(sum(balance_minor), 0) FROM settlement_account WHERE kind = %s AND pot = %s AND currency = %s
AND (party_id = %s OR (%s::uuid IS NULL AND party_id IS NULL))
"""


def transfer_id_for(cause: str, *parts: object) -> UUID:
    """The id of the transfer that this cause makes, the same each time."""
    return uuid5(_CAUSES, ":".join([cause, *(str(part) for part in parts)]))


def post(
    transfer_id: UUID,
    kind: str,
    lines: Sequence[Line],
    *,
    subject_id: UUID | None = None,
    memo: str = "",
    is_conversion: bool = False,
) -> Transfer:
    """The transfer stands with its entries, and every balance agrees. A replay returns what stands and moves nothing.

    Lines of one account are added up and zeros dropped. Raises Unbalanced, PotsMixed, CurrenciesMixed,
    TransferConflict, InsufficientFunds.
    """
    batch = Batch([Post(transfer_id, kind, lines, subject_id, memo, is_conversion)])
    _run(batch, linked=True)
    return batch.transfers[0].as_model() if batch.transfers else Transfer.objects.get(pk=transfer_id)


def submit(ops: Sequence[Op]) -> None:
    """All deeds are done, in this order, or none. What was done before under the same ids moves nothing.

    Raises the first refusal: Unbalanced, AmountOutOfRange, PotsMixed, TransferConflict, InsufficientFunds,
    PendingNotFound, PendingNotOpen, PendingExceeded.
    """
    _run(Batch(ops), linked=True)


def submit_each(ops: Sequence[Op]) -> list[Refusal | None]:
    """Each deed is done, or refused on its own: the answer has its refusal, or None, in the order of the deeds.

    As many statements as one deed takes, however many; a deed sees what those before it did.
    """
    return _run(Batch(ops), linked=False)


def _run(batch: Batch, *, linked: bool) -> list[Refusal | None]:
    try:
        with transaction.atomic():
            return batch.run(linked=linked)
    except IntegrityError as error:
        # Somebody posted one of the ids at this very moment, on other accounts, so that no lock was shared.
        if "settlement_transfer_pkey" in str(error) or "settlement_pendingtransfer_pkey" in str(error):
            raise TransferConflict from error
        raise


def lock(
    keys: Iterable[AccountKey], *, causes: Collection[UUID] = (), pending_ids: Iterable[UUID] = ()
) -> dict[UUID, PendingTransfer]:
    """The accounts exist and are locked until the transaction ends, with the pending transfers, which are returned.

    For a deed that reads balances or submits more than once in one transaction: it names all that it may touch before
    it does anything. `causes` are the ids of the transfers that will touch the platform's shared accounts; without any,
    all rows of those are locked. Raises LockedOutOfOrder when the transaction holds accounts already, and not these.
    """
    places = {place for key in keys for place in _places(key, causes)}
    rows = ledger_rows.lock_pending(pending_ids)
    ledger_rows.lock_needed_accounts(places, places)
    return rows


def _places(key: AccountKey, causes: Collection[UUID]) -> set[Place]:
    return {place_of(key, cause) for cause in causes} if causes else {(key, shard) for shard in range(key.shards)}


def balance_of(key: AccountKey) -> int:
    """The account's balance in signed minor units; 0 for an account that has no entry yet."""
    with connection.cursor() as cursor:
        cursor.execute(_BALANCE, [key.kind, key.pot, key.currency, key.party_id, key.party_id])
        return int(cursor.fetchone()[0])


def expire_pending() -> int:
    """Pending transfers that are past their time are closed, and their money is free again. Returns how many."""
    due = PendingTransfer.objects.filter(state=PendingTransfer.State.OPEN, expires_at__lte=clock.now())
    ids = list(due.order_by("expires_at").values_list("pk", flat=True)[:BATCH])
    submit_each([Close(pk, PendingTransfer.State.EXPIRED) for pk in ids])
    return len(ids)
