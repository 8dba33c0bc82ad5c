"""Notes to an invoice that stands; and credit notes by hand, for whatever an operator must put right.

Refunds and disputes are credited by themselves, see `amendments`.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Sum, When

from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.sealing import SubjectErased
from settlement.models import Invoice, InvoiceLine
from settlement.selectors.invoices import sides_of
from settlement.selectors.taxing import Exchange, Sides, Taxed
from settlement.services.document_numbers import lock_series
from settlement.services.document_writing import Draft, LineDraft, write

Form = Invoice.Form


class CreditTooLarge(Conflict):
    """More would be credited than was billed."""

    code = "credit_too_large"
    default_message = "Less than that is left of this line. Nothing was issued."


def credit(invoice_id: UUID, lease_id: UUID, gross_minor: int, *, reason: str, cause: str, actor: Actor) -> Invoice:
    """A credit note takes so much of one lease back from its invoice, taxed as the invoice was; the same cause, once.

    It moves no money: that is the ledger's. Raises NotFound, InvalidInput, CreditTooLarge, SubjectErased.
    """
    if gross_minor <= 0 or not reason.strip() or not cause.strip():
        raise InvalidInput("A credit note has an amount above zero, a reason and a cause. Nothing was issued.")
    with transaction.atomic():
        invoice = locked_invoice(invoice_id)
        line = InvoiceLine.objects.filter(invoice=invoice, subject_id=lease_id).select_related("receipt").first()
        if line is None:
            raise NotFound("There is no such invoice with that lease on it.")
        present = Invoice.objects.filter(cause=cause).first()
        if present is not None:
            return present
        if gross_minor > line.gross_minor - _credited(line):
            raise CreditTooLarge
        lines = [LineDraft(line.receipt, line.description, gross_minor)]
        draft = note_draft(invoice, Form.CREDIT_NOTE, lines, reason, cause)
        return write(draft, lock_series(invoice.supplier_party_id, Form.CREDIT_NOTE), actor=actor)


def locked_invoice(invoice_id: UUID) -> Invoice:
    """The invoice, locked until the transaction ends: notes to it are written one after the other. Raises NotFound."""
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("tax_rate", "rate_from", "rate_to")
    invoice = rows.filter(pk=invoice_id, form=Form.INVOICE).first()
    if invoice is None:
        raise NotFound("There is no such invoice with that lease on it.")
    return invoice


def note_draft(invoice: Invoice, form: Form, lines: Sequence[LineDraft], reason: str, cause: str) -> Draft:
    """A note to the invoice, between the same sides and taxed as it was. Raises SubjectErased."""
    supplier, customer = sides_of([invoice])[invoice.pk]
    if supplier is None or customer is None:
        raise SubjectErased
    # By the rates of the invoice: it is that supply whose tax is put right.
    wanted = invoice.national_currency
    exchange = Exchange(wanted, invoice.rate_from, invoice.rate_to) if wanted else None
    taxed = Taxed(
        invoice.treatment,
        invoice.place_of_supply,
        invoice.tax_words,
        invoice.tax_rate,
        invoice.tax_rate_bps,
        exchange,
    )
    return Draft(
        form=form,
        kind=invoice.kind,
        cause=cause[:120],
        sides=Sides(invoice.supplier_party_id, invoice.customer_party_id, supplier, customer),
        taxed=taxed,
        currency=invoice.currency,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        lines=lines,
        amends=invoice,
        reason=reason.strip()[:200],
    )


def _credited(line: InvoiceLine) -> int:
    """What notes took back of the line, less what they billed again."""
    notes = InvoiceLine.objects.filter(invoice__amends=line.invoice_id, receipt=line.receipt_id)
    signed = Case(When(form=Form.CREDIT_NOTE, then=F("gross_minor")), default=-F("gross_minor"))
    return int(notes.aggregate(total=Sum(signed))["total"] or 0)
