"""Whose doing the end of a lease was: a table by reason, from which credits and reputation follow."""

from enum import StrEnum

from marketplace.models import Lease

EndReason = Lease.EndReason


class Fault(StrEnum):
    """Whose doing an end was."""

    RENTER = "renter"
    PROVIDER = "provider"
    PLATFORM = "platform"
    NOBODY = "nobody"


# Billing needs no case of its own: the renter pays for proven seconds, whoever ended them.
FAULT_OF: dict[str, Fault] = {
    EndReason.RENTER_STOPPED: Fault.NOBODY,
    EndReason.EXPIRED: Fault.NOBODY,
    EndReason.SPEND_LIMIT: Fault.NOBODY,
    EndReason.COMPLIANCE_SUSPENDED: Fault.PLATFORM,
    EndReason.CLEARANCE_LAPSED: Fault.PLATFORM,
    EndReason.PROVIDER_LOST: Fault.PROVIDER,
    EndReason.WORKLOAD_EXITED: Fault.NOBODY,
    EndReason.WORKLOAD_FAILED: Fault.RENTER,
    EndReason.FUNDING_FAILED: Fault.RENTER,
    EndReason.FUNDING_TIMEOUT: Fault.RENTER,
    EndReason.START_TIMEOUT: Fault.PROVIDER,
    EndReason.NODE_FAILED: Fault.PROVIDER,
}
