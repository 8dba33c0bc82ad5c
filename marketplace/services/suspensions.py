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
from settlement.services import blocked_property, payouts

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
    released = 0
    for lease_id in waiting.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            lease = lease_course.locked(lease_id)
            if lease.state == State.SUSPENDED and not _is_questioned(lease):
                lease_course.release(lease, actor=actor)
                released += 1
    return released


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
    suspended = 0
    for lease_id in leases.filter(state__in=Lease.LIVE).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            lease = lease_course.locked(lease_id)
            if lease.state in Lease.LIVE:
                lease_course.suspend(lease, reason, actor=actor)
                suspended += 1
    unsettled = leases.filter(state=State.ENDED, hold__state__in=("open", "released")).order_by("pk")
    for lease_id in unsettled.values_list("pk", flat=True):
        with transaction.atomic():
            freeze_money(lease_course.locked(lease_id), reason, actor=actor)
    return suspended


def _let_money_go(restricted: set[UUID], actor: Actor) -> int:
    """Frozen holds of leases that are over move again once nobody in them is restricted."""
    frozen = Lease.objects.filter(state__in=(State.ENDED, State.FAILED), hold__state="frozen")
    frozen = frozen.exclude(renter_party_id__in=restricted).exclude(provider_party_id__in=restricted)
    moved = 0
    for lease_id in frozen.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            lease = lease_course.locked(lease_id)
            if _is_questioned(lease):
                continue
            unfreeze_money(lease, actor=actor)
            moved += 1
            if lease.state == State.FAILED:
                cancel_money(lease_course.locked(lease_id), actor=actor)
    return moved


def _is_questioned(lease: Lease) -> bool:
    """Whether a party of the lease is restricted: a case that froze one lets go only by lifting its restriction."""
    return any(restrictions.is_restricted(party) for party in (lease.renter_party_id, lease.provider_party_id))


def _of_party(party_id: UUID) -> QuerySet[Lease]:
    return Lease.objects.filter(_is_party(party_id))


def _is_party(party_id: UUID) -> Q:
    return Q(renter_party_id=party_id) | Q(provider_party_id=party_id)
