"""Invoices of the months that are over, issued from receipts; safe to run twice, at once, or half.

Two kinds. `fee`: the platform's fee, from us to the provider. `compute`: what the renter paid for GPUs, from the
provider to the renter, issued by us where the provider agreed to it; the service credits of the month are a credit note
to it. Months are UTC's. A receipt is on one invoice of each kind (a unique index), one that came late on a later one.
"""

import logging
from dataclasses import dataclass

from django.db import transaction

from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from settlement.models import Invoice, Receipt
from settlement.selectors.due_documents import Group, due_groups, receipts_of
from settlement.selectors.taxing import Sides, Taxed, Told
from settlement.services.document_numbers import lock_series
from settlement.services.document_writing import Draft, LineDraft, write

logger = logging.getLogger(__name__)

Form, Kind = Invoice.Form, Invoice.Kind
SERVICE_CREDITS = "Service credits of the period: the provider's node died."


@dataclass(frozen=True, slots=True)
class Issued:
    """What one run did; `waiting` are documents whose tax cannot be told yet, or whose party is erased."""

    documents: int
    waiting: int


def issue_due(*, actor: Actor) -> Issued:
    """Every receipt of a month that is over is on its invoices, each document in a transaction of its own."""
    groups = due_groups()
    told = Told.about(groups)
    issued, waiting = 0, 0
    for group in groups:
        try:
            sides = told.sides(group.supplier_id, group.customer_id)
            issued += _issue(group, sides, told.taxed(sides, group.last_day, group.currency), actor)
        except Refusal as refusal:
            waiting += 1
            logger.info("an invoice of kind %s waits: %s", group.kind, refusal.code)
    if waiting:
        logger.warning("%d invoices wait until their tax can be told", waiting)
    return Issued(issued, waiting)


def _issue(group: Group, sides: Sides, taxed: Taxed, actor: Actor) -> int:
    """The group's invoice stands, with its credit note; returns how many documents were written."""
    with transaction.atomic():
        # Whoever waits here for the other finds afterwards that nothing is left.
        series = lock_series(group.supplier_id, Form.INVOICE)
        receipts = list(receipts_of(group))
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
    group: Group,
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
