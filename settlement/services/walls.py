"""Wall 1 as settlement sees it: a Clearance, made only by the gate, is checked where money begins to move."""

from typing import Protocol
from uuid import UUID

from compliance.services import clearances


class Clearance(Protocol):
    """The handle that the gate gives out. Settlement believes nothing of it but its id."""

    @property
    def id(self) -> UUID:
        """Names the clearance."""


def require_clearance(
    clearance: Clearance,
    *,
    purpose: str,
    subject_id: UUID,
    renter_party_id: UUID | None = None,
    provider_party_id: UUID | None = None,
    amount_minor: int = 0,
    currency: str = "",
) -> UUID:
    """The clearance is live, about exactly this, and for at least this amount where it names one; returns its id.

    Raises compliance's ClearanceInvalid.
    """
    row = clearances.ensure_valid(
        clearance.id,
        purpose=purpose,
        subject_id=subject_id,
        renter_party_id=renter_party_id,
        provider_party_id=provider_party_id,
    )
    if row.max_amount_minor is not None and amount_minor > row.max_amount_minor:
        raise clearances.ClearanceInvalid("The clearance is for a smaller amount. Nothing was changed.")
    if row.currency and currency and row.currency != currency:
        raise clearances.ClearanceInvalid("The clearance is for another currency. Nothing was changed.")
    return row.pk
