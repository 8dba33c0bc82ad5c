"""What the rails say of a lease's money."""

from uuid import UUID

from django.db import transaction

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
