"""What was given back of what invoices billed, and how far their credit and debit notes say so.

What was given back is read from the books' own records each time, so nothing has to remember which news was heard: a
lost signal, a run that died and a bank that changed its mind all end in the same figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

# Automatic notes bear this before the name of their source; an operator's are told apart by it.
CAUSE = "reduced"
# By source: of each receipt, what its renter got back of the price, and the platform's part of that, its fee.
# A dispute counts once it is lost, and no more when the bank turns it round.
WANTED: Mapping[str, str] = {
    "dispute": """
        SELECT r.id AS receipt_id, sum(borne) AS compute,
               sum(CASE s.bearer WHEN 'platform' THEN borne ELSE 0 END) AS fee
        FROM settlement_disputeshare s JOIN settlement_dispute d ON d.id = s.dispute_id
            JOIN settlement_receipt r ON r.hold_id = s.hold_id
        CROSS JOIN LATERAL (
            SELECT CASE d.state WHEN 'lost' THEN s.amount_minor - s.returned_minor ELSE 0 END AS borne
        ) shares
        GROUP BY r.id
    """,
    "refund": """
        SELECT receipt_id, sum(CASE state WHEN 'done' THEN amount_minor ELSE 0 END) AS compute,
               sum(CASE state WHEN 'done' THEN fee_minor ELSE 0 END) AS fee
        FROM settlement_refund GROUP BY receipt_id
    """,
}
# Per line that was billed: what is wanted, as far as nobody else took it back, less what such notes say already.
_DIFFERENCES = """
WITH wanted AS ({wanted})
SELECT invoice_id, receipt_id, difference FROM (
    SELECT billed.invoice_id, billed.receipt_id, billed.position,
           LEAST(CASE billed.kind WHEN 'fee' THEN wanted.fee ELSE wanted.compute END, billed.gross_minor - notes.others)
           - notes.told AS difference
    FROM wanted JOIN settlement_invoiceline billed ON billed.receipt_id = wanted.receipt_id AND billed.form = 'invoice'
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(signed) FILTER (WHERE ours), 0) AS told,
               coalesce(sum(signed) FILTER (WHERE NOT ours), 0) AS others
        FROM (
            SELECT CASE l.form WHEN 'credit_note' THEN l.gross_minor ELSE -l.gross_minor END AS signed,
                   starts_with(i.cause, %(cause)s) AS ours
            FROM settlement_invoiceline l JOIN settlement_invoice i ON i.id = l.invoice_id
            WHERE l.receipt_id = billed.receipt_id AND l.kind = billed.kind AND l.form <> 'invoice'
        ) each
    ) notes
    WHERE %(invoice)s::uuid IS NULL OR billed.invoice_id = %(invoice)s
) found WHERE difference <> 0 ORDER BY invoice_id, position
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """So much of one line is to be credited yet (above zero) or billed again (below); minor units."""

    invoice_id: UUID
    receipt_id: UUID
    minor: int


def cause_of(source: str) -> str:
    """How the causes of that source's notes begin."""
    return f"{CAUSE}:{source}:"


def differences(source: str, invoice_id: UUID | None = None) -> list[Difference]:
    """Where notes and records of the source differ: on all invoices, or on one."""
    with connection.cursor() as cursor:
        given = {"cause": cause_of(source), "invoice": invoice_id}
        cursor.execute(_DIFFERENCES.format(wanted=WANTED[source]), given)
        return [Difference(invoice, receipt, int(minor)) for invoice, receipt, minor in cursor.fetchall()]
