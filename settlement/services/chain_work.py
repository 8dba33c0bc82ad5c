"""Workers of the chain's jobs: each takes what nobody else is at, and whatever dies with a worker is taken again.

A job is taken with SKIP LOCKED and a time until which it is the taker's, so that no lock is held while the chain is
asked. Every deed is idempotent by the key of its transaction, so that a job done twice happens once.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from compliance.base import actor, clock, faults
from compliance.services import money_alarms
from settlement.models import ChainJob, ChainTransaction
from settlement.services import chain_escrow

logger = logging.getLogger(__name__)

Kind = ChainJob.Kind
ACTOR = actor.system("chain_work")
# Longer than any deed takes: after it the worker is taken for dead.
TAKEN_FOR = timedelta(minutes=2)
LONGEST_WAIT = timedelta(minutes=5)
# A job that stands for so long and fails is a case for officers.
ALARM_AFTER = timedelta(hours=1)
BATCH = 20
_DEEDS: dict[str, Callable[[UUID], ChainTransaction | None]] = {
    Kind.SETTLE: chain_escrow.settle_escrow,
    Kind.FREEZE: chain_escrow.freeze_escrow,
    Kind.UNFREEZE: chain_escrow.unfreeze_escrow,
    Kind.RETURN: chain_escrow.return_deposit,
}


def work(limit: int = BATCH) -> int:
    """Jobs that were due are done, or wait for their next turn. Returns how many were taken.

    Call outside any transaction. Safe in parallel; whatever goes wrong with one job stops no other.
    """
    jobs = take(ChainJob.objects.exclude(kind=Kind.CHARGE), limit)
    for job in jobs:
        try:
            _DEEDS[job.kind](job.hold_id)
        except Exception as error:
            # Any: one that cannot be done must not keep the others of its batch from their turn.
            _put_back(job, error)
        else:
            _end(job)
    return len(jobs)


def take(wanted: QuerySet[ChainJob], limit: int) -> list[ChainJob]:
    """Those of the jobs that are due and that nobody is at are ours for a while."""
    now = clock.now()
    until = now + TAKEN_FOR
    with transaction.atomic():
        free = wanted.filter(Q(taken_until=None) | Q(taken_until__lte=now), due_at__lte=now)
        jobs = list(free.select_for_update(skip_locked=True).order_by("due_at", "pk")[:limit])
        ChainJob.objects.filter(pk__in=[job.pk for job in jobs]).update(taken_until=until)
    for job in jobs:
        job.taken_until = until
    return jobs


def _end(job: ChainJob) -> None:
    """The job is gone, unless it was posted again meanwhile: what it asked for may be another thing by now."""
    ended, _ = ChainJob.objects.filter(pk=job.pk, posted_at=job.posted_at).delete()
    if not ended:
        ours([job]).update(taken_until=None)


def _put_back(job: ChainJob, error: Exception) -> None:
    """The job has its next turn later each time it fails; after an hour officers have a case."""
    code = faults.code_of(error)
    logger.warning("chain job %s of hold %s waits: %s", job.kind, job.hold_id, faults.place_of(error))
    wait = min(timedelta(seconds=2 ** min(job.attempts + 1, 10)), LONGEST_WAIT)
    ours([job]).update(taken_until=None, due_at=clock.now() + wait, attempts=F("attempts") + 1, last_error=code[:64])
    if clock.now() - job.created_at >= ALARM_AFTER:
        first = f"{job.kind} of hold {job.hold_id}"
        money_alarms.open_case_of_stuck("Work on chain", code, first, job.hold_id, actor=ACTOR)


def ours(jobs: Sequence[ChainJob]) -> QuerySet[ChainJob]:
    """The rows of jobs that were taken together, less those that another worker has because we took so long."""
    return ChainJob.objects.filter(pk__in=[job.pk for job in jobs], taken_until=jobs[0].taken_until)
