"""One invoice or credit note written whole: number, tax, both sides as they stood, lines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.base.sealing import Subject, SubjectErased
from compliance.services.subject_keys import ciphers_for
from settlement.models import DocumentSeries, Invoice, InvoiceLine, Receipt
from settlement.selectors.billing import as_bytes, side_context
from settlement.selectors.taxing import Sides, Taxed
from settlement.services.document_numbers import take_number
from settlement.tax import tax_within


@dataclass(frozen=True, slots=True)
class LineDraft:
    """What one line will say; gross in minor units."""

    receipt: Receipt
    description: str
    gross_minor: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A document but for its number."""

    form: str
    kind: str
    cause: str
    sides: Sides
    taxed: Taxed
    currency: str
    period_start: date
    period_end: date
    lines: Sequence[LineDraft]
    amends: Invoice | None = None
    reason: str = ""


def write(draft: Draft, series: DocumentSeries, *, actor: Actor) -> Invoice:
    """The document stands with the next number of the series, which the caller has locked. Raises SubjectErased."""
    pk = uuid4()
    supplier, customer = _sealed(pk, draft.sides)
    number = take_number(series)
    gross = sum(line.gross_minor for line in draft.lines)
    tax = tax_within(gross, draft.taxed.rate_bps)
    invoice = Invoice.objects.create(
        pk=pk,
        form=draft.form,
        kind=draft.kind,
        series_id=number.series_id,
        sequence=number.sequence,
        number=number.text,
        cause=draft.cause,
        supplier_party_id=draft.sides.supplier_id,
        customer_party_id=draft.sides.customer_id,
        amends=draft.amends,
        period_start=draft.period_start,
        period_end=draft.period_end,
        currency=draft.currency,
        net_minor=gross - tax,
        tax_minor=tax,
        gross_minor=gross,
        treatment=draft.taxed.treatment,
        place_of_supply=draft.taxed.place,
        tax_rate=draft.taxed.rate,
        tax_rate_bps=draft.taxed.rate_bps,
        tax_words=draft.taxed.words,
        **_in_national_currency(draft, tax),
        reason=draft.reason,
        supplier_sealed=supplier,
        supplier_open=asdict(draft.sides.supplier) if draft.sides.supplier_id is None else {},
        customer_sealed=customer,
    )
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            kind=draft.kind,
            form=draft.form,
            position=position,
            receipt=line.receipt,
            subject_id=line.receipt.subject_id,
            description=line.description[:300],
            seconds=line.receipt.billed_seconds,
            gross_minor=line.gross_minor,
        )
        for position, line in enumerate(draft.lines, 1)
    )
    data = {"number": number.text, "gross_minor": gross, "tax_minor": tax, "currency": draft.currency}
    audit.record(f"{draft.form}.issued", actor=actor, subject=invoice, data=data)
    return invoice


def _in_national_currency(draft: Draft, tax_minor: int) -> dict[str, Any]:
    """The tax as the place of supply wants it named, with the rates that say so."""
    exchange = draft.taxed.exchange
    if exchange is None:
        return {}
    return {
        "national_currency": exchange.wanted,
        "national_tax_minor": exchange.of(tax_minor, draft.currency),
        "rate_from": exchange.rate_from,
        "rate_to": exchange.rate_to,
    }


def _sealed(pk: UUID, sides: Sides) -> tuple[bytes, bytes]:
    named = [(sides.customer_id, sides.customer, "customer")]
    if sides.supplier_id is not None:
        named.append((sides.supplier_id, sides.supplier, "supplier"))
    ciphers = ciphers_for(Subject.party(party_id) for party_id, _, _ in named)
    found = {"supplier": b""}
    for party_id, side, purpose in named:
        cipher = ciphers.get(Subject.party(party_id))
        if cipher is None:
            raise SubjectErased
        found[purpose] = cipher.seal(as_bytes(side), side_context(pk, purpose))
    return found["supplier"], found["customer"]
