"""Invoices of the months that are over, issued from receipts; safe to run twice, at once, or half.

Two kinds. `fee`: the platform's fee, from us to the provider. `compute`: what the renter paid for GPUs, from the
provider to the renter, issued by us where the provider agreed to it; the service credits of the month are a credit note
to it. Months are UTC's. A receipt is on one invoice of each kind (a unique index), one that came late on a later one.
"""

import calendar
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import TruncMonth

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from compliance.base.sealing import SubjectErased
from settlement.models import BillingProfile, Invoice, InvoiceLine, Receipt, TaxRate
from settlement.selectors.billing import rate_on, seller, tax_parties, tax_rates
from settlement.services.document_numbers import lock_series
from settlement.services.document_writing import Draft, LineDraft, Sides, Taxed, write
from settlement.tax import TaxParty, TaxUntold, place_of_supply

logger = logging.getLogger(__name__)

Form, Kind = Invoice.Form, Invoice.Kind
# A settlement that began before midnight has written its receipt by then.
GRACE = timedelta(hours=1)
SERVICE_CREDITS = "Service credits of the period: the provider's node died."


@dataclass(frozen=True, slots=True)
class Issued:
    """What one run did; `waiting` are documents whose tax cannot be told yet, or whose party is erased."""

    documents: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Group:
    """The receipts of one document. No supplier: the platform."""

    kind: str
    supplier_id: UUID | None
    customer_id: UUID
    currency: str
    month: datetime

    @property
    def last_day(self) -> date:
        """Of the month."""
        return self.month.date().replace(day=calendar.monthrange(self.month.year, self.month.month)[1])


def issue_due(*, actor: Actor) -> Issued:
    """Every receipt of a month that is over is on its invoices, each document in a transaction of its own."""
    groups = [*_fee_groups(), *_compute_groups()]
    known = tax_parties({party for group in groups for party in (group.supplier_id, group.customer_id) if party})
    ours, rates = seller(), tax_rates()
    issued, waiting = 0, 0
    for group in groups:
        try:
            sides = _sides(group, known, ours)
            issued += _issue(group, sides, _taxed(sides, rates, group.last_day), actor)
        except Refusal as refusal:
            waiting += 1
            logger.info("an invoice of kind %s waits: %s", group.kind, refusal.code)
    if waiting:
        logger.warning("%d invoices wait until their tax can be told", waiting)
    return Issued(issued, waiting)


def _sides(group: _Group, known: dict[UUID, TaxParty], ours: TaxParty | None) -> Sides:
    supplier = known.get(group.supplier_id) if group.supplier_id else ours
    customer = known.get(group.customer_id)
    if supplier is None:
        raise TaxUntold
    if customer is None:
        raise SubjectErased
    return Sides(group.supplier_id, group.customer_id, supplier, customer)


def _taxed(sides: Sides, rates: Iterable[TaxRate], day: date) -> Taxed:
    place = place_of_supply(sides.supplier, sides.customer)
    rate = rate_on(rates, place.rate_of, day) if place.rate_of else None
    if place.rate_of and rate is None:
        raise TaxUntold(f"No tax rate of {place.rate_of} is on record for {day}. Nothing was issued.")
    words = place.words(sides.supplier)
    return Taxed(place.treatment, place.country, words[:300], rate, rate.rate_bps if rate else 0)


def _issue(group: _Group, sides: Sides, taxed: Taxed, actor: Actor) -> int:
    """The group's invoice stands, with its credit note; returns how many documents were written."""
    with transaction.atomic():
        # Whoever waits here for the other finds afterwards that nothing is left.
        series = lock_series(group.supplier_id, Form.INVOICE)
        receipts = list(_receipts_of(group))
        if not receipts:
            return 0
        lines = [_line(group.kind, receipt) for receipt in receipts]
        cause = f"{group.kind}:{receipts[0].pk}"
        invoice = write(_draft(group, sides, taxed, Form.INVOICE, cause, lines), series, actor=actor)
        credited = [receipt for receipt in receipts if receipt.credit_minor]
        if group.kind != Kind.COMPUTE or not credited:
            return 1
        lines = [LineDraft(each, f"Service credit: {each.description}", each.credit_minor) for each in credited]
        note = _draft(group, sides, taxed, Form.CREDIT_NOTE, f"sla:{invoice.pk}", lines, invoice, SERVICE_CREDITS)
        write(note, lock_series(group.supplier_id, Form.CREDIT_NOTE), actor=actor)
    return 2


def _draft(
    group: _Group,
    sides: Sides,
    taxed: Taxed,
    form: str,
    cause: str,
    lines: list[LineDraft],
    amends: Invoice | None = None,
    reason: str = "",
) -> Draft:
    start = group.month.date()
    kind, currency = group.kind, group.currency
    return Draft(form, kind, cause, sides, taxed, currency, start, group.last_day, lines, amends, reason)


def _line(kind: str, receipt: Receipt) -> LineDraft:
    if kind == Kind.FEE:
        return LineDraft(receipt, f"Platform fee: {receipt.description}", receipt.fee_minor)
    return LineDraft(receipt, receipt.description or "GPU compute", receipt.total_minor + receipt.credit_minor)


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


def _fee_groups() -> list[_Group]:
    if seller() is None:
        return []
    rows = _open(Kind.FEE).annotate(month=TruncMonth("created_at", tzinfo=UTC))
    found = rows.values_list("payee_party_id", "currency", "month").distinct().order_by("month", "payee_party_id")
    return [_Group(Kind.FEE, None, payee, currency, month) for payee, currency, month in found]


def _compute_groups() -> list[_Group]:
    rows = _open(Kind.COMPUTE).annotate(month=TruncMonth("created_at", tzinfo=UTC))
    found = rows.values_list("payee_party_id", "party_id", "currency", "month").distinct()
    ordered = found.order_by("month", "payee_party_id", "party_id")
    return [_Group(Kind.COMPUTE, payee, payer, currency, month) for payee, payer, currency, month in ordered]


def _receipts_of(group: _Group) -> QuerySet[Receipt]:
    rows = _open(group.kind).filter(currency=group.currency)
    if group.kind == Kind.FEE:
        rows = rows.filter(payee_party_id=group.customer_id)
    else:
        rows = rows.filter(payee_party_id=group.supplier_id, party_id=group.customer_id)
    return rows.annotate(month=TruncMonth("created_at", tzinfo=UTC)).filter(month=group.month).order_by("number")
