"""Numbers of documents, without gaps: the series' row is locked until the document stands, or nothing does."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from settlement.models import DocumentSeries, Invoice

_SERIES_LOCK = 0x6772_6964_7365_7269  # "gridseri"
_FORMS = {Invoice.Form.INVOICE.value: "", Invoice.Form.CREDIT_NOTE.value: "C", Invoice.Form.DEBIT_NOTE.value: "D"}


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a series, and how it reads: `G-000001`, `S0007C-000002`."""

    series_id: UUID
    sequence: int
    text: str


def lock_series(supplier_party_id: UUID | None, form: str) -> DocumentSeries:
    """The supplier's series of that form, made at first use, locked until the transaction ends."""
    rows = DocumentSeries.objects.select_for_update().filter(supplier_party_id=supplier_party_id, form=form)
    return rows.first() or _make(supplier_party_id, form)


def take_number(series: DocumentSeries) -> Number:
    """The next number of a series that the caller has locked. Its document is written in the same transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a number is taken in the transaction that writes its document")
    series.last_number += 1
    series.save(update_fields=["last_number"])
    return Number(series.pk, series.last_number, f"{series.prefix}-{series.last_number:06d}")


def _make(supplier_party_id: UUID | None, form: str) -> DocumentSeries:
    """Series are made one at a time, so that suppliers are counted without gaps too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SERIES_LOCK])
    rows = DocumentSeries.objects.filter(supplier_party_id=supplier_party_id)
    found = rows.select_for_update().filter(form=form).first()
    if found is not None:
        return found
    sibling = rows.values_list("prefix", flat=True).first()
    stem = sibling.rstrip("CD") if sibling else _stem(supplier_party_id)
    series = DocumentSeries.objects.create(supplier_party_id=supplier_party_id, form=form, prefix=stem + _FORMS[form])
    return DocumentSeries.objects.select_for_update().get(pk=series.pk)


def _stem(supplier_party_id: UUID | None) -> str:
    if supplier_party_id is None:
        return "G"
    suppliers = DocumentSeries.objects.filter(supplier_party__isnull=False).values("supplier_party").distinct()
    return f"S{suppliers.count() + 1:04d}"
