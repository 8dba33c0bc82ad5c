"""Our transactions seen through: sent until a block holds them, made dearer when they wait, signed anew when lost.

All signings of one transaction have one nonce, so the chain takes one of them at most: a dearer one replaces, it never
doubles. Only when the nonce was used for good by a transaction that is not ours is another nonce taken. An end is
recorded when the indexer has taken in its block: it is the indexer that notices when a block vanishes.

A worker may stand still anywhere for an hour while others go on: what it read is compared again when it writes.
"""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from compliance.base import clock, faults
from compliance.base.errors import Refusal, StaleState
from compliance.base.transition import transition
from compliance.services.chain_signer import signer_for
from settlement.models import ChainAttempt, ChainTransaction
from settlement.rails.chain import Chain, Fees, Outcome, connect
from settlement.selectors.wallet_freezes import is_overtaken
from settlement.services import chain_alarms, chain_indexer
from settlement.services.chain_sender import (
    MINING_ALARM,
    SENDER,
    broadcast,
    exceeds_limit,
    hash_of,
    next_nonce,
    store_attempt,
    unsigned_call,
)

logger = logging.getLogger(__name__)

State = ChainTransaction.State
# Longer than looking after one transaction takes: after it the worker is taken for dead.
TAKEN_FOR = timedelta(minutes=2)
# A transaction that no block took for so long is offered more for.
DEARER_AFTER = timedelta(minutes=3)
# Nodes take a replacement that offers a tenth more; an eighth is safe with all.
DEARER_BY = (9, 8)
BATCH = 100


def deliver(chain: Chain | None = None) -> int:
    """Every transaction that was not final was looked after once: sent again, made dearer, or its end recorded.

    Returns how many were. Safe to run in parallel and to repeat: each is taken by one worker at a time.
    """
    waiting = ChainTransaction.objects.filter(state__in=ChainTransaction.UNDER_WAY)
    if not waiting.exists():
        return 0
    chain = chain or connect()
    rows = _take(chain.deployment.chain_id)
    for row in rows:
        try:
            _look_after(row, chain)
        except Refusal as error:
            logger.warning("chain transaction %s waits for the next round: %s", row.hash, error.code)
        except Exception as error:
            # It stays taken for its while, so that the next rounds begin with others.
            logger.error("chain transaction %s waits: %s", row.hash, faults.place_of(error))
            continue
        # Unless we took so long that another worker has it.
        ChainTransaction.objects.filter(pk=row.pk, taken_until=row.taken_until).update(taken_until=None)
    _alarm_of_stuck()
    return len(rows)


def _take(chain_id: int) -> list[ChainTransaction]:
    """Transactions that nobody else looks after, ours for a while; the lowest nonces first, on which others wait."""
    now = clock.now()
    until = now + TAKEN_FOR
    with transaction.atomic():
        free = ChainTransaction.objects.filter(
            Q(taken_until=None) | Q(taken_until__lte=now),
            state__in=ChainTransaction.UNDER_WAY,
            chain_id=chain_id,
        )
        rows = list(free.select_for_update(skip_locked=True).order_by("sender", "nonce")[:BATCH])
        ChainTransaction.objects.filter(pk__in=[row.pk for row in rows]).update(taken_until=until)
    for row in rows:
        row.taken_until = until
    return rows


def _look_after(row: ChainTransaction, chain: Chain) -> None:
    if row.state == State.DISPLACED:
        _sign_anew(row, chain)
        return
    # Before the signings and their receipts are read: whichever of ours used the nonce by now is then among them.
    used = chain.final_nonce(row.sender, settings.CHAIN_FINALITY_BLOCKS)
    attempts = list(row.attempts.filter(nonce=row.nonce).order_by("-created_at"))
    for attempt in attempts:
        outcome = chain.outcome(attempt.hash)
        if outcome is not None:
            _record_end(row, attempt, outcome, chain)
            return
    if used > row.nonce:
        _displace(row)
        return
    if attempts and clock.now() - attempts[0].created_at >= DEARER_AFTER:
        _make_dearer(row, attempts[0], chain)
    broadcast(row, chain)


def _record_end(row: ChainTransaction, attempt: ChainAttempt, outcome: Outcome, chain: Chain) -> None:
    """The transaction has ended as the block says, once the indexer has taken in that block."""
    end, event = (
        (State.CONFIRMED, "chain_transaction.confirmed")
        if outcome.succeeded
        else (State.REVERTED, "chain_transaction.reverted")
    )
    with transaction.atomic():
        if not chain_indexer.has_taken_in(chain, outcome.block_number, outcome.block_hash):
            return
        transition(
            row,
            end,
            actor=SENDER,
            event=event,
            data={"hash": attempt.hash, "purpose": row.purpose, "block": outcome.block_number},
            block_number=outcome.block_number,
            raw=attempt.raw,
            hash=attempt.hash,
        )


