"""The statement of an account: what it stood at, every entry, what it stands at; at any instant, page by page.

Every entry keeps what its account stood at afterwards, so that the balance at an instant is one look at an index. An
account that is spread over shards reads as one: entries in the order of their times, the shards' balances added up.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from compliance.base.errors import InvalidInput
from settlement.models import Account
from settlement.selectors.tables import cell, plain

MOST_LINES = 1_000
# Entries are ordered by time and number; a cursor is the place of the last one shown.
Place = tuple[datetime, int]
_START: Place = (datetime(1, 1, 1, tzinfo=UTC), 0)
_COLUMNS = ("at", "kind", "memo", "transfer_id", "subject_id", "amount_minor", "balance_minor")

# A page of each shard, merged: whatever the account's size, no more than a page a shard is read.
_LINES = """
SELECT e.at, e.id, t.kind, t.memo, t.id, t.subject_id, e.amount_minor
FROM unnest(%s::uuid[]) a(id) CROSS JOIN LATERAL (
    SELECT * FROM settlement_entry e
    WHERE e.account_id = a.id AND (e.at, e.id) > (%s, %s) AND e.at >= %s AND e.at < %s ORDER BY e.at, e.id LIMIT %s
) e JOIN settlement_transfer t ON t.id = e.transfer_id ORDER BY e.at, e.id LIMIT %s
"""
_BALANCE = """
SELECT coalesce(sum(s.balance_after_minor), 0) FROM unnest(%s::uuid[]) a(id) CROSS JOIN LATERAL (
    SELECT e.balance_after_minor FROM settlement_entry e WHERE e.account_id = a.id AND {until}
    ORDER BY e.at DESC, e.id DESC LIMIT 1
) s
"""


class CursorInvalid(InvalidInput):
    """The cursor is none of ours."""

    code = "cursor_invalid"
    default_message = "This cursor was not given out here. Begin the statement anew."


@dataclass(frozen=True, slots=True)
class Line:
    """One entry with the balance after it; signed minor units, positive is a credit."""

    at: datetime
    kind: str
    memo: str
    transfer_id: UUID
    subject_id: UUID | None
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One page. `opening_minor` stood before its first line, `closing_minor` at `until`, whatever page it is.

    From `since` up to, not including, `until`; `next_cursor` is empty on the last page.
    """

    kind: str
    pot: str
    currency: str
    party_id: UUID | None
    since: datetime | None
    until: datetime
    opening_minor: int
    closing_minor: int
    lines: tuple[Line, ...]
    next_cursor: str


def statement(
    *,
    kind: str,
    pot: str,
    currency: str,
    party_id: UUID | None,
    until: datetime,
    since: datetime | None = None,
    cursor: str = "",
    limit: int = 100,
) -> Statement:
    """The page of the account's statement after the cursor. An account without entries stands at 0.

    Raises CursorInvalid.
    """
    ids = _rows_of(kind, pot, currency, party_id)
    after = read_cursor(cursor) if cursor else _START
    begin = since or _START[0]
    size = max(1, min(limit, MOST_LINES))
    found = _select(_LINES, ids, *after, begin, until, size + 1, size + 1)
    opening = _balance_after(ids, after) if cursor else balance_at(ids, begin)
    lines = _running(found[:size], opening)
    more = len(found) > size
    return Statement(
        kind=kind,
        pot=pot,
        currency=currency,
        party_id=party_id,
        since=since,
        until=until,
        opening_minor=opening,
        closing_minor=balance_at(ids, until),
        lines=lines,
        next_cursor=write_cursor((found[size - 1][0], found[size - 1][1])) if more else "",
    )


def all_lines(
    *, kind: str, pot: str, currency: str, party_id: UUID | None, until: datetime, since: datetime | None = None
) -> Iterator[Line]:
    """Every line of the account's statement, page by page."""
    cursor = ""
    while True:
        found = statement(
            kind=kind,
            pot=pot,
            currency=currency,
            party_id=party_id,
            until=until,
            since=since,
            cursor=cursor,
            limit=MOST_LINES,
        )
        yield from found.lines
        cursor = found.next_cursor
        if not cursor:
            return


def _rows_of(kind: str, pot: str, currency: str, party_id: UUID | None) -> list[UUID]:
    rows = Account.objects.filter(kind=kind, pot=pot, currency=currency, party=party_id)
    return list(rows.order_by("shard").values_list("pk", flat=True))


def _running(rows: Iterable[Sequence[Any]], balance: int) -> tuple[Line, ...]:
    lines = []
    for at, _, kind, memo, transfer_id, subject_id, amount in rows:
        balance += amount
        lines.append(Line(at, kind, memo, transfer_id, subject_id, amount, balance))
    return tuple(lines)


def balance_at(account_ids: Sequence[UUID], at: datetime) -> int:
    """What the accounts stood at together just before the instant; signed minor units."""
    return int(_select(_BALANCE.format(until="e.at < %s"), list(account_ids), at)[0][0])


def _balance_after(account_ids: Sequence[UUID], place: Place) -> int:
    return int(_select(_BALANCE.format(until="(e.at, e.id) <= (%s, %s)"), list(account_ids), *place)[0][0])


def _select(sql: str, *given: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall())


def write_cursor(place: Place) -> str:
    """The place of an entry as text."""
    return f"{place[0].isoformat()}/{place[1]}"


def read_cursor(cursor: str) -> Place:
    """The place that a cursor names. Raises CursorInvalid."""
    at, _, number = cursor.partition("/")
    try:
        place = datetime.fromisoformat(at), int(number)
    except ValueError as error:
        raise CursorInvalid from error
    if place[0].tzinfo is None or not 0 <= place[1] < 2**63:
        raise CursorInvalid
    return place


def as_json(found: Statement) -> str:
    """The page as JSON; amounts in minor units, times in ISO 8601."""
    return json.dumps(asdict(found), default=plain, indent=2)


def as_csv(found: Statement) -> str:
    """The page as CSV: a row for the opening, one a line, one for the closing on the last page."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(_COLUMNS)
    table.writerow([plain(found.since) if found.since else "", "opening", "", "", "", "", found.opening_minor])
    for line in found.lines:
        table.writerow([cell(getattr(line, name)) for name in _COLUMNS])
    if not found.next_cursor:
        table.writerow([plain(found.until), "closing", "", "", "", "", found.closing_minor])
    return written.getvalue()
