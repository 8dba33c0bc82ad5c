"""Credit and debit notes that issue by themselves, once what an issued invoice billed was reduced.

A credit note takes back what a lost dispute or a refund took; where that comes back, as when a bank turns a lost
dispute round, a debit note bills it again. Both refer to the invoice (Directive 2006/112/EC, Art. 219) and are taxed as
it was.
Each run derives what is missing from the records (`reductions`) under the invoice's lock: run twice, at once, or half,
the documents are the same.
"""

import logging
from uuid import UUID

from django.db import transaction

from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from settlement.models import Invoice, InvoiceLine
from settlement.selectors.reductions import WANTED, Difference, cause_of, differences
from settlement.services.credit_notes import locked_invoice, note_draft
from settlement.services.document_numbers import lock_series
from settlement.services.document_writing import LineDraft, write

logger = logging.getLogger(__name__)
Form = Invoice.Form
REASONS = {
    ("dispute", Form.CREDIT_NOTE): "The payer's bank took the payment back, and the dispute is lost.",
    (
        "dispute",
        Form.DEBIT_NOTE,
    ): "The payer's bank returned the payment: what a credit note took back is billed again.",
    ("refund", Form.CREDIT_NOTE): "Given back: a refund of what was billed.",
    (
        "refund",
        Form.DEBIT_NOTE,
    ): "A refund came back from the payer's bank: what a credit note took back is billed again.",
}


def amend_due(*, actor: Actor) -> tuple[int, int]:
    """Every issued invoice, with its notes, bills what was not given back. Returns notes written, and what waits.

    Each invoice is a transaction of its own; one waits whose party is erased, for nobody can be named.
    """
    issued, waiting = 0, 0
    for source in WANTED:
        for invoice_id in dict.fromkeys(found.invoice_id for found in differences(source)):
            try:
                issued += _amend(invoice_id, source, actor)
            except Refusal as refusal:
                waiting += 1
                logger.info("a note to invoice %s waits: %s", invoice_id, refusal.code)
    return issued, waiting


def _amend(invoice_id: UUID, source: str, actor: Actor) -> int:
    """The notes to one invoice stand; returns how many were written."""
    with transaction.atomic():
        invoice = locked_invoice(invoice_id)
        found = differences(source, invoice_id)
        credited = [each for each in found if each.minor > 0]
        again = [each for each in found if each.minor < 0]
        notes = [(form, part) for form, part in ((Form.CREDIT_NOTE, credited), (Form.DEBIT_NOTE, again)) if part]
        for form, part in notes:
            _write(invoice, source, form, part, actor)
    return len(notes)


def _write(invoice: Invoice, source: str, form: Form, part: list[Difference], actor: Actor) -> None:
    number = invoice.amendments.filter(cause__startswith=cause_of(source)).count() + 1
    billed = InvoiceLine.objects.filter(invoice=invoice).select_related("receipt").order_by("position")
    amounts = {each.receipt_id: abs(each.minor) for each in part}
    rows = billed.filter(receipt_id__in=amounts)
    lines = [LineDraft(row.receipt, row.description, amounts[row.receipt_id]) for row in rows]
    cause = f"{cause_of(source)}{invoice.pk}:{number}"
    draft = note_draft(invoice, form, lines, REASONS[source, form], cause)
    write(draft, lock_series(invoice.supplier_party_id, form), actor=actor)
