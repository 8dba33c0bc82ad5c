"""Running leases are charged in the contract, many in one transaction, so that a provider never waits for the end.

A charge is a voucher: all that the lease has cost so far. The contract ignores one that is not above what it charged,
and leaves out a line that it would refuse alone, so that a batch may come twice, late, or out of order. Nothing here
posts in the ledger: the indexer does, when the contract's own events are final (`chain_settlements`).
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F

from compliance.base import actor, clock, faults
from compliance.services import money_alarms
from compliance.services.chain_signer import SETTLER
from settlement.models import ChainJob, EscrowDeposit, Hold
from settlement.rails.chain import ChainUnavailable, EscrowState, connect
from settlement.selectors.chain_charges import leases_to_charge, running_leases
from settlement.services import chain_work
from settlement.services.chain_deposits import terms_of
from settlement.services.chain_escrow import attempt_key, bound_of, is_frozen
from settlement.services.chain_sender import ContractCall, submit

logger = logging.getLogger(__name__)

ACTOR = actor.system("chain_charges")
# Lines of one transaction: some four million gas, a fraction of a block.
LINES = 100
POSTED_AT_ONCE = 1_000
TRY_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(slots=True)
class _Batch:
    """The lines to be sent, the deposits that were looked at, and the holds that could not be, or not yet."""

    lines: list[tuple[Any, ...]] = field(default_factory=list)
    deposits: list[EscrowDeposit] = field(default_factory=list)
    failed: dict[UUID, Exception] = field(default_factory=dict)
    unread: set[UUID] = field(default_factory=set)


def charge_running_leases() -> int:
    """Each running lease that is due is charged, or waits for its next turn. Returns how many were taken.

    Call outside any transaction. Safe in parallel, to be repeated, and to die anywhere. What the chain does not take
    waits; after an hour officers have a case.
    """
    _post_due()
    taken = 0
    while jobs := chain_work.take(ChainJob.objects.filter(kind=ChainJob.Kind.CHARGE), LINES):
        taken += len(jobs)
        if not _charge(jobs):
            break
    return taken


def _post_due() -> None:
    """Each lease that is due has its job; one that stands keeps its turn."""
    now = clock.now()
    due = leases_to_charge(POSTED_AT_ONCE)
    jobs = [ChainJob(kind=ChainJob.Kind.CHARGE, hold_id=hold_id, posted_at=now, due_at=now) for hold_id in due]
    ChainJob.objects.bulk_create(jobs, ignore_conflicts=True)


def _charge(jobs: Sequence[ChainJob]) -> bool:
    """What could be read of the jobs' leases is charged by one transaction. False when something waits."""
    try:
        batch = _read(jobs)
        _send(batch.lines)
    except Exception as error:
        # Any: what cannot be sent now is sent later, and nothing else that the chain is to do waits for it.
        _put_back(jobs, error)
        return False
    EscrowDeposit.objects.bulk_update(batch.deposits, ["voucher_minor", "voucher_at"])
    waiting = {*batch.failed, *batch.unread}
    chain_work.ours(jobs).exclude(hold_id__in=waiting).delete()
    chain_work.ours(jobs).filter(hold_id__in=batch.unread).update(taken_until=None)
    for job in jobs:
        if job.hold_id in batch.failed:
            _put_back([job], batch.failed[job.hold_id])
    return not waiting


def _read(jobs: Sequence[ChainJob]) -> _Batch:
    """The lines of the jobs' leases. One that cannot be read stops no other; a node that is gone ends the reading."""
    batch = _Batch()
    holds = list(running_leases().filter(pk__in=[job.hold_id for job in jobs]).order_by("pk"))
    if not holds:
        return batch
    chain = connect()
    now = chain.head().timestamp
    for number, hold in enumerate(holds):
        try:
            _add_line(batch, hold, chain.escrow(hold.escrow_deposit.lease_key), now)
        except ChainUnavailable as error:
            batch.failed[hold.pk] = error
            batch.unread = {each.pk for each in holds[number + 1 :]}
            break
        except Exception as error:
            batch.failed[hold.pk] = error
    return batch


def _add_line(batch: _Batch, hold: Hold, state: EscrowState, now: int) -> None:
    """The lease is charged up to what the contract allows by its clock, if it is open there and that is news."""
    deposit = hold.escrow_deposit
    total = min(hold.chargeable, bound_of(deposit, state, now))  # type: ignore[attr-defined]
    if state.status == EscrowState.OPEN and not is_frozen(state) and total > state.settled:
        batch.lines.append((terms_of(deposit), total))
    deposit.voucher_minor, deposit.voucher_at = total, clock.now()
    batch.deposits.append(deposit)


def _send(lines: Sequence[tuple[Any, ...]]) -> None:
    """The same lines are sent once, however often they come: what they are is the key."""
    if lines:
        digest = hashlib.sha256(repr(lines).encode()).hexdigest()[:32]
        submit(ContractCall(attempt_key(f"charge:{digest}"), "charge", SETTLER, "settleBatch", (list(lines),)))


def _put_back(jobs: Sequence[ChainJob], error: Exception) -> None:
    """The jobs have their next turn in a minute; of those that have waited for an hour officers have a case."""
    code = faults.code_of(error)
    logger.warning("the charges of %s leases wait: %s", len(jobs), faults.place_of(error))
    chain_work.ours(jobs).update(
        taken_until=None,
        due_at=clock.now() + TRY_AGAIN_AFTER,
        attempts=F("attempts") + 1,
        last_error=code[:64],
    )
    oldest = min(jobs, key=lambda job: job.created_at)
    if clock.now() - oldest.created_at >= chain_work.ALARM_AFTER:
        first = f"charge of hold {oldest.hold_id}"
        money_alarms.open_case_of_stuck("Charging on chain", code, first, oldest.hold_id, actor=ACTOR)
