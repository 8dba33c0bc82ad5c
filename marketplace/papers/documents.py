"""Invoices, credit notes, receipts and earnings statements as PDF."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from marketplace.papers.sheet import Column, Sheet
from settlement.money import Money
from settlement.selectors.earnings import Earnings, EarningsLine
from settlement.selectors.invoices import InvoiceView
from settlement.selectors.receipts import ReceiptView
from settlement.tax import TaxParty

ERASED = "Erased on request"


def day(at: date | datetime) -> str:
    """`24 Nov 2026`, in UTC."""
    shown = at.astimezone(UTC) if isinstance(at, datetime) else at
    return f"{shown.day} {shown:%b %Y}"


def title_of(invoice: InvoiceView) -> str:
    """`Invoice G-000001`."""
    return f"{invoice.form_words} {invoice.number}"


def total_words(invoice: InvoiceView) -> str:
    """What the sum of the document is."""
    return {"credit_note": "Credited", "debit_note": "Billed again"}.get(invoice.form, "Total, by the receipts")


def rate_words(bps: int) -> str:
    """`19 %`."""
    return f"{bps / 100:g} %"


def _side(side: TaxParty | None) -> list[str]:
    if side is None:
        return [ERASED]
    numbers = [f"VAT {side.vat_number}" if side.vat_number else "", side.registration]
    return [line for line in (side.name, side.address, side.country, *numbers) if line]


def invoice_pdf(invoice: InvoiceView, drawn: Callable[[int], None] = lambda pages: None) -> bytes:
    """The invoice or the note to one; `drawn` is told of each page."""
    currency = invoice.currency
    sheet = Sheet(title_of(invoice), f"{title_of(invoice)} · issued {day(invoice.issued_at)}")
    facts = [
        f"Issued {day(invoice.issued_at)}",
        f"Period {day(invoice.period_start)} to {day(invoice.period_end)}",
        f"Amounts in {currency}",
    ]
    if invoice.amends_number:
        facts.append(f"To invoice {invoice.amends_number}")
    sheet.sides(("Supplier", _side(invoice.supplier)), ("Customer", _side(invoice.customer)), ("Document", facts))
    if invoice.reason:
        sheet.text(invoice.reason)
        sheet.space()
    columns = [Column("Receipt", 1), Column("Lease", 5), Column("Seconds", 1.3, True), Column("Amount", 1.8, True)]
    sheet.table(
        columns,
        [
            (
                line.receipt_number,
                f"{line.description}\n{line.lease_id}",
                f"{line.seconds:,}",
                Money(line.gross_minor, currency),
            )
            for line in invoice.lines
        ],
    )
    taxed = f"VAT {rate_words(invoice.tax_rate_bps)}, included" if invoice.tax_rate_bps else "Tax"
    sums = [("Net", str(Money(invoice.net_minor, currency))), (taxed, str(Money(invoice.tax_minor, currency)))]
    if invoice.national_tax_minor is not None:
        national = Money(invoice.national_tax_minor, invoice.national_currency)
        sums.append((f"VAT in {national.currency}", str(national)))
    sheet.totals([*sums, (total_words(invoice), str(Money(invoice.gross_minor, currency)))])
    if invoice.tax_words:
        sheet.text(invoice.tax_words)
    if invoice.tax_source:
        sheet.text(f"Rate: {invoice.tax_source}.", "quiet")
    if invoice.exchange_words:
        sheet.text(f"{invoice.national_currency}: {invoice.exchange_words}.", "quiet")
    if invoice.in_the_suppliers_name:
        sheet.space(2)
        sheet.text("Issued by the platform in the name and on behalf of the supplier, as agreed.", "quiet")
    return sheet.pdf(drawn)


@dataclass(frozen=True, slots=True)
class LeaseWords:
    """What a receipt says of its lease."""

    renter: str
    provider: str
    leased: str
    ending: str
    credit: str


def receipt_pdf(receipt: ReceiptView, lease: LeaseWords) -> bytes:
    """The receipt, as its reader may see it."""
    currency = receipt.currency
    sheet = Sheet(f"Receipt {receipt.number}", f"Receipt {receipt.number} · issued {day(receipt.issued_at)}")
    facts = [f"Issued {day(receipt.issued_at)}", f"Amounts in {currency}"]
    sheet.sides(("Renter", [lease.renter]), ("Provider", [lease.provider]), ("Receipt", facts))
    rows: list[tuple[object, object]] = [
        ("Lease", receipt.subject_id),
        ("Leased", lease.leased),
        ("Rate", f"{Money(receipt.rate_minor_per_hour, currency)} / h"),
        ("Billed time", f"{receipt.billed_seconds:,} s"),
        ("Use", Money(receipt.used_minor, currency)),
    ]
    if receipt.credit_minor:
        rows.append((f"Credit: {lease.credit}", Money(-receipt.credit_minor, currency)))
    if receipt.fee_minor is not None and receipt.payee_minor is not None:
        rows.append(("Platform fee", Money(receipt.fee_minor, currency)))
        rows.append(("To the provider", Money(receipt.payee_minor, currency)))
    if receipt.returned_minor:
        rows.append(("Given back", Money(receipt.returned_minor, currency)))
    sheet.table([Column("What", 3), Column("Figure", 3, True)], rows)
    sheet.totals([("Total", str(Money(receipt.total_minor, currency)))])
    if receipt.owed_minor:
        words = "it was owed, and prepaid money pays it first"
        sheet.text(f"Not paid by the card: {Money(receipt.owed_minor, currency)}; {words}.", "text")
    if receipt.refunded_minor:
        sheet.text(f"Refunded since: {Money(receipt.refunded_minor, currency)}.", "text")
    sheet.text(f"{lease.ending} The rate times the billed seconds, divided by 3,600 and rounded down.".strip(), "quiet")
    return sheet.pdf()


def earnings_pdf(name: str, found: Earnings, lines: Iterable[EarningsLine], *, cut: bool = False) -> bytes:
    """The earnings statement; `cut`: more lines are in its CSV."""
    last = found.until - timedelta(microseconds=1)
    title = f"Earnings, {day(found.since)} to {day(last)}"
    sheet = Sheet(title, f"{name} · {title}")
    sheet.sides(("Provider", [name]), ("Money", [f"{found.pot.capitalize()} pot, {found.currency}"]))
    sheet.table(
        [Column("", 4), Column("Amount", 2, True)],
        [(label, Money(amount, found.currency)) for label, amount in earnings_rows(found)],
    )
    sheet.totals([("Owed to you at the end", str(Money(found.closing_minor, found.currency)))])
    if found.under_way_minor:
        sheet.text(f"Besides, {Money(found.under_way_minor, found.currency)} of payouts was under way.", "quiet")
    sheet.text(f"{found.leases:,} leases, {found.seconds:,} billed seconds. Times are UTC.", "quiet")
    sheet.space()
    columns = [Column("When", 2.2), Column("What", 4.6), Column("Gross", 1.4, True), Column("Fee", 1.2, True)]
    sheet.table(
        [*columns, Column("Amount", 1.6, True)],
        [
            (
                f"{line.at.astimezone(UTC):%d %b %Y %H:%M}",
                f"{line.words}\n{line.subject_id or ''}",
                "" if line.gross_minor is None else Money(line.gross_minor, found.currency),
                "" if line.fee_minor is None else Money(-line.fee_minor, found.currency),
                Money(line.amount_minor, found.currency),
            )
            for line in lines
        ],
    )
    if cut:
        sheet.text("More lines are in the CSV.", "quiet")
    return sheet.pdf()


def earnings_rows(found: Earnings) -> list[tuple[str, int]]:
    """The statement's figures in their order; from the opening to the closing they add up."""
    rows = [
        ("Owed to you at the beginning", found.opening_minor),
        ("Leases, before credits and fee", found.gross_minor),
        ("Service credits to renters", -found.credits_minor),
        ("Platform fee", -found.fees_minor),
        ("Payouts", found.payouts_minor),
        ("Chargebacks", found.chargebacks_minor),
        ("Refunds to renters", found.refunds_minor),
        ("Other", found.other_minor),
    ]
    rare = ("Service credits to renters", "Chargebacks", "Refunds to renters", "Other")
    return [row for row in rows if row[1] or row[0] not in rare]
