"""Invoices and their notes as their two sides read them, and the proof that their numbers have no gaps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from compliance.base.errors import NotFound
from compliance.base.sealing import Subject, SubjectCipher
from compliance.selectors.sealed import ciphers_that_stand
from settlement.models import Invoice, InvoiceLine, ReferenceRate
from settlement.selectors.billing import from_bytes, side_context
from settlement.tax import TaxParty

CHUNK = 500
# What a series' counter says, and what is there; none when no number is missing.
_GAPS = """
SELECT s.prefix, s.last_number, count(i.id), coalesce(max(i.sequence), 0)
FROM settlement_documentseries s LEFT JOIN settlement_invoice i ON i.series_id = s.id
GROUP BY s.id HAVING count(i.id) <> s.last_number OR coalesce(max(i.sequence), 0) <> s.last_number
"""


@dataclass(frozen=True, slots=True)
class InvoiceLineView:
    """One lease on a document; gross in minor units."""

    position: int
    lease_id: UUID
    receipt_number: int
    description: str
    seconds: int
    gross_minor: int


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """A document as its sides read it; amounts in minor units. A side is None once its party is erased."""

    id: UUID
    form: str
    kind: str
    number: str
    issued_at: datetime
    period_start: date
    period_end: date
    currency: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_rate_bps: int
    tax_words: str
    tax_source: str
    national_currency: str
    national_tax_minor: int | None
    exchange_words: str
    treatment: str
    reason: str
    amends_number: str
    amends_id: UUID | None
    supplier_id: UUID | None
    customer_id: UUID
    supplier: TaxParty | None
    customer: TaxParty | None
    lines: tuple[InvoiceLineView, ...] = ()

    @property
    def is_credit_note(self) -> bool:
        """Whether it takes something back."""
        return self.form == Invoice.Form.CREDIT_NOTE

    @property
    def form_words(self) -> str:
        """`Credit note`."""
        return str(Invoice.Form(self.form).label)

    @property
    def in_the_suppliers_name(self) -> bool:
        """Whether the platform issued it for a provider."""
        return self.supplier_id is not None


def invoices_of(party_id: UUID) -> QuerySet[Invoice]:
    """The documents on which the party stands, as customer or supplier, newest first."""
    mine = _documents().filter(Q(customer_party_id=party_id) | Q(supplier_party_id=party_id))
    return mine.order_by("-created_at", "-id")


def _documents() -> QuerySet[Invoice]:
    return Invoice.objects.select_related("amends", "tax_rate", "rate_from", "rate_to")


def views_of(rows: Iterable[Invoice]) -> list[InvoiceView]:
    """The documents without their lines; the keys of all sides in one query."""
    found = list(rows)
    sides = sides_of(found)
    return [_view(row, *sides[row.pk]) for row in found]


def invoice_for(party_id: UUID, invoice_id: UUID) -> InvoiceView:
    """The document with its lines, for one of its two sides. Raises NotFound for everybody else."""
    return _whole(invoices_of(party_id).filter(pk=invoice_id).first())


def invoice_by_id(invoice_id: UUID) -> InvoiceView:
    """The document with its lines, for the platform's own work. Raises NotFound."""
    return _whole(_documents().filter(pk=invoice_id).first())


def lines_on(party_id: UUID, invoice_id: UUID) -> int:
    """How many lines the document has, for one of its two sides; none for everybody else."""
    return InvoiceLine.objects.filter(invoice__in=invoices_of(party_id).filter(pk=invoice_id).values("pk")).count()


def _whole(row: Invoice | None) -> InvoiceView:
    if row is None:
        raise NotFound
    lines = (
        InvoiceLine.objects.filter(invoice=row)
        .order_by("position")
        .values_list("position", "subject_id", "receipt__number", "description", "seconds", "gross_minor")
    )
    return _view(row, *sides_of([row])[row.pk], tuple(InvoiceLineView(*line) for line in lines))


def all_views(party_id: UUID) -> Iterator[InvoiceView]:
    """Every document of the party without its lines, newest first, some at a time."""
    batch: list[Invoice] = []
    for row in invoices_of(party_id).iterator(chunk_size=CHUNK):
        batch.append(row)
        if len(batch) == CHUNK:
            yield from views_of(batch)
            batch = []
    yield from views_of(batch)


def sides_of(rows: Iterable[Invoice]) -> dict[UUID, tuple[TaxParty | None, TaxParty | None]]:
    """Supplier and customer of each document as they stood, in one query; None for an erased one."""
    found = list(rows)
    subjects = {Subject.party(pk) for row in found for pk in (row.supplier_party_id, row.customer_party_id) if pk}
    ciphers = ciphers_that_stand(subjects)
    return {
        row.pk: (
            TaxParty(**row.supplier_open)
            if row.supplier_party_id is None
            else _side(row, "supplier", bytes(row.supplier_sealed), row.supplier_party_id, ciphers),
            _side(row, "customer", bytes(row.customer_sealed), row.customer_party_id, ciphers),
        )
        for row in found
    }


def _side(
    row: Invoice, side: str, sealed: bytes, party_id: UUID, ciphers: dict[Subject, SubjectCipher]
) -> TaxParty | None:
    cipher = ciphers.get(Subject.party(party_id))
    return from_bytes(cipher.open(sealed, side_context(row.pk, side))) if cipher else None


def _view(
    row: Invoice, supplier: TaxParty | None, customer: TaxParty | None, lines: tuple[InvoiceLineView, ...] = ()
) -> InvoiceView:
    return InvoiceView(
        id=row.pk,
        form=row.form,
        kind=row.kind,
        number=row.number,
        issued_at=row.created_at,
        period_start=row.period_start,
        period_end=row.period_end,
        currency=row.currency,
        net_minor=row.net_minor,
        tax_minor=row.tax_minor,
        gross_minor=row.gross_minor,
        tax_rate_bps=row.tax_rate_bps,
        tax_words=row.tax_words,
        tax_source=f"{row.tax_rate.source}, read {row.tax_rate.read_on}" if row.tax_rate else "",
        national_currency=row.national_currency,
        national_tax_minor=row.national_tax_minor,
        exchange_words=rate_words([rate for rate in (row.rate_from, row.rate_to) if rate]),
        treatment=row.treatment,
        reason=row.reason,
        amends_number=row.amends.number if row.amends else "",
        amends_id=row.amends_id,
        supplier_id=row.supplier_party_id,
        customer_id=row.customer_party_id,
        supplier=supplier,
        customer=customer,
        lines=lines,
    )


def rate_words(rates: Sequence[ReferenceRate]) -> str:
    """`1 EUR = 1.0865 USD = 4.25 PLN (ECB, 2026-11-30)`, or one after the other when they were published apart."""
    shown = [f"{rate.per_euro.normalize():f} {rate.currency}" for rate in rates]
    published = [f"({rate.source}, {rate.day})" for rate in rates]
    if len(set(published)) == 1:
        return f"1 EUR = {' = '.join(shown)} {published[0]}"
    return ", ".join(f"1 EUR = {each} {where}" for each, where in zip(shown, published, strict=True))


def gaps_in_numbers() -> list[str]:
    """A sentence for each series in which a number is missing or too many; none when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_GAPS)
        rows = cursor.fetchall()
    return [f"series {row[0]} counts {row[1]}, has {row[2]} documents up to {row[3]}" for row in rows]
