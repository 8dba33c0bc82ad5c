"""Metering and settlement: money follows proven seconds, by the cumulative total."""

import logging
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery

from compliance.base.actor import Actor, system
from compliance.base.transition import transition
from marketplace.lease_pricing import charge_minor
from marketplace.models import Lease, UsageRecord
from marketplace.services import lease_course
from marketplace.services.lease_money import cancel_money, settle_money
from settlement.services import usage
from settlement.services.usage import UsageLine

logger = logging.getLogger(__name__)
ACTOR = system("metering")
State = Lease.State
METERED = (State.RUNNING, State.STOPPING, State.ENDED)


def meter_leases() -> int:
    """What leases have proven so far is earned under their holds. Returns for how many that was news.

    One pass over all of them with a fixed number of statements: a line a lease, named by its newest usage record. A
    line that cannot be posted does not hold up the others; the next round tells it again.
    """
    lines = [_line(*row) for row in _proven()]
    idle = usage.post_usage(lines)
    for each in idle:
        if each.code not in (usage.REPLAYED, usage.NOTHING_NEW):
            logger.warning("usage of lease %s is not posted: %s", lines[each.number].subject_id, each.code)
    return len(lines) - len(idle)


def _proven() -> QuerySet[Lease, tuple[UUID, UUID, int, int, int, int, int]]:
    """Leases that have proven more seconds than were posted, with the report that proves them."""
    newest = UsageRecord.objects.filter(lease=OuterRef("pk")).order_by("-sequence").values("sequence")[:1]
    leases = Lease.objects.filter(
        state__in=METERED, hold__pending__state="open", billed_seconds__gt=F("hold__pending__quantity")
    )
    return leases.annotate(report=Subquery(newest)).values_list(
        "pk", "hold_id", "price_minor_per_gpu_hour", "gpu_count", "billed_seconds", "max_spend_minor", "report"
    )


def _line(
    lease_id: UUID, hold_id: UUID, price_minor: int, gpu_count: int, seconds: int, most_minor: int, report: int
) -> UsageLine:
    return UsageLine(hold_id, lease_id, report, charge_minor(price_minor * gpu_count, seconds, most_minor), seconds)


def settle_ended_leases(*, actor: Actor = ACTOR) -> int:
    """Ended leases are paid and settled as far as their rails are; returns how many came to SETTLED."""
    settled = 0
    over = Lease.objects.filter(state=State.ENDED) | Lease.objects.filter(
        state=State.FAILED, hold__state__in=("opening", "open", "released")
    )
    for lease_id in over.order_by("pk").values_list("pk", flat=True):
        try:
            settled += settle_lease(lease_id, actor=actor)
        except Exception:
            logger.exception("lease %s could not be settled; the next round tries again", lease_id)
    return settled


def settle_lease(lease_id: UUID, *, actor: Actor = ACTOR) -> bool:
    """The lease's money is on its way to where it belongs; True once it has arrived and the lease is SETTLED."""
    with transaction.atomic():
        lease = lease_course.locked(lease_id)
        if lease.state == State.FAILED:
            cancel_money(lease, actor=actor)
        if lease.state != State.ENDED:
            return False
        settle_money(lease, actor=actor)
        return _conclude(lease_course.locked(lease_id), actor)


def conclude(lease_id: UUID, *, actor: Actor = ACTOR) -> bool:
    """An ended lease whose hold has come to its end is SETTLED; says whether it is now."""
    with transaction.atomic():
        if not Lease.objects.filter(pk=lease_id, state=State.ENDED).exists():
            return False
        lease = lease_course.locked(lease_id)
        return lease.state == State.ENDED and _conclude(lease, actor)


def _conclude(lease: Lease, actor: Actor) -> bool:
    if lease.hold is not None and lease.hold.state not in ("settled", "failed"):
        return False
    data = {"billed_seconds": lease.billed_seconds, "reason": lease.end_reason}
    transition(lease, State.SETTLED, actor=actor, event="lease.settled", data=data)
    return True
