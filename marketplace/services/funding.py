"""What the rails say of a lease's money."""

from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from compliance.base.actor import Actor
from marketplace.models import Lease
from marketplace.services import lease_course


def follow_hold(lease_id: UUID, *, actor: Actor) -> None:
    """A lease that waited for funds stands where its hold puts it: funded, or failed with it. Told twice, once."""
    with transaction.atomic():
        lease = Lease.objects.filter(pk=lease_id, state=Lease.State.PENDING_FUNDS).first()
        if lease is None:
            return
        lease = lease_course.locked(lease_id)
        if lease.state != Lease.State.PENDING_FUNDS or lease.hold is None:
            return
        if lease.hold.state == "open":
            lease_course.fund(lease, actor=actor)
        elif lease.hold.state == "failed":
            lease_course.fail(lease, Lease.EndReason.FUNDING_FAILED, actor=actor)


def end_unsecured(lease_id: UUID, *, actor: Actor) -> None:
    """A lease behind whose card nothing stands any more, or soon will, is being ended. Told twice, once.

    One whose card was not authorized anew ends while the old authorization still pays for it.
    """
    with transaction.atomic():
        lease = unsecured().filter(pk=lease_id).first()
        if lease is not None:
            lease_course.stop(lease_course.locked(lease_id), Lease.EndReason.FUNDING_FAILED, actor=actor)


def unsecured() -> QuerySet[Lease]:
    """The leases that go on although their card was refused, its authorization let go, or captured for too little."""
    going = (Lease.State.FUNDED, Lease.State.STARTING, Lease.State.RUNNING)
    refused = Q(hold__card_payment__renewal_refused__gt="")
    let_go = Q(hold__card_payment__state__in=("canceled", "failed"))
    captured = Q(
        hold__card_payment__state="succeeded",
        hold__card_payment__captured_minor__lt=F("hold__card_payment__amount_minor"),
    )
    return Lease.objects.filter(refused | let_go | captured, state__in=going)
