"""Tables for others' programs, a row at a time: CSV that no spreadsheet takes for a formula, and JSON."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
# So many rows are written at once.
CHUNK = 200


def cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; times in ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else value
    return f"'{text}" if isinstance(text, str) and text[:1] in FORMULAS else text


def plain(value: object) -> str:
    """What JSON has no word for, as text; times in ISO 8601."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def csv_parts(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The table as CSV, some rows at a time, the columns' names first."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(columns)
    for number, row in enumerate(rows, 1):
        table.writerow([cell(value) for value in row])
        if number % CHUNK == 0:
            yield written.getvalue()
            written.seek(0)
            written.truncate()
    yield written.getvalue()


def json_parts(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The table as a JSON array of objects, some rows at a time."""
    begin, batch = "[", list[str]()
    for row in rows:
        batch.append(json.dumps(dict(zip(columns, row, strict=True)), default=plain, ensure_ascii=False))
        if len(batch) == CHUNK:
            yield f"{begin}\n" + ",\n".join(batch)
            begin, batch = ",", []
    yield (f"{begin}\n" if batch or begin == "[" else "\n") + ",\n".join(batch) + "\n]\n"
