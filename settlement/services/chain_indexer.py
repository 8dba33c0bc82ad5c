"""Follows the escrow contract, block by block and hash by hash.

An event is recorded when it is seen and takes effect when it is final, `CHAIN_FINALITY_BLOCKS` deep; record and effect
each stand in one transaction with the cursor or the mark that says so. A crash anywhere resumes there; two followers at
once do what one would. A reorganisation is noticed by its hashes: the blocks that vanished are forgotten, their events
marked and, where they had taken effect in spite of the depth, reversed.
"""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction

from compliance.base import audit, clock, faults
from compliance.base.errors import Refusal
from settlement.models import ChainBlock, ChainCursor, ChainEvent
from settlement.rails.chain import Block, Chain, EscrowLog, connect
from settlement.services import chain_alarms, chain_effects, chain_sender
from settlement.services.chain_postings import INDEXER

logger = logging.getLogger(__name__)

# So many blocks behind the head every block's hash is kept: a reorganisation is followed down to there.
REMEMBERED_BLOCKS = 512
BLOCKS_PER_STEP = 200


class ReorganisationTooDeep(Refusal):
    """The chain changed below every block that is remembered. People must look."""

    code = "reorganisation_too_deep"
    http_status = 500
    default_message = "The chain was reorganised deeper than is remembered. Nothing was changed; an operator must look."


class EffectFailed(Refusal):
    """An event's effect cannot stand in the books. Later ones may rest on it: people must look."""

    code = "effect_failed"
    http_status = 500
    default_message = "An event of the contract cannot be booked. It and later ones wait; an operator must look."


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did."""

    block_number: int
    head_number: int
    recorded: int = 0
    applied: int = 0
    rolled_back: int = 0

    @property
    def caught_up(self) -> bool:
        """Whether the cursor stands at the head."""
        return self.block_number >= self.head_number


def follow(chain: Chain | None = None, *, max_blocks: int = BLOCKS_PER_STEP) -> Step:
    """The cursor is at most `max_blocks` further, and what became final has taken effect.

    Idempotent, and safe in parallel. Call outside any transaction. Raises ChainUnavailable, ChainNotConfigured,
    ReorganisationTooDeep, EffectFailed.
    """
    chain = chain or connect()
    cursor = _cursor(chain)
    head = chain.head()
    common = _common_ancestor(chain, cursor)
    if common is not None:
        rolled_back = _roll_back(chain, cursor, common)
        return Step(common.number, head.number, rolled_back=rolled_back)
    first, last = cursor.block_number + 1, min(head.number, cursor.block_number + max_blocks)
    recorded = 0
    if first <= last:
        blocks = _blocks(chain, first, last, head.number)
        logs = chain.logs(first, last)
        if not _is_one_chain(cursor, blocks, logs, first, last):
            # It was reorganised while we read. The next step meets it at the cursor.
            return Step(cursor.block_number, head.number)
        recorded = _advance(chain, cursor, blocks, logs)
    applied = _apply_final(chain, head.number - settings.CHAIN_FINALITY_BLOCKS)
    return Step(max(cursor.block_number, last), head.number, recorded=recorded, applied=applied)


def catch_up(chain: Chain | None = None, *, max_steps: int = 1000) -> Step:
    """As `follow`, until the head is reached. For a task that comes after a pause."""
    chain = chain or connect()
    step = follow(chain)
    for _ in range(max_steps):
        if step.caught_up and not step.rolled_back:
            break
        step = follow(chain)
    return step


def has_taken_in(chain: Chain, number: int, block_hash: str) -> bool:
    """Whether that block lies in what was followed, so that it is noticed when it vanishes.

    Nothing is rolled back until the caller's transaction ends.
    """
    cursor = ChainCursor.objects.select_for_update().filter(
        chain_id=chain.deployment.chain_id, contract=chain.deployment.escrow
    )
    if not any(number <= row.block_number for row in cursor):
        return False
    known = ChainBlock.objects.filter(chain_id=chain.deployment.chain_id, number=number).values_list("hash", flat=True)
    # Blocks far behind the head are not remembered: they vanish no more.
    return known.first() in (None, block_hash)


# -- where we stand ------------------------------------------------------------------------------------------


def _cursor(chain: Chain) -> ChainCursor:
    deployment = chain.deployment
    return ChainCursor.objects.get_or_create(
        chain_id=deployment.chain_id,
        contract=deployment.escrow,
        defaults={"block_number": max(0, deployment.block - 1)},
    )[0]


def _common_ancestor(chain: Chain, cursor: ChainCursor) -> Block | None:
    """The newest remembered block that the chain still has; None when that is the cursor's own.

    Raises ReorganisationTooDeep.
    """
    if not cursor.block_hash:
        return None
    present = chain.block(cursor.block_number)
    if present is not None and present.hash == cursor.block_hash:
        return None
    remembered = ChainBlock.objects.filter(chain_id=cursor.chain_id, number__lt=cursor.block_number)
    for row in remembered.order_by("-number"):
        present = chain.block(row.number)
        if present is not None and present.hash == row.hash:
            return present
    if not ChainEvent.objects.filter(contract=cursor.contract, rolled_back_at=None).exists():
        # Nothing of ours was ever on it: begin anew.
        return chain.block(max(0, chain.deployment.block - 1)) or chain.block(0)
    raise ReorganisationTooDeep


def _blocks(chain: Chain, first: int, last: int, head: int) -> list[Block]:
    """The blocks to remember: each near the head, only the last far behind it."""
    from_number = max(first, head - REMEMBERED_BLOCKS) if last > head - REMEMBERED_BLOCKS else last
    found = [chain.block(number) for number in range(from_number, last + 1)]
    return [block for block in found if block is not None]


def _is_one_chain(
    cursor: ChainCursor, blocks: Sequence[Block], logs: Sequence[EscrowLog], first: int, last: int
) -> bool:
    """Whether the blocks reach `last`, follow on each other and on the cursor, and the logs lie in them."""
    if not blocks or blocks[-1].number != last:
        return False
    if blocks[0].number == first and cursor.block_hash and blocks[0].parent_hash != cursor.block_hash:
        return False
    if any(block.parent_hash != before.hash for before, block in itertools.pairwise(blocks)):
        return False
    hashes = {block.number: block.hash for block in blocks}
    return all(hashes.get(log.block_number, log.block_hash) == log.block_hash for log in logs)


# -- forward -------------------------------------------------------------------------------------------------


def _advance(chain: Chain, cursor: ChainCursor, blocks: Sequence[Block], logs: Sequence[EscrowLog]) -> int:
    """Blocks, events and cursor stand together. Returns the events recorded; none when another was first."""
    chain_id, contract = chain.deployment.chain_id, chain.deployment.escrow
    with transaction.atomic():
        moved = ChainCursor.objects.filter(
            pk=cursor.pk, block_number=cursor.block_number, block_hash=cursor.block_hash
        ).update(block_number=blocks[-1].number, block_hash=blocks[-1].hash)
        if not moved:
            return 0
        ChainBlock.objects.filter(chain_id=chain_id, number__gte=blocks[0].number).delete()
        ChainBlock.objects.bulk_create(
            ChainBlock(chain_id=chain_id, number=block.number, hash=block.hash, parent_hash=block.parent_hash)
            for block in blocks
        )
        ChainBlock.objects.filter(chain_id=chain_id, number__lt=blocks[-1].number - 2 * REMEMBERED_BLOCKS).delete()
        ChainEvent.objects.bulk_create(_event(chain_id, contract, log) for log in logs)
    return len(logs)


def _event(chain_id: int, contract: str, log: EscrowLog) -> ChainEvent:
    return ChainEvent(
        chain_id=chain_id,
        contract=contract,
        block_number=log.block_number,
        block_hash=log.block_hash,
        transaction_hash=log.transaction_hash,
        log_index=log.log_index,
        name=log.name,
        args=log.args,
    )


def _apply_final(chain: Chain, final_number: int) -> int:
    """Events down to the final block have taken effect, in order, each in its own transaction. Returns how many.

    Raises EffectFailed at the first that cannot, with an alarm; it is tried again at each step.
    """
    waiting = ChainEvent.objects.filter(
        chain_id=chain.deployment.chain_id,
        contract=chain.deployment.escrow,
        block_number__lte=final_number,
        applied_at=None,
        rolled_back_at=None,
    )
    applied = 0
    for pk in list(waiting.order_by("block_number", "log_index").values_list("pk", flat=True)):
        try:
            applied += _apply(pk)
        except Exception as error:
            chain_alarms.sound(chain_alarms.EFFECT_FAILED, f"event {pk}: {faults.place_of(error)}")
            raise EffectFailed from error
    return applied


def _apply(pk: UUID) -> bool:
    """The event's effect stands. False when it stood before, or the event is no more."""
    with transaction.atomic():
        event = ChainEvent.objects.select_for_update().filter(pk=pk, applied_at=None, rolled_back_at=None).first()
        if event is None:
            return False
        chain_effects.apply(event)
        ChainEvent.objects.filter(pk=pk).update(applied_at=clock.now())
    return True


