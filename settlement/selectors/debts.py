"""Who owes the platform, how much of it is written off, and what two officers are asked about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from settlement.models import Account, Entry, WriteOff
from settlement.selectors.earnings import WORDS as DEEDS

Kind = Account.Kind
State = WriteOff.State
KINDS = (Kind.CLAIM, Kind.WRITTEN_OFF)
WORDS = {
    **DEEDS,
    "hold.fell_short": "Lease that its card did not pay",
    "claim.paid_off": "Paid",
    "claim.written_off": "Written off",
    "claim.recovered": "Came in after it was written off",
    "suspense.explained": "Explained by two officers",
}


@dataclass(frozen=True, slots=True)
class Debt:
    """What a party owes, in USD cents: what stands, and what was written off and did not come in."""

    standing_minor: int
    written_off_minor: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of what a party owes (`claim`, `written_off`); signed USD cents, below zero is owed more."""

    at: datetime
    words: str
    account: str
    amount_minor: int


def debts(state: str = "") -> QuerySet[Any]:
    """Parties that owe something, by "waiting" for an officer or "written_off" if asked; the most that stands first.

    Each with `name`, `standing`, `written_off` (USD cents), `moved_at` and `waiting`.
    """
    proposed = WriteOff.objects.filter(party=OuterRef("party"), state=State.PROPOSED)
    owing = Account.objects.filter(kind__in=KINDS, balance_minor__lt=0)
    rows = owing.values("party_id", name=F("party__name")).annotate(
        standing=Coalesce(-Sum("balance_minor", filter=Q(kind=Kind.CLAIM)), 0),
        written_off=Coalesce(-Sum("balance_minor", filter=Q(kind=Kind.WRITTEN_OFF)), 0),
        moved_at=Max("entered_at"),
        waiting=Exists(proposed),
    )
    if state == "waiting":
        rows = rows.filter(waiting=True)
    if state == "written_off":
        rows = rows.filter(written_off__gt=0)
    return rows.order_by("-standing", "-written_off", "party_id")


def debt_of(party_id: UUID) -> Debt:
    """What the party owes."""
    rows = Account.objects.filter(party_id=party_id, kind__in=KINDS)
    owed = {kind: -balance for kind, balance in rows.values_list("kind", "balance_minor")}
    return Debt(owed.get(Kind.CLAIM, 0), owed.get(Kind.WRITTEN_OFF, 0))


def write_offs_of(party_id: UUID) -> QuerySet[WriteOff]:
    """All that was proposed about the party's debt, newest first."""
    return WriteOff.objects.filter(party_id=party_id).order_by("-created_at", "-pk")


def movements_of(party_id: UUID, *, limit: int = 25) -> list[Movement]:
    """What made the debt and what paid it or wrote it off, newest first."""
    entries = Entry.objects.filter(account__party_id=party_id, account__kind__in=KINDS)
    rows = entries.order_by("-at", "-pk").values_list("at", "transfer__kind", "account__kind", "amount_minor")
    return [Movement(at, WORDS.get(cause, cause), kind, amount) for at, cause, kind, amount in rows[:limit]]
