"""Retention from above: everybody tells until when records are needed, compliance erases, and what lies here follows.

One sweep does it all in that order, daily. Each step finds its work in the database, so a run that dies half-way is
finished by the next.
"""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from compliance.base import clock
from compliance.base.actor import Actor, system
from compliance.engine.personal import ERASED
from compliance.engine.retention import RetentionInvalid, months_after
from compliance.selectors.retention import erased_parties, schedule
from compliance.services import erasure, payment_signs, place_signs, retention_clocks
from marketplace.models import (
    ApiKey,
    EnrolmentToken,
    Lease,
    Membership,
    Node,
    Organization,
    User,
    WorkloadLog,
)
from marketplace.selectors.retention import ENDED, lease_clocks
from settlement.selectors.retention import account_clocks
from settlement.services import erasure as settlement_erasure

ACTOR = system("retention")
BATCH = 500
NOBODYS_MAIL = "@erased.invalid"
SECRETS = {"environment": {}, "command": [], "ports": [], "ssh_public_key": ""}
END_USE = {**SECRETS, "image": ERASED, "end_use": ERASED, "end_user": {}}


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run did: parties erased, leases whose secrets went, log lines and notices that went."""

    erased: int
    leases: int
    log_lines: int
    notices: int


def run_retention(*, actor: Actor = ACTOR) -> Swept:
    """Everybody whose records are owed to nobody any more is erased, everywhere; rows past their time are gone.

    Raises RetentionInvalid when the schedule cannot be read: then nothing is erased.
    """
    tell_clocks()
    erased = erasure.erase_due(actor=actor)
    follow_erasures()
    ended_before, notices_before, signs_before = (_before(code) for code in ("workloads", "rail_notices", "places"))
    leases, lines = _forget_workloads(ended_before)
    place_signs.forget_signs(signs_before)
    payment_signs.forget_signs(signs_before)
    return Swept(erased, leases, lines, settlement_erasure.forget_notices(notices_before))


def tell_clocks() -> None:
    """Compliance knows from when every class of every party's records runs."""
    retention_clocks.refresh_clocks()
    retention_clocks.set_clocks("accounts", "settlement", account_clocks())
    retention_clocks.set_clocks("dealings", "marketplace", lease_clocks())


def follow_erasures() -> None:
    """What the marketplace and settlement keep of erased parties in the open is blanked, set-based."""
    settlement_erasure.follow_erasures()
    erased = erased_parties().values("pk")
    with transaction.atomic():
        # Settled leases alone: the database keeps the terms of a lease until then, and the next run finds the rest.
        ended = Lease.objects.filter(renter_party_id__in=erased, state__in=ENDED)
        ended.exclude(**END_USE).update(**END_USE)
        served = Lease.objects.filter(Q(renter_party_id__in=erased) | Q(provider_party_id__in=erased), state__in=ENDED)
        served.exclude(workload_error="").update(workload_error="")
        WorkloadLog.objects.filter(lease__in=ended).delete()
        gone = Organization.objects.filter(party_id__in=erased)
        slug = Concat(Value("erased-"), Cast("pk", CharField()))
        gone.exclude(name=ERASED, slug__startswith="erased-").update(name=ERASED, slug=slug)
        ApiKey.objects.filter(organization__in=gone, revoked_at=None).update(revoked_at=clock.now())
        ApiKey.objects.filter(organization__in=gone).exclude(name="").update(name="")
        machines = Node.objects.filter(organization__in=gone)
        machines.exclude(name=ERASED, region="", city="").update(name=ERASED, region="", city="")
        EnrolmentToken.objects.filter(organization__in=gone).delete()
        _forget_people(gone)


def _forget_people(gone: QuerySet[Organization]) -> None:
    """Who belongs to erased organizations alone, and to none that stands, has no login and no name any more."""
    mine = Membership.objects.filter(user=OuterRef("pk"))
    belonged, standing = mine.filter(organization__in=gone), mine.exclude(organization__in=gone)
    people = User.objects.filter(Exists(belonged), ~Exists(standing), platform_role="").exclude(
        email__endswith=NOBODYS_MAIL
    )
    ids = list(people.values_list("pk", flat=True)[:BATCH])
    EmailAddress.objects.filter(user__in=ids).delete()
    Authenticator.objects.filter(user__in=ids).delete()
    User.objects.filter(pk__in=ids).update(
        email=Concat(Cast("pk", CharField()), Value(NOBODYS_MAIL)),
        name="",
        is_active=False,
        password=make_password(None),
    )


def _forget_workloads(ended_before: datetime) -> tuple[int, int]:
    """Leases that ended before then have no secrets and no log lines any more."""
    ended = Lease.objects.filter(state__in=ENDED).filter(
        Q(ended_at__lt=ended_before) | Q(ended_at=None, state_changed_at__lt=ended_before)
    )
    lines, _ = WorkloadLog.objects.filter(lease__in=ended).delete()
    return ended.exclude(**SECRETS).update(**SECRETS), lines


def _before(code: str) -> datetime:
    """Rows of the class from before this moment are not kept. Raises RetentionInvalid for an unknown class."""
    found = schedule().classes
    if code not in found:
        raise RetentionInvalid(f"the retention schedule has no class {code}")
    return months_after(clock.now(), -found[code].months)
