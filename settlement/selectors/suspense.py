"""What of either pot lies in suspense, transfer by transfer, and what two officers have explained of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Min, QuerySet, Sum

from settlement.models import Account, Entry, Explanation

# Lines of the card network's balance that no deed of ours made; of one about a payment of ours, that is the subject.
UNEXPLAINED = "stripe.unexplained"
# Moves what was explained out of suspense; what it moved is told by its explanation.
EXPLAINED = "suspense.explained"


@dataclass(frozen=True, slots=True)
class InSuspense:
    """What one transfer left there; signed minor units of `currency`, positive is a credit. `memo` is the rail's id."""

    transfer_id: UUID
    at: datetime
    kind: str
    memo: str
    pot: str
    currency: str
    amount_minor: int
    left_minor: int


def in_suspense(transfer_ids: Iterable[UUID] | None = None) -> list[InSuspense]:
    """The transfers of which something is not explained yet, oldest first; of all, or of these. Two queries."""
    rows = _entries(transfer_ids).values(
        "transfer", "transfer__kind", "transfer__memo", "account__pot", "account__currency"
    )
    found = list(rows.annotate(moved=Sum("amount_minor"), first=Min("at")).order_by("first", "transfer"))
    booked = Explanation.objects.filter(
        transfer__in=[each["transfer"] for each in found], state=Explanation.State.BOOKED
    )
    explained = dict(booked.values_list("transfer").annotate(sum=Sum("amount_minor")))
    told = (
        InSuspense(
            transfer_id=each["transfer"],
            at=each["first"],
            kind=each["transfer__kind"],
            memo=each["transfer__memo"],
            pot=each["account__pot"],
            currency=each["account__currency"],
            amount_minor=each["moved"],
            left_minor=each["moved"] - explained.get(each["transfer"], 0),
        )
        for each in found
    )
    return [each for each in told if each.left_minor]


def _entries(transfer_ids: Iterable[UUID] | None) -> QuerySet[Entry]:
    rows = Entry.objects.filter(account__kind=Account.Kind.SUSPENSE).exclude(transfer__kind=EXPLAINED)
    return rows if transfer_ids is None else rows.filter(transfer__in=list(transfer_ids))


def explanations_waiting() -> QuerySet[Explanation]:
    """Explanations that wait for their cases, oldest first."""
    return Explanation.objects.filter(state=Explanation.State.PROPOSED).order_by("created_at", "pk")
