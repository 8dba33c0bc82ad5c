"""What compliance's restrictions mean for leases: suspended at once, let go when the case is closed."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from compliance.base.actor import Actor, system
from compliance.selectors import restrictions
from marketplace.models import Lease
from marketplace.services import lease_course
from marketplace.services.lease_money import cancel_money, freeze_money, unfreeze_money
from settlement.services import blocked_property, payouts, rows

ACTOR = system("suspensions")
State = Lease.State


def suspend_leases_of_party(party_id: UUID, reason: str, *, actor: Actor = ACTOR) -> int:
    """No lease of the party goes on and no payout leaves; all money of it is frozen, and blocked in the books.

    Returns how many leases were suspended.
    """
    payouts.freeze_payouts([party_id], reason, actor=actor)
    blocked_property.block_property([party_id], actor=actor)
    return _suspend(_of_party(party_id), reason, actor)


def suspend_leases_of_clearances(clearance_ids: Iterable[UUID], reason: str, *, actor: Actor = ACTOR) -> int:
    """No lease goes on under one of these revoked clearances. Returns how many were suspended."""
    return _suspend(Lease.objects.filter(clearance_id__in=list(clearance_ids)), reason, actor)


def release_leases(*, party_id: UUID | None = None, actor: Actor = ACTOR) -> int:
    """Suspended leases of parties that are restricted no more have ended; their money moves. Returns how many."""
    waiting = Lease.objects.filter(state=State.SUSPENDED)
    if party_id is not None:
        blocked_property.let_go_property([party_id], actor=actor)
        waiting = waiting.filter(_is_party(party_id))
    return rows.each("The release of a lease", _ids(waiting), lambda lease_id: _release(lease_id, actor), actor=actor)


def _release(lease_id: UUID, actor: Actor) -> bool:
    with transaction.atomic():
        lease = lease_course.locked(lease_id)
        due = lease.state == State.SUSPENDED and not _is_questioned(lease)
        if due:
            lease_course.release(lease, actor=actor)
    return due


def sweep_restrictions(*, actor: Actor = ACTOR) -> int:
    """What the signals would have done is done, derived from the database alone. Returns how many leases moved."""
    restricted = set(restrictions.open_restrictions().values_list("party_id", flat=True))
    payouts.freeze_payouts(restricted, "restricted", actor=actor)
    blocked_property.sweep_property(actor=actor)
    hit = Lease.objects.filter(
        Q(clearance__revoked_at__isnull=False) | Q(renter_party_id__in=restricted) | Q(provider_party_id__in=restricted)
    )
    moved = _suspend(hit, "sweep", actor) + release_leases(actor=actor)
    return moved + _let_money_go(restricted, actor)


def _suspend(leases: QuerySet[Lease], reason: str, actor: Actor) -> int:
    def suspend(lease_id: UUID) -> bool:
        with transaction.atomic():
            lease = lease_course.locked(lease_id)
            live = lease.state in Lease.LIVE
            if live:
                lease_course.suspend(lease, reason, actor=actor)
        return live

    def freeze(lease_id: UUID) -> None:
        with transaction.atomic():
            freeze_money(lease_course.locked(lease_id), reason, actor=actor)

    live = leases.filter(state__in=Lease.LIVE)
    suspended = rows.each("The suspension of a lease", _ids(live), suspend, actor=actor)
    unsettled = leases.filter(state=State.ENDED, hold__state__in=("open", "released"))
    rows.each("The freeze of an ended lease's money", _ids(unsettled), freeze, actor=actor)
    return suspended


def _let_money_go(restricted: set[UUID], actor: Actor) -> int:
    """Frozen holds of leases that are over move again once nobody in them is restricted."""
    frozen = Lease.objects.filter(state__in=(State.ENDED, State.FAILED), hold__state="frozen")
    frozen = frozen.exclude(renter_party_id__in=restricted).exclude(provider_party_id__in=restricted)
    return rows.each(
        "The release of frozen money", _ids(frozen), lambda lease_id: _unfreeze(lease_id, actor), actor=actor
    )


def _unfreeze(lease_id: UUID, actor: Actor) -> bool:
    with transaction.atomic():
        lease = lease_course.locked(lease_id)
        if _is_questioned(lease):
            return False
        unfreeze_money(lease, actor=actor)
        if lease.state == State.FAILED:
            cancel_money(lease_course.locked(lease_id), actor=actor)
    return True


def _ids(leases: QuerySet[Lease]) -> QuerySet[Lease, UUID]:
    return leases.order_by("pk").values_list("pk", flat=True)


def _is_questioned(lease: Lease) -> bool:
    """Whether a party of the lease is restricted: a case that froze one lets go only by lifting its restriction."""
    return any(restrictions.is_restricted(party) for party in (lease.renter_party_id, lease.provider_party_id))


def _of_party(party_id: UUID) -> QuerySet[Lease]:
    return Lease.objects.filter(_is_party(party_id))


def _is_party(party_id: UUID) -> Q:
    return Q(renter_party_id=party_id) | Q(provider_party_id=party_id)
