"""What an organization takes along: receipts, invoices, account statements and earnings as CSV or JSON, streamed."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from compliance.base import clock
from compliance.base.errors import InvalidInput, NotFound
from marketplace.periods import month_of
from settlement.money import require_currency
from settlement.selectors import earnings as of_earnings
from settlement.selectors.invoices import all_views
from settlement.selectors.receipts import all_receipts
from settlement.selectors.statements import all_lines
from settlement.selectors.tables import csv_parts, json_parts

R = TypeVar("R", HttpResponse, StreamingHttpResponse)
RECEIPTS = (
    "number",
    "issued_at",
    "lease",
    "description",
    "billed_seconds",
    "rate_minor_per_hour",
    "used_minor",
    "sla_credit_minor",
    "total_minor",
    "fee_minor",
    "payee_minor",
    "returned_minor",
    "refunded_minor",
    "owed_minor",
    "currency",
)
INVOICES = (
    "number",
    "form",
    "kind",
    "issued_at",
    "period_start",
    "period_end",
    "supplier",
    "supplier_vat_number",
    "customer",
    "customer_vat_number",
    "net_minor",
    "tax_minor",
    "gross_minor",
    "tax_rate_bps",
    "national_tax_minor",
    "national_currency",
    "treatment",
    "currency",
    "amends_number",
)
STATEMENT = ("at", "kind", "memo", "transfer_id", "subject_id", "amount_minor", "balance_minor")
ACCOUNTS = (
    "available",
    "held",
    "uncollected",
    "accrued",
    "blocked",
    "payable",
    "paying",
    "refunding",
    "claim",
    "written_off",
)
POTS = {"card": "USD", "escrow": "USDC"}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and the rows under them, which are read while they are written."""

    columns: Sequence[str]
    rows: Iterable[Sequence[object]]


def pot_of(query: Mapping[str, str]) -> tuple[str, str]:
    """Pot and currency that the address names; cards in USD for nothing. Raises InvalidInput, UnknownCurrency."""
    pot = query.get("pot") or "card"
    if pot not in POTS:
        raise InvalidInput(f"A pot is one of {', '.join(POTS)}. Nothing was changed.")
    currency = query.get("currency") or POTS[pot]
    require_currency(currency)
    return pot, currency


def _receipts(party_id: UUID, _: Mapping[str, str]) -> Table:
    rows = (
        (
            each.number,
            each.issued_at,
            each.subject_id,
            each.description,
            each.billed_seconds,
            each.rate_minor_per_hour,
            each.used_minor,
            each.credit_minor,
            each.total_minor,
            each.fee_minor,
            each.payee_minor,
            each.returned_minor,
            each.refunded_minor,
            each.owed_minor,
            each.currency,
        )
        for each in all_receipts(party_id)
    )
    return Table(RECEIPTS, rows)


def _invoices(party_id: UUID, _: Mapping[str, str]) -> Table:
    rows = (
        (
            each.number,
            each.form,
            each.kind,
            each.issued_at,
            each.period_start,
            each.period_end,
            each.supplier.name if each.supplier else "",
            each.supplier.vat_number if each.supplier else "",
            each.customer.name if each.customer else "",
            each.customer.vat_number if each.customer else "",
            each.net_minor,
            each.tax_minor,
            each.gross_minor,
            each.tax_rate_bps,
            each.national_tax_minor,
            each.national_currency,
            each.treatment,
            each.currency,
            each.amends_number,
        )
        for each in all_views(party_id)
    )
    return Table(INVOICES, rows)


def _statement(party_id: UUID, query: Mapping[str, str]) -> Table:
    account = query.get("account") or "available"
    if account not in ACCOUNTS:
        raise InvalidInput(f"An account is one of {', '.join(ACCOUNTS)}. Nothing was changed.")
    pot, currency = pot_of(query)
    since: datetime | None = None
    until = clock.now() + timedelta(microseconds=1)
    if query.get("month"):
        month = month_of(query["month"])
        since, until = month.since, month.until
    lines = all_lines(kind=account, pot=pot, currency=currency, party_id=party_id, since=since, until=until)
    return Table(STATEMENT, (tuple(getattr(line, name) for name in STATEMENT) for line in lines))


def _earnings(party_id: UUID, query: Mapping[str, str]) -> Table:
    pot, currency = pot_of(query)
    month = month_of(query.get("month", ""))
    span = {"pot": pot, "currency": currency, "since": month.since, "until": month.until}
    found = of_earnings.earnings(party_id, **span)  # type: ignore[arg-type]
    lines = of_earnings.earnings_lines(party_id, **span)  # type: ignore[arg-type]
    return Table(of_earnings.COLUMNS, _earnings_rows(found, lines))


def _earnings_rows(
    found: of_earnings.Earnings, lines: Iterable[of_earnings.EarningsLine]
) -> Iterator[Sequence[object]]:
    empty = (None, None, None, None, None)
    yield (found.since, "Opening", *empty, found.opening_minor, found.currency)
    for line in lines:
        figures = (line.seconds, line.gross_minor, line.credit_minor, line.fee_minor, line.amount_minor)
        yield (line.at, line.words, line.subject_id, *figures, found.currency)
    yield (found.until, "Closing", *empty, found.closing_minor, found.currency)


TABLES: dict[str, Callable[[UUID, Mapping[str, str]], Table]] = {
    "receipts": _receipts,
    "invoices": _invoices,
    "statement": _statement,
    "earnings": _earnings,
}
_WRITERS = {"csv": (csv_parts, "text/csv; charset=utf-8"), "json": (json_parts, "application/json")}


def export(request: HttpRequest, what: str, form: str, party_id: UUID) -> StreamingHttpResponse:
    """The party's table as a file that is written while it is read. Raises NotFound, InvalidInput."""
    if what not in TABLES or form not in _WRITERS:
        raise NotFound
    table = TABLES[what](party_id, {name: str(value) for name, value in request.GET.items()})
    return table_file(request, table, f"gridclear-{what}", form)


def table_file(request: HttpRequest, table: Table, name: str, form: str) -> StreamingHttpResponse:
    """The table as a file in one of the forms, written while it is read."""
    write, kind = _WRITERS[form]
    parts = write(table.columns, table.rows)
    # Each kind of server has an iterator of its own kind, or it would gather the whole file first.
    answer = StreamingHttpResponse(_aside(parts) if isinstance(request, ASGIRequest) else parts, content_type=kind)
    return as_file(answer, f"{name}.{form}")


def pdf_file(body: bytes, name: str) -> HttpResponse:
    """The document as a file that nothing on the way keeps."""
    return as_file(HttpResponse(body, content_type="application/pdf"), name)


def as_file(answer: R, name: str) -> R:
    """The answer as a file that nothing on the way keeps."""
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


async def _aside(parts: Iterator[str]) -> AsyncIterator[str]:
    """The parts, each read where the request's connection to the database is."""
    take = sync_to_async(lambda: next(parts, None), thread_sensitive=True)
    while (part := await take()) is not None:
        yield part
