"""What a clearance rests on changes while its lease runs: the gate is asked again, for whom the change touches.

Lists are dealt with by compliance itself (rescreening). An identity that ends and a sign of another place send word at
once; a new policy pack, a day on which a rule begins or ends, and whatever sent no word are found by the sweep.
"""

import logging
from collections.abc import Iterable
from datetime import UTC
from uuid import UUID

from django.db.models import Q

from compliance.base import clock
from compliance.base.actor import Actor, system
from compliance.engine.outcome import ALLOW
from compliance.selectors.policies import pack_for
from compliance.services import gate
from marketplace.models import Lease
from marketplace.services import renewals
from marketplace.services.renewals import GOING_ON

logger = logging.getLogger(__name__)
ACTOR = system("reassessments")
# Each lease is looked at again in one of so many sweeps, whatever word was lost.
ROUNDS = 5
SWEEP_SECONDS = 60


def reassess_leases(*, actor: Actor = ACTOR) -> int:
    """No lease goes on for long under what the gate would not allow today. Returns how many are being ended.

    A clearance of another policy pack, or of another day, is renewed: rules and groups of countries change by the day.
    Of the other leases a fifth is asked about, so that each is within five minutes.
    """
    rows = Lease.objects.filter(state__in=GOING_ON, clearance__revoked_at=None).order_by("pk")
    outdated = set(rows.filter(_of_other_policy()).values_list("pk", flat=True))
    ended = sum(not _renewed(lease_id, actor) for lease_id in sorted(outdated, key=str))
    turn = int(clock.now().timestamp()) // SWEEP_SECONDS % ROUNDS
    theirs = [pk for pk in rows.values_list("pk", flat=True) if pk not in outdated and pk.int % ROUNDS == turn]
    return ended + _ask_about(theirs, actor)


def reassess_leases_of(party_ids: Iterable[UUID], *, actor: Actor = ACTOR) -> int:
    """The gate was asked again about every lease of the parties that goes on. Returns how many are being ended."""
    ids = list(party_ids)
    rows = Lease.objects.filter(Q(renter_party_id__in=ids) | Q(provider_party_id__in=ids), state__in=GOING_ON)
    return _ask_about(list(rows.order_by("pk").values_list("pk", flat=True)), actor)


def _of_other_policy() -> Q:
    now = clock.now()
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return ~Q(clearance__decision__pack=pack_for(now).label) | Q(clearance__issued_at__lt=day)


def _ask_about(lease_ids: Iterable[UUID], actor: Actor) -> int:
    """Those that the gate would not clear now are refused for good: renewed, which ends them with a kept decision."""
    ended = 0
    for lease in Lease.objects.select_related("node").filter(pk__in=list(lease_ids)).order_by("pk"):
        try:
            clear = gate.preview(renewals.question_of(lease)).outcome == ALLOW
        except Exception:
            logger.exception("lease %s could not be asked about; the next sweep tries again", lease.pk)
            continue
        ended += not clear and not _renewed(lease.pk, actor)
    return ended


def _renewed(lease_id: UUID, actor: Actor) -> bool:
    """Whether the lease goes on; a gate that fails ends nothing, the clearance is used to its end."""
    try:
        return renewals.renew_clearance(lease_id, actor=actor)
    except Exception:
        logger.exception("the clearance of lease %s could not be renewed", lease_id)
        return True
