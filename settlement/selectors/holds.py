"""Holds as others see them: frozen facts, never rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from settlement.models import Hold


@dataclass(frozen=True, slots=True)
class HoldRef:
    """A hold at one moment. Amounts in minor units of `currency`; `captured_minor` is cumulative."""

    id: UUID
    subject_id: UUID
    rail: str
    state: str
    party_id: UUID
    payee_party_id: UUID
    currency: str
    amount_minor: int
    captured_minor: int
    final_minor: int | None
    failure_code: str
    frozen_reason: str
    expires_at: datetime
    state_deadline_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether the money is there and the lease may run on it."""
        return self.state == Hold.State.OPEN


def ref_of(hold: Hold) -> HoldRef:
    """The facts of a row."""
    return HoldRef(
        id=hold.pk,
        subject_id=hold.subject_id,
        rail=hold.rail,
        state=hold.state,
        party_id=hold.party_id,
        payee_party_id=hold.payee_party_id,
        currency=hold.currency,
        amount_minor=hold.amount_minor,
        captured_minor=hold.captured_minor,
        final_minor=hold.final_minor,
        failure_code=hold.failure_code,
        frozen_reason=hold.frozen_reason,
        expires_at=hold.expires_at,
        state_deadline_at=hold.state_deadline_at,
    )


def _holds() -> QuerySet[Hold]:
    return Hold.objects.select_related("pending")


def find_hold(hold_id: UUID) -> HoldRef | None:
    """The hold, if there is one."""
    hold = _holds().filter(pk=hold_id).first()
    return ref_of(hold) if hold else None


def hold_of_subject(subject_id: UUID) -> HoldRef | None:
    """The hold of a lease, if it has one."""
    hold = _holds().filter(subject_id=subject_id).first()
    return ref_of(hold) if hold else None


def holds_of_party(party_id: UUID) -> list[HoldRef]:
    """The renter's holds, newest first."""
    return [ref_of(hold) for hold in _holds().filter(party_id=party_id).order_by("-created_at")]


def unsettled_holds_of_party(party_id: UUID) -> list[HoldRef]:
    """The holds on either side of which the party stands and that have not come to their end."""
    ended = (Hold.State.SETTLED, Hold.State.FAILED)
    mine = _holds().filter(Q(party_id=party_id) | Q(payee_party_id=party_id))
    return [ref_of(hold) for hold in mine.exclude(state__in=ended).order_by("created_at")]


def escrow_holds_to_look_after() -> list[HoldRef]:
    """Escrow holds that are frozen, or were and live on: what they are here, they must be on chain."""
    living = (Hold.State.FROZEN, Hold.State.OPEN, Hold.State.RELEASED, Hold.State.SETTLING)
    rows = _holds().filter(rail=Hold.Rail.ESCROW, freeze_count__gt=0, state__in=living).order_by("created_at")
    return [ref_of(hold) for hold in rows]