# -- back ----------------------------------------------------------------------------------------------------


def _roll_back(chain: Chain, cursor: ChainCursor, common: Block) -> int:
    """Nothing above the common block is remembered; effects that stood are reversed, newest first."""
    chain_id, contract = chain.deployment.chain_id, chain.deployment.escrow
    with transaction.atomic():
        moved = ChainCursor.objects.filter(
            pk=cursor.pk, block_number=cursor.block_number, block_hash=cursor.block_hash
        ).update(block_number=common.number, block_hash=common.hash)
        if not moved:
            return 0
        ChainBlock.objects.filter(chain_id=chain_id, number__gt=common.number).delete()
        vanished = list(
            ChainEvent.objects.select_for_update()
            .filter(chain_id=chain_id, contract=contract, block_number__gt=common.number, rolled_back_at=None)
            .order_by("-block_number", "-log_index")
        )
        chain_effects.reverse([event for event in vanished if event.applied_at is not None])
        ChainEvent.objects.filter(pk__in=[event.pk for event in vanished]).update(rolled_back_at=clock.now())
        chain_sender.send_again_above(chain_id, common.number)
        data = {"from": cursor.block_number, "to": common.number, "events": len(vanished)}
        audit.record("chain.reorganised", actor=INDEXER, subject=cursor, data=data)
    logger.warning("the chain was reorganised from block %s down to %s", cursor.block_number, common.number)
    return len(vanished)
