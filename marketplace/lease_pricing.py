"""What a lease costs: proven seconds at the frozen rate, and the credit that a node's death is worth. Pure."""

from marketplace.faults import FAULT_OF, Fault
from marketplace.models import Lease
from settlement.money import cost_minor

# A credit is worth a part of the hour in which the node died: of the last so many seconds that it proved.
AFFECTED_SECONDS = 3_600
BPS = 10_000


def charge_minor(rate_minor_per_hour: int, seconds: int, most_minor: int) -> int:
    """What proven seconds cost in all, rounded down once and never above the limit; minor units."""
    return min(cost_minor(rate_minor_per_hour, seconds), most_minor)


def cost_so_far_minor(lease: Lease) -> int:
    """The cost of the seconds proven so far, in minor units of the lease's currency."""
    return _charge(lease, lease.billed_seconds)


def sla_credit_minor(lease: Lease) -> int:
    """What comes back to the renter because the provider's node ended the lease; minor units, rounded down.

    The frozen share of what the affected hour cost: the last hour that was proven, or all of a shorter lease.
    """
    if FAULT_OF.get(lease.end_reason) != Fault.PROVIDER:
        return 0
    before = _charge(lease, max(0, lease.billed_seconds - AFFECTED_SECONDS))
    return (cost_so_far_minor(lease) - before) * lease.sla_credit_bps // BPS


def _charge(lease: Lease, seconds: int) -> int:
    return charge_minor(lease.rate_minor_per_hour, seconds, lease.max_spend_minor)
