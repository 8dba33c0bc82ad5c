"""Running leases that are paid by escrow, and what of their usage the contract has not charged yet."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, Least

from compliance.base import clock
from settlement.models import Hold

BPS = 10_000
# Divided first, so that no amount overflows; rounded up by a hundredth of a dollar at most.
_MAY_BE_CREDITED = (Least(F("pending__posted_minor"), F("rate_minor_per_hour")) / BPS + 1) * F("credit_bps")


def running_leases() -> QuerySet[Hold]:
    """Open escrow holds with their deposit and what may be charged of them now, `chargeable` (minor units).

    That is what was metered, less what may have to be credited if the provider's node died now: what was charged on
    chain is not given back.
    """
    rows = Hold.objects.filter(
        rail=Hold.Rail.ESCROW,
        state=Hold.State.OPEN,
        pending__posted_minor__gt=F("charged_minor"),
        escrow_deposit__deposited_minor__gt=0,
    ).select_related("escrow_deposit", "pending")
    chargeable = ExpressionWrapper(F("pending__posted_minor") - _MAY_BE_CREDITED, output_field=BigIntegerField())
    return rows.annotate(chargeable=Greatest(chargeable, 0))


def leases_to_charge(limit: int) -> list[UUID]:
    """The holds of leases that are to be charged now, those that wait longest first.

    A lease whose uncharged sum has reached GRIDCLEAR_ESCROW_CHARGE_AT_MINOR; and one that was last charged (or begun)
    GRIDCLEAR_ESCROW_CHARGE_SECONDS ago, if GRIDCLEAR_ESCROW_CHARGE_LEAST_MINOR is uncharged. What is on its way counts
    as charged, for so long.
    """
    since = clock.now() - timedelta(seconds=settings.GRIDCLEAR_ESCROW_CHARGE_SECONDS)
    rows = running_leases().annotate(last_at=Coalesce("escrow_deposit__voucher_at", "state_changed_at"))
    at, least = settings.GRIDCLEAR_ESCROW_CHARGE_AT_MINOR, settings.GRIDCLEAR_ESCROW_CHARGE_LEAST_MINOR
    has_grown = Q(chargeable__gte=Greatest(F("charged_minor"), F("escrow_deposit__voucher_minor")) + at)
    is_time = Q(last_at__lte=since, chargeable__gte=F("charged_minor") + least)
    return list(rows.filter(has_grown | is_time).order_by("last_at", "pk").values_list("pk", flat=True)[:limit])
