"""Wall 1 as settlement sees it: a Clearance, made only by the gate, is checked where money begins to move."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from django.db import IntegrityError

from compliance.services import clearances

# What the database says when a clearance fell between our own look at it and the row (wall 2).
_WALL_WORDS = "needs a live clearance"


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


@contextmanager
def wall_named() -> Iterator[None]:
    """What the database's own wall refuses is refused by name. Around the transaction, which it has undone.

    A restriction revokes clearances at any moment: between our look at one and the row that rests on it, too. Raises
    compliance's ClearanceInvalid.
    """
    try:
        yield
    except IntegrityError as error:
        if _WALL_WORDS in str(error):
            raise clearances.ClearanceInvalid from error
        raise
