"""Rows as evidence shows them: every column as it stands, in plain JSON values."""

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from compliance.base.canonical import canonical_bytes


def columns(row: Model, *left_out: str) -> dict[str, Any]:
    """The row's columns by name, but for those left out and sealed bytes; times in ISO 8601, ids as text."""
    values = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in left_out and field.get_internal_type() != "BinaryField"
    }
    plain: dict[str, Any] = json.loads(canonical_bytes(values))
    return plain


def all_columns(rows: Iterable[Model], *left_out: str) -> list[dict[str, Any]]:
    """`columns` of each row."""
    return [columns(row, *left_out) for row in rows]
