"""Which documents are due: receipts of months that are over and on no invoice; and why those that wait do."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from compliance.base import clock
from settlement.models import BillingProfile, Invoice, InvoiceLine, Receipt
from settlement.selectors.billing import seller
from settlement.selectors.invoices import sides_of
from settlement.selectors.reductions import WANTED, differences
from settlement.selectors.taxing import Told
from settlement.tax import Missing, TaxUntold

Form, Kind = Invoice.Form, Invoice.Kind
# A settlement that began before midnight has written its receipt by then.
GRACE = timedelta(hours=1)
_PRICE = {Kind.FEE: F("fee_minor"), Kind.COMPUTE: F("total_minor") + F("credit_minor")}


@dataclass(frozen=True, slots=True)
class Group:
    """The receipts of one document. No supplier: the platform. The sum is in minor units."""

    kind: str
    supplier_id: UUID | None
    customer_id: UUID
    currency: str
    month: datetime
    receipts: int = 0
    gross_minor: int = 0

    @property
    def last_day(self) -> date:
        """Of the month."""
        return self.month.date().replace(day=calendar.monthrange(self.month.year, self.month.month)[1])

    @property
    def parties(self) -> list[UUID]:
        """Its sides but for the platform."""
        return [party for party in (self.supplier_id, self.customer_id) if party]


@dataclass(frozen=True, slots=True)
class WaitingDocument:
    """A document that is due and cannot be issued. `note_to` is the number of the invoice that a note would amend."""

    kind: str
    supplier_id: UUID | None
    customer_id: UUID
    currency: str
    month: date
    receipts: int
    gross_minor: int
    missing: Missing
    about: str = ""
    note_to: str = ""

    def waits_for(self, party_id: UUID) -> bool:
        """Whether it is this party that has to tell something."""
        by = {Missing.SUPPLIER: self.supplier_id, Missing.CUSTOMER: self.customer_id}
        return by.get(self.missing) == party_id


def due_groups(party_id: UUID | None = None) -> list[Group]:
    """Every document that is due, of one party or of all, the oldest month first."""
    fees = _groups(Kind.FEE, party_id) if seller() else []
    return [*fees, *_groups(Kind.COMPUTE, party_id)]


def receipts_of(group: Group) -> QuerySet[Receipt]:
    """The receipts that the group's document would be about, as they stand now."""
    rows = _open(group.kind).filter(currency=group.currency)
    if group.kind == Kind.FEE:
        rows = rows.filter(payee_party_id=group.customer_id)
    else:
        rows = rows.filter(payee_party_id=group.supplier_id, party_id=group.customer_id)
    return rows.annotate(month=TruncMonth("created_at", tzinfo=UTC)).filter(month=group.month).order_by("number")


def waiting_documents(party_id: UUID | None = None) -> list[WaitingDocument]:
    """The documents that cannot be issued, of one party or of all, each with what is missing."""
    return [*_waiting_invoices(party_id), *_waiting_notes(party_id)]


def _waiting_invoices(party_id: UUID | None) -> Iterator[WaitingDocument]:
    groups = due_groups(party_id)
    told = Told.about(groups)
    for group in groups:
        try:
            told.taxed(told.sides(group.supplier_id, group.customer_id), group.last_day, group.currency)
        except TaxUntold as untold:
            yield WaitingDocument(
                kind=group.kind,
                supplier_id=group.supplier_id,
                customer_id=group.customer_id,
                currency=group.currency,
                month=group.month.date(),
                receipts=group.receipts,
                gross_minor=group.gross_minor,
                missing=untold.missing,
                about=untold.about,
            )


def _waiting_notes(party_id: UUID | None) -> Iterator[WaitingDocument]:
    """Notes to invoices of an erased party: they can name nobody."""
    owed: dict[UUID, int] = {}
    for source in WANTED:
        for found in differences(source):
            owed[found.invoice_id] = owed.get(found.invoice_id, 0) + found.minor
    rows = Invoice.objects.filter(pk__in=owed).order_by("created_at", "pk")
    if party_id is not None:
        rows = rows.filter(Q(supplier_party_id=party_id) | Q(customer_party_id=party_id))
    invoices = list(rows.annotate(billed=Count("lines")))
    sides = sides_of(invoices)
    for row in invoices:
        if None in sides[row.pk]:
            yield WaitingDocument(
                kind=row.kind,
                supplier_id=row.supplier_party_id,
                customer_id=row.customer_party_id,
                currency=row.currency,
                month=row.period_start,
                receipts=row.billed,
                gross_minor=abs(owed[row.pk]),
                missing=Missing.ERASED,
                note_to=row.number,
            )


def _open(kind: str) -> QuerySet[Receipt]:
    """Receipts of months that are over which are on no invoice of the kind."""
    over = (clock.now() - GRACE).astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    billed = InvoiceLine.objects.filter(receipt=OuterRef("pk"), kind=kind, form=Form.INVOICE)
    rows = Receipt.objects.filter(~Exists(billed), created_at__lt=over)
    if kind == Kind.FEE:
        return rows.filter(fee_minor__gt=0)
    agreed = BillingProfile.objects.filter(
        party_id=OuterRef("payee_party_id"), self_billing_at__lte=OuterRef("created_at")
    )
    return rows.filter(Exists(agreed)).exclude(total_minor=0, credit_minor=0)


def _groups(kind: Invoice.Kind, party_id: UUID | None) -> list[Group]:
    rows = _open(kind).annotate(month=TruncMonth("created_at", tzinfo=UTC))
    if party_id is not None:
        mine = Q(payee_party_id=party_id) if kind == Kind.FEE else Q(payee_party_id=party_id) | Q(party_id=party_id)
        rows = rows.filter(mine)
    names = ["month", "payee_party_id", "currency"] + (["party_id"] if kind == Kind.COMPUTE else [])
    found = rows.values(*names).annotate(receipts=Count("pk"), gross_minor=Sum(_PRICE[kind])).order_by(*names)
    return [
        Group(
            kind=kind.value,
            supplier_id=None if kind == Kind.FEE else row["payee_party_id"],
            customer_id=row["payee_party_id"] if kind == Kind.FEE else row["party_id"],
            currency=row["currency"],
            month=row["month"],
            receipts=row["receipts"],
            gross_minor=row["gross_minor"],
        )
        for row in found
    ]
