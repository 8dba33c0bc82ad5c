"""Clearances are short; while a lease goes on, the gate is asked again before each lapses."""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor, system
from compliance.selectors import restrictions
from compliance.services import gate
from marketplace.models import Lease
from marketplace.services import lease_course
from settlement.services import holds

logger = logging.getLogger(__name__)
ACTOR = system("renewals")
State = Lease.State
GOING_ON = (State.FUNDED, State.STARTING, State.RUNNING)


def renew_clearances(*, actor: Actor = ACTOR) -> int:
    """Every lease that goes on has a clearance that lasts a while, or is being ended. Returns how many were renewed.

    A refusal ends the lease at once: what the gate would not allow today is not carried on until a lapse. Only when
    the gate itself fails is the present clearance used to its end.
    """
    renewed = 0
    for lease_id in _soon_to_lapse():
        try:
            renewed += renew_clearance(lease_id, actor=actor)
        except Exception:
            logger.exception("the clearance of lease %s could not be renewed", lease_id)
    for lease_id in _lapsed():
        _stop(lease_id, actor)
    return renewed


def renew_clearance(lease_id: UUID, *, actor: Actor = ACTOR) -> bool:
    """The lease stands on a fresh clearance, or is being ended; says which. The gate is asked outside transactions."""
    lease = Lease.objects.select_related("node").get(pk=lease_id)
    try:
        fresh = gate.require(question_of(lease), actor=actor)
    except (gate.ClearanceDenied, gate.ClearanceInReview):
        _stop(lease_id, actor)
        return False
    with transaction.atomic():
        locked = lease_course.locked(lease_id)
        if locked.state not in GOING_ON or locked.clearance_id != lease.clearance_id:
            return False
        # Compare-and-set on the clearance that the question was asked under: no state changes, so no transition.
        Lease.objects.filter(pk=lease_id, clearance_id=lease.clearance_id).update(clearance_id=fresh.pk)
        if locked.hold is not None and locked.hold.state == "open":
            holds.renew_clearance(locked.hold.pk, fresh)
        data = {"before": str(lease.clearance_id), "after": str(fresh.pk)}
        audit.record("lease.clearance_renewed", actor=actor, subject=lease, data=data)
    return True


def _soon_to_lapse() -> list[UUID]:
    by = clock.now() + timedelta(seconds=settings.GRIDCLEAR_CLEARANCE_RENEW_BEFORE_SECONDS)
    soon = Lease.objects.filter(state__in=GOING_ON, clearance__expires_at__lte=by, clearance__revoked_at=None)
    return list(soon.order_by("clearance__expires_at").values_list("pk", flat=True))


def _lapsed() -> list[UUID]:
    lapsed = Lease.objects.filter(state__in=GOING_ON, clearance__expires_at__lte=clock.now())
    return list(lapsed.order_by("pk").values_list("pk", flat=True))


def _stop(lease_id: UUID, actor: Actor) -> None:
    """The lease is suspended when a party of it is restricted, and stopped for want of a clearance otherwise."""
    with transaction.atomic():
        lease = lease_course.locked(lease_id)
        if lease.state not in GOING_ON:
            return
        if any(restrictions.is_restricted(party) for party in (lease.renter_party_id, lease.provider_party_id)):
            lease_course.suspend(lease, "renewal_refused", actor=actor)
        else:
            lease_course.stop(lease, Lease.EndReason.CLEARANCE_LAPSED, actor=actor)


def question_of(lease: Lease) -> gate.GateRequest:
    """What the gate is asked about a lease that goes on, with the node as it stands now."""
    return gate.GateRequest(
        purpose="renewal",
        subject_id=lease.pk,
        renter_party_id=lease.renter_party_id,
        provider_party_id=lease.provider_party_id,
        gpu_slug=lease.gpu_model_id,
        gpu_count=lease.gpu_count,
        node_id=lease.node_id,
        node_country=lease.node.country,
        node_region=lease.node.region,
        node_city=lease.node.city,
        rail=lease.rail,
        wallet=lease.wallet_address,
        amount_minor=lease.max_spend_minor,
        currency=lease.currency,
        end_use=lease.end_use,
        end_use_kind=lease.end_use_kind,
        end_user=lease.end_user,
        seconds=lease.max_seconds,
    )
