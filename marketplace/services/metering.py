"""Metering and settlement: money follows proven seconds, by the cumulative total."""

import logging
from uuid import UUID

from django.db import transaction

from compliance.base.actor import Actor, system
from compliance.base.transition import transition
from marketplace.models import Lease
from marketplace.services import lease_course
from marketplace.services.lease_money import cancel_money, capture_money, settle_money

logger = logging.getLogger(__name__)
ACTOR = system("metering")
State = Lease.State


def meter_leases() -> int:
    """What leases have proven so far is earned under their holds. Returns for how many that was news."""
    metered = (State.RUNNING, State.STOPPING, State.ENDED)
    leases = Lease.objects.filter(state__in=metered, hold__state="open", billed_seconds__gt=0).select_related("hold")
    captured = 0
    for lease in leases.order_by("pk"):
        try:
            captured += capture_money(lease)
        except Exception:
            logger.exception("lease %s could not be metered; the next round tries again", lease.pk)
    return captured


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
