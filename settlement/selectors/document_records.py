"""Invoices, notes and billing profiles as records: for evidence, and for a party's own data, in plain JSON values."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import Q

from compliance.base.sealing import Subject
from compliance.selectors.evidence_rows import all_columns, columns
from compliance.selectors.sealed import ciphers_that_stand
from settlement.models import BillingProfile, Invoice, InvoiceLine
from settlement.selectors.billing import context_of, from_bytes
from settlement.selectors.invoices import sides_of

ERASED, WITHHELD = "[erased]", "[withheld]"


def documents_about(subject_id: UUID) -> tuple[list[dict[str, Any]], set[tuple[str, str]]]:
    """The documents with a line about the lease, that line alone; and whom the audit log speaks of.

    Whom they name is left out: their parties are there by id.
    """
    lines = InvoiceLine.objects.filter(subject_id=subject_id).order_by("created_at", "id")
    rows = list(Invoice.objects.filter(pk__in=lines.values("invoice")).order_by("created_at", "id"))
    return _with_lines(rows, lines), _about(rows)


def documents_of(party_id: UUID) -> tuple[list[dict[str, Any]], set[tuple[str, str]]]:
    """Every document on which the party stands, whole, with how it is named there; and whom the audit log speaks of.

    The other side is withheld, as it is somebody else's data: the document itself names it.
    """
    mine = Q(supplier_party_id=party_id) | Q(customer_party_id=party_id)
    rows = list(Invoice.objects.filter(mine).order_by("created_at", "id"))
    lines = InvoiceLine.objects.filter(invoice__in=rows).order_by("invoice", "position")
    sides = sides_of(rows)
    told = _with_lines(rows, lines)
    for row, record in zip(rows, told, strict=True):
        for name, side, owner in zip(
            ("supplier", "customer"), sides[row.pk], (row.supplier_party_id, row.customer_party_id), strict=True
        ):
            # No owner: the platform itself, which is nobody's secret.
            shown = asdict(side) if side else ERASED
            record[name] = shown if owner in (party_id, None) else WITHHELD
    return told, _about(rows)


def billing_record(party_id: UUID) -> list[dict[str, Any]]:
    """The party's billing profile with what it told, opened; none for a party that told nothing."""
    row = BillingProfile.objects.filter(party_id=party_id).first()
    if row is None:
        return []
    subject = Subject.party(party_id)
    cipher = ciphers_that_stand([subject]).get(subject)
    details = asdict(from_bytes(cipher.open(bytes(row.details_sealed), context_of(row.pk)))) if cipher else ERASED
    return [columns(row) | {"details": details}]


def _with_lines(rows: list[Invoice], lines: Iterable[InvoiceLine]) -> list[dict[str, Any]]:
    found: dict[UUID, list[InvoiceLine]] = {row.pk: [] for row in rows}
    for line in lines:
        found[line.invoice_id].append(line)
    return [columns(row, "supplier_open") | {"lines": all_columns(found[row.pk], "invoice_id")} for row in rows]


def _about(rows: Iterable[Invoice]) -> set[tuple[str, str]]:
    return {(row._meta.label_lower, str(row.pk)) for row in rows}
