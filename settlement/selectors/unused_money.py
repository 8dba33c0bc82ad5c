"""Prepaid money that no lease used: what of it can go back, and to which charges of cards."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Exists, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from settlement.models import Account, CardPayment, Dispute, Entry, Refund
from settlement.selectors.auto_top_ups import CONTESTED as DECIDING
from settlement.selectors.balances import available_minor
from settlement.selectors.refunds import CONTESTED, RefundView, view_of
from settlement.selectors.suspense import UNEXPLAINED

State = Refund.State
# Each is a request to the network of its own.
MOST_CHARGES = 20


@dataclass(frozen=True, slots=True)
class Part:
    """So much of one top-up can go back to its card, or is to; USD cents."""

    top_up_id: UUID
    charge_id: str
    amount_minor: int


def charges_to_refund(party_id: UUID) -> list[Part]:
    """The party's top-ups with what of each is not given back yet: the newest first, as money is used oldest first.

    Its card is the likeliest to be alive, too, and its charge to be disputed. Charges of which a refund came to nothing
    come last, so that no dead card bars the others. None that a bank took, or decides about. One query.
    """
    rows = _rests(party_id).order_by("came_to_nothing", "-state_changed_at", "pk")
    found = (Part(row.pk, row.charge_id, row.captured_minor - row.refunded + row.by_hand) for row in rows)
    return [part for part in found if part.amount_minor > 0]


def _rests(party_id: UUID) -> QuerySet[Any]:
    mine = Refund.objects.filter(top_up=OuterRef("pk"))
    refunded = mine.exclude(state=State.FAILED).values("top_up").annotate(sum=Sum("amount_minor")).values("sum")
    # Below zero where money went to the card: what is at the network is a debit, and less of it is there.
    by_hand = Entry.objects.filter(
        transfer__kind=UNEXPLAINED, transfer__subject_id=OuterRef("pk"), account__kind=Account.Kind.STRIPE_CLEARING
    )
    moved = by_hand.values("transfer__subject_id").annotate(sum=Sum("amount_minor")).values("sum")
    contested = Dispute.objects.filter(payment=OuterRef("pk"), state__in=CONTESTED)
    return (
        CardPayment.objects.filter(
            ~Exists(contested),
            party_id=party_id,
            purpose=CardPayment.Purpose.TOP_UP,
            state=CardPayment.State.SUCCEEDED,
            currency="USD",
        )
        .exclude(charge_id="")
        .annotate(
            refunded=_sum(refunded), by_hand=-_sum(moved), came_to_nothing=Exists(mine.filter(state=State.FAILED))
        )
    )


def _sum(rows: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(rows, output_field=BigIntegerField()), 0, output_field=BigIntegerField())


def returnable_minor(party_id: UUID) -> int:
    """What can go back to cards at once, whatever else may hinder it; USD cents."""
    rests = charges_to_refund(party_id)[:MOST_CHARGES]
    return min(available_minor(party_id), sum(part.amount_minor for part in rests))


def returned_of(top_up_id: UUID) -> int:
    """What goes or went back of the top-up to its card; USD cents."""
    rows = Refund.objects.filter(top_up=top_up_id).exclude(state=State.FAILED)
    return int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def refunds_of_unused(party_id: UUID) -> QuerySet[Refund]:
    """What of the party's unused money went back, or did not; the newest first."""
    return Refund.objects.filter(party_id=party_id, request_id__isnull=False).order_by("-created_at", "pk")


def parts_of_request(request_id: UUID) -> list[RefundView]:
    """The refunds that one request made, one a charge, the largest first."""
    return [view_of(row) for row in Refund.objects.filter(request_id=request_id).order_by("-amount_minor", "pk")]


def contests_a_payment(party_id: UUID) -> bool:
    """Whether a bank decides about any payment of the party."""
    return Dispute.objects.filter(party_id=party_id, state__in=DECIDING).exists()
