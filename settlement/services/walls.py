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
) -> UUID:
    """The clearance is live and about exactly this; returns its id. Raises compliance's ClearanceInvalid."""
    clearances.ensure_valid(
        clearance.id,
        purpose=purpose,
        subject_id=subject_id,
        renter_party_id=renter_party_id,
        provider_party_id=provider_party_id,
    )
    return clearance.id
