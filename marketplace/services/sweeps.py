"""Every state of a lease and a node that can be outlived has its end here."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from compliance.base import clock
from compliance.base.actor import Actor, system
from compliance.base.transition import transition
from marketplace.models import Allocation, Lease, Node
from marketplace.services import funding, lease_course
from marketplace.services.lease_terms import end_of_time
from settlement.services import rows

ACTOR = system("sweeper")
State, EndReason = Lease.State, Lease.EndReason


def sweep_leases(*, actor: Actor = ACTOR) -> int:
    """No lease outlives its state's deadline, or waits for news that the rails have told. Returns how many moved."""
    told = Lease.objects.filter(state=State.PENDING_FUNDS, hold__state__in=("open", "failed"))
    unsecured = funding.unsecured()
    due = Lease.objects.filter(state__in=Lease.LIVE, state_deadline_at__lte=clock.now())
    moved = 0
    for work, found, act in (
        ("The funding of a lease", told, lambda lease_id: funding.follow_hold(lease_id, actor=actor)),
        ("The end of an unsecured lease", unsecured, lambda lease_id: funding.end_unsecured(lease_id, actor=actor)),
        ("The deadline of a lease", due, lambda lease_id: _past_deadline(lease_id, actor)),
    ):
        moved += _each(work, found.values_list("pk", flat=True), act, actor=actor)
    _free_gpus_of_suspended()
    return moved


def mark_stale_nodes(*, actor: Actor = ACTOR) -> int:
    """Nodes without a recent heartbeat are offline, and their leases have ended as lost. Returns how many."""
    limit = clock.now() - timedelta(seconds=settings.GRIDCLEAR_HEARTBEAT_TIMEOUT_SECONDS)
    stale = Node.objects.filter(state=Node.State.ONLINE, last_heartbeat_at__lt=limit)
    ids = stale.values_list("pk", flat=True)
    return _each("The loss of a silent node", ids, lambda node_id: _lose(node_id, actor), actor=actor)


def _past_deadline(lease_id: UUID, actor: Actor) -> None:
    lease = lease_course.locked(lease_id)
    if lease.state_deadline_at is None or lease.state_deadline_at > clock.now():
        return
    if lease.state == State.PENDING_FUNDS:
        lease_course.fail(lease, EndReason.FUNDING_TIMEOUT, actor=actor)
    elif lease.state in (State.FUNDED, State.STARTING):
        lease_course.stop(lease, EndReason.START_TIMEOUT, actor=actor)
    elif lease.state == State.RUNNING:
        lease_course.stop(lease, end_of_time(lease), actor=actor)
    elif lease.state == State.STOPPING:
        lease_course.end(lease, lease.end_reason, actor=actor)


def _lose(node_id: UUID, actor: Actor) -> None:
    """The heartbeat is judged again under the lock: a sync may have come in between."""
    node = Node.objects.select_for_update(no_key=True).get(pk=node_id)
    limit = clock.now() - timedelta(seconds=settings.GRIDCLEAR_HEARTBEAT_TIMEOUT_SECONDS)
    if node.state != Node.State.ONLINE or (node.last_heartbeat_at is not None and node.last_heartbeat_at >= limit):
        return
    transition(node, Node.State.OFFLINE, actor=actor, event="node.went_offline")
    states = (State.FUNDED, State.STARTING, State.RUNNING, State.STOPPING, State.SUSPENDED)
    for lease in lease_course.locked_leases_of(node_id, states):
        if lease.state == State.SUSPENDED:
            lease_course.release_gpus(lease)
        else:
            lease_course.end(lease, EndReason.PROVIDER_LOST, actor=actor)


def _free_gpus_of_suspended() -> None:
    """A node that does not confirm the stop of a suspended workload does not keep its GPUs for it."""
    limit = clock.now() - timedelta(seconds=settings.GRIDCLEAR_STOP_TIMEOUT_SECONDS)
    Allocation.objects.filter(closed_at=None, lease__state=State.SUSPENDED, lease__state_changed_at__lte=limit).update(
        closed_at=clock.now()
    )


def _each(work: str, ids: Iterable[UUID], act: Callable[[UUID], None], *, actor: Actor) -> int:
    """Each in a transaction of its own: one that cannot be moved holds up no other, and officers hear of it."""

    def move(row_id: UUID) -> bool:
        with transaction.atomic():
            act(row_id)
        return True

    return rows.each(work, ids, move, actor=actor)
