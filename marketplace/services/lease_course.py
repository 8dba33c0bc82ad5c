"""The course of a lease: each step is one compare-and-set transition with its audit event.

Every function takes the lease's row locked by the caller (`locked`), so that two processes take turns.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.transition import transition
from compliance.services import clearances
from marketplace.faults import FAULT_OF
from marketplace.models import Lease
from marketplace.services.lease_money import cancel_money, freeze_money, unfreeze_money
from marketplace.services.lease_terms import usable_seconds

State, EndReason = Lease.State, Lease.EndReason


def _locked_leases() -> QuerySet[Lease]:
    return Lease.objects.select_for_update(of=("self",), no_key=True).select_related(
        "clearance", "hold__pending", "node", "gpu_model", "renter", "provider"
    )


def locked(lease_id: UUID) -> Lease:
    """The lease with its row locked until the transaction's end. Raises Lease.DoesNotExist."""
    return _locked_leases().get(pk=lease_id)


def locked_leases_of(node_id: UUID, states: tuple[str, ...]) -> list[Lease]:
    """The node's leases in these states, locked in one order for all."""
    return list(_locked_leases().filter(node_id=node_id, state__in=states).order_by("pk"))


def fund(lease: Lease, *, actor: Actor) -> None:
    """The money is there; the lease waits for the node. Without a valid clearance it fails, and the money goes back.

    Does nothing unless the lease waits for funds and its hold is open.
    """
    if lease.state != State.PENDING_FUNDS or lease.hold is None or lease.hold.state != "open":
        return
    if not clearance_holds(lease):
        fail(lease, EndReason.CLEARANCE_LAPSED, actor=actor)
        return
    transition(lease, State.FUNDED, actor=actor, event="lease.funded", deadline_at=_in("START"))


def start(lease: Lease, *, actor: Actor) -> bool:
    """The node has the job ticket; says whether. Without a valid clearance the lease ends instead (wall 1)."""
    if not clearance_holds(lease):
        stop(lease, EndReason.CLEARANCE_LAPSED, actor=actor)
        return False
    data = {"clearance": str(lease.clearance_id)}
    transition(lease, State.STARTING, actor=actor, event="lease.starting", data=data, deadline_at=_in("START"))
    return True


def run(lease: Lease, *, actor: Actor) -> bool:
    """The workload is usable from now on, and time counts; says whether. Without a valid clearance it is stopped."""
    if not clearance_holds(lease):
        stop(lease, EndReason.CLEARANCE_LAPSED, actor=actor)
        return False
    now = clock.now()
    transition(
        lease,
        State.RUNNING,
        actor=actor,
        event="lease.running",
        deadline_at=now + timedelta(seconds=usable_seconds(lease)),
        started_at=now,
        expires_at=now + timedelta(seconds=lease.max_seconds),
    )
    return True


def stop(lease: Lease, reason: str, *, actor: Actor) -> None:
    """The node is told to end the workload. A lease of which no node has heard ends at once."""
    if lease.state == State.FUNDED:
        end(lease, reason, actor=actor)
    else:
        transition(
            lease,
            State.STOPPING,
            actor=actor,
            event="lease.stopping",
            data={"reason": str(reason)},
            deadline_at=_in("STOP"),
            end_reason=reason,
        )


def suspend(lease: Lease, reason: str, *, actor: Actor) -> None:
    """Compliance froze the lease: the workload is being stopped and the money stays where it is.

    A lease that still waits for funds fails; its hold is frozen as well. SUSPENDED has no deadline of its own: it
    lasts as long as the case, and the case has one.
    """
    if lease.state == State.PENDING_FUNDS:
        _never_was(lease, EndReason.COMPLIANCE_SUSPENDED, actor)
        freeze_money(lease, reason, actor=actor)
        return
    unheard = lease.state == State.FUNDED
    transition(
        lease,
        State.SUSPENDED,
        actor=actor,
        event="lease.suspended",
        data={"reason": reason},
        end_reason=EndReason.COMPLIANCE_SUSPENDED,
    )
    freeze_money(lease, reason, actor=actor)
    if unheard:
        release_gpus(lease)


def release(lease: Lease, *, actor: Actor) -> None:
    """Compliance let go of the lease: it has ended, and its money can be settled."""
    unfreeze_money(lease, actor=actor)
    end(lease, EndReason.COMPLIANCE_SUSPENDED, actor=actor)


def end(lease: Lease, reason: str, *, actor: Actor) -> None:
    """The lease is over: its GPUs are free and what was proven is about to be settled."""
    why = lease.end_reason or reason
    transition(
        lease,
        State.ENDED,
        actor=actor,
        event="lease.ended",
        data={"reason": str(why), "fault": FAULT_OF[why].value, "billed_seconds": lease.billed_seconds},
        ended_at=clock.now(),
        end_reason=why,
    )
    release_gpus(lease)
    enqueue("marketplace.settle_ended_leases")


def fail(lease: Lease, reason: str, *, actor: Actor) -> None:
    """The lease never came to be: its GPUs are free and nothing is paid."""
    _never_was(lease, reason, actor)
    cancel_money(lease, actor=actor)


def _never_was(lease: Lease, reason: str, actor: Actor) -> None:
    transition(
        lease,
        State.FAILED,
        actor=actor,
        event="lease.failed",
        data={"reason": str(reason), "fault": FAULT_OF[reason].value},
        ended_at=clock.now(),
        end_reason=reason,
    )
    release_gpus(lease)


def release_gpus(lease: Lease) -> None:
    """Others can lease the GPUs."""
    lease.allocations.filter(closed_at=None).update(closed_at=clock.now())


def clearance_holds(lease: Lease) -> bool:
    """Whether the lease's clearance is live, about it and its parties, and nobody in it is restricted."""
    try:
        clearances.ensure_valid(
            lease.clearance_id,
            purpose="lease",
            subject_id=lease.pk,
            renter_party_id=lease.renter_party_id,
            provider_party_id=lease.provider_party_id,
        )
    except clearances.ClearanceInvalid:
        return False
    return True


def _in(what: str) -> datetime:
    return clock.now() + timedelta(seconds=getattr(settings, f"GRIDCLEAR_{what}_TIMEOUT_SECONDS"))