# -- dearer --------------------------------------------------------------------------------------------------


def _make_dearer(row: ChainTransaction, last: ChainAttempt, chain: Chain) -> None:
    """The same call with the same nonce and a better fee stands in the row, unless the limit is reached."""
    unsigned = _unsigned(last)
    fees = _better(unsigned, chain.fees())
    if exceeds_limit(fees):
        logger.warning("chain transaction %s is at the limit of its fee", row.hash)
        return
    unsigned |= {"maxFeePerGas": fees.max_fee, "maxPriorityFeePerGas": fees.priority_fee}
    _replace(row, unsigned, signer_for(row.role).sign_transaction(unsigned))


def _better(unsigned: dict[str, Any], now: Fees) -> Fees:
    more, than = DEARER_BY
    return Fees(
        max(now.max_fee, -(-unsigned["maxFeePerGas"] * more // than)),
        max(now.priority_fee, -(-unsigned["maxPriorityFeePerGas"] * more // than)),
    )


def _replace(row: ChainTransaction, unsigned: dict[str, Any], raw: bytes) -> bool:
    """The row holds the call as it is signed now, stored before it is sent. False when another was first.

    Raises StaleState when the row holds another signing by now.
    """
    changes = {"raw": "0x" + raw.hex(), "hash": hash_of(raw), "nonce": unsigned["nonce"]}
    try:
        with transaction.atomic():
            store_attempt(row, raw, unsigned)
            if not ChainTransaction.objects.filter(pk=row.pk, hash=row.hash).update(**changes):
                raise StaleState
    except IntegrityError:
        return False
    for name, value in changes.items():
        setattr(row, name, value)
    return True


def _unsigned(attempt: ChainAttempt) -> dict[str, Any]:
    fields = TypedTransaction.from_bytes(HexBytes(attempt.raw)).as_dict()
    fees = Fees(int(fields["maxFeePerGas"]), int(fields["maxPriorityFeePerGas"]))
    to, data = HexBytes(fields["to"]).to_0x_hex(), HexBytes(fields["data"]).to_0x_hex()
    row = attempt.transaction
    return unsigned_call(int(fields["chainId"]), attempt.nonce, row.to_address or to, data, int(fields["gas"]), fees)


# -- lost ----------------------------------------------------------------------------------------------------


def _displace(row: ChainTransaction) -> None:
    """None of its signings can happen any more: its nonce was used, finally, by a transaction that is not ours."""
    with transaction.atomic():
        # Another worker may have signed it anew while this one stood still: that nonce is not the one that was used.
        if not ChainTransaction.objects.select_for_update().filter(pk=row.pk, nonce=row.nonce).exists():
            raise StaleState
        transition(
            row,
            State.DISPLACED,
            actor=SENDER,
            event="chain_transaction.displaced",
            deadline_at=clock.now() + MINING_ALARM,
            data={"hash": row.hash, "purpose": row.purpose, "nonce": row.nonce},
        )
    chain_alarms.sound(chain_alarms.NONCE_DISPLACED, f"{row.purpose}: nonce {row.nonce} of {row.sender}")


def _sign_anew(row: ChainTransaction, chain: Chain) -> None:
    last = row.attempts.order_by("-created_at").first()
    if last is None:
        return
    unsigned = _unsigned(last) | {"nonce": next_nonce(chain, row.sender)}
    raw = signer_for(row.role).sign_transaction(unsigned)
    # At once: a nonce that was taken and never sent would hold up all later ones.
    with transaction.atomic():
        if is_overtaken(row):
            _drop(row)
            return
        if not _replace(row, unsigned, raw):
            return
        transition(
            row,
            State.SIGNED,
            actor=SENDER,
            event="chain_transaction.signed_anew",
            deadline_at=clock.now() + MINING_ALARM,
            data={"hash": row.hash, "purpose": row.purpose, "nonce": row.nonce},
        )
    broadcast(row, chain)


def _drop(row: ChainTransaction) -> None:
    """A freeze or a release that would come after its time is not signed anew."""
    transition(
        row,
        State.DROPPED,
        actor=SENDER,
        event="chain_transaction.dropped",
        data={"hash": row.hash, "purpose": row.purpose, "nonce": row.nonce},
    )


def _alarm_of_stuck() -> None:
    late = ChainTransaction.objects.filter(state__in=ChainTransaction.UNDER_WAY, state_deadline_at__lte=clock.now())
    stuck = late.order_by("nonce").first()
    if stuck is None:
        chain_alarms.end(chain_alarms.TRANSACTION_STUCK)
    else:
        chain_alarms.sound(
            chain_alarms.TRANSACTION_STUCK, f"{stuck.purpose} {stuck.hash} is in no block that was followed."
        )
