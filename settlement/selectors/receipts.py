"""Receipts as each side may see them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from settlement.models import Hold, Receipt, Refund


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt for one reader. Amounts in minor units; the fee and what the provider got are the provider's to see.

    The credit, with the reason that earned it, was taken off what the use cost; the total is what was left to pay, of
    which `refunded_minor` went back since. `owed_minor` of it a card did not yield: the renter owed it besides.
    """

    number: int
    issued_at: datetime
    subject_id: UUID
    hold_id: UUID
    currency: str
    description: str
    billed_seconds: int
    rate_minor_per_hour: int
    total_minor: int
    returned_minor: int
    refunded_minor: int
    owed_minor: int
    credit_minor: int
    credit_reason: str
    fee_minor: int | None
    payee_minor: int | None

    @property
    def used_minor(self) -> int:
        """What the use cost before the credit."""
        return self.total_minor + self.credit_minor


def receipts_of(party_id: UUID) -> QuerySet[Receipt, Any]:
    """The party's receipts, as renter or provider, newest first: to be counted, cut, and shown by `receipt_views`."""
    return _rows(party_id).order_by("-number")


def receipt_views(rows: Iterable[Receipt], party_id: UUID) -> list[ReceiptView]:
    """These of its receipts as the party may see them."""
    return [_view(row, party_id) for row in rows]


def all_receipts(party_id: UUID) -> Iterator[ReceiptView]:
    """Every receipt of the party, as renter or provider, newest first, some at a time."""
    return (_view(row, party_id) for row in receipts_of(party_id).iterator(chunk_size=500))


def receipt_for(subject_id: UUID, party_id: UUID) -> ReceiptView | None:
    """The receipt of a lease for one of its two sides; nobody else has one."""
    row = _rows(party_id).filter(subject_id=subject_id).first()
    return _view(row, party_id) if row else None


def _rows(party_id: UUID) -> QuerySet[Receipt, Any]:
    """The party's receipts, as renter or provider, each with what was refunded and what a card paid of it."""
    rows = Receipt.objects.filter(Q(party_id=party_id) | Q(payee_party_id=party_id))
    done = Sum("refunds__amount_minor", filter=Q(refunds__state=Refund.State.DONE))
    collected = Coalesce(F("hold__card_payment__captured_minor"), 0)
    return rows.annotate(refunds_minor=Coalesce(done, 0), rail=F("hold__rail"), collected_minor=collected)


def _view(row: Any, reader_id: UUID) -> ReceiptView:
    is_provider = row.payee_party_id == reader_id
    by_card = row.rail == Hold.Rail.CARD and not is_provider
    return ReceiptView(
        number=row.number,
        issued_at=row.created_at,
        subject_id=row.subject_id,
        hold_id=row.hold_id,
        currency=row.currency,
        description=row.description,
        billed_seconds=row.billed_seconds,
        rate_minor_per_hour=row.rate_minor_per_hour,
        total_minor=row.total_minor,
        returned_minor=row.refunded_minor,
        refunded_minor=row.refunds_minor,
        owed_minor=max(0, row.total_minor - row.collected_minor) if by_card else 0,
        credit_minor=row.credit_minor,
        credit_reason=row.credit_reason,
        fee_minor=row.fee_minor if is_provider else None,
        payee_minor=row.payee_minor if is_provider else None,
    )
