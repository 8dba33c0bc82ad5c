"""The proof of the whole book from its entries: each check one statement over the tables, read only."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from settlement.services.ledger_digest import LEGS, digest_sql

# So many faults of one kind are told; the first ones say what is wrong.
TOLD = 100

# Each check selects the parts of its sentence, row by row; none when the book is right. These look at accounts and
# pending transfers alone, and take no longer as the book grows.
_OF_ACCOUNTS: tuple[tuple[str, str], ...] = (
    (
        "all accounts of pot {0} in {1} together are off by {2}",
        """SELECT pot, currency, sum(balance_minor) FROM settlement_account GROUP BY pot, currency
        HAVING sum(balance_minor) <> 0""",
    ),
    (
        "account {0} ({1}) says {2} is pending, the pending transfers say {3}",
        """SELECT a.id, a.kind, a.debits_pending || '/' || a.credits_pending,
               coalesce(s.debits, 0) || '/' || coalesce(s.credits, 0)
        FROM settlement_account a LEFT JOIN (
            SELECT account_id, sum(debits) AS debits, sum(credits) AS credits FROM (
                SELECT debit_account_id AS account_id, amount_minor - posted_minor AS debits, 0 AS credits
                FROM settlement_pendingtransfer WHERE state = 'open'
                UNION ALL
                SELECT credit_account_id, 0, amount_minor - posted_minor
                FROM settlement_pendingtransfer WHERE state = 'open'
            ) sides GROUP BY account_id
        ) s ON s.account_id = a.id
        WHERE (a.debits_pending, a.credits_pending) <> (coalesce(s.debits, 0), coalesce(s.credits, 0))""",
    ),
    (
        "account {0} ({1}) stands at {2} with {3} pending, beyond zero",
        """SELECT id, kind, balance_minor, debits_pending + credits_pending FROM settlement_account
        WHERE (sign = 'credit' AND debits_posted > credits_posted - debits_pending)
           OR (sign = 'debit' AND credits_posted > debits_posted - credits_pending)""",
    ),
)
# And these walk the whole of it.
_OF_ENTRIES: tuple[tuple[str, str], ...] = (
    (
        "transfer {0} is off by {2} {1}",
        """SELECT e.transfer_id, a.currency, sum(e.amount_minor) FROM settlement_entry e
        JOIN settlement_account a ON a.id = e.account_id
        GROUP BY e.transfer_id, a.currency HAVING sum(e.amount_minor) <> 0""",
    ),
    (
        "account {0} ({1}) says {2}, its entries say {3}",
        """SELECT a.id, a.kind, a.debits_posted || ' debits and ' || a.credits_posted || ' credits',
               coalesce(s.debits, 0) || ' debits and ' || coalesce(s.credits, 0) || ' credits'
        FROM settlement_account a LEFT JOIN (
            SELECT account_id, -sum(least(amount_minor, 0)) AS debits, sum(greatest(amount_minor, 0)) AS credits
            FROM settlement_entry GROUP BY account_id
        ) s ON s.account_id = a.id
        WHERE (a.debits_posted, a.credits_posted) <> (coalesce(s.debits, 0), coalesce(s.credits, 0))""",
    ),
    (
        "account {0} ({1}) was entered last at {2}, its entries say {3}",
        """SELECT a.id, a.kind, a.entered_at, s.last FROM settlement_account a
        LEFT JOIN (SELECT account_id, max(at) AS last FROM settlement_entry GROUP BY account_id) s
          ON s.account_id = a.id
        WHERE a.entered_at IS DISTINCT FROM s.last""",
    ),
    (
        "transfer {0} ({1}) has no entries",
        """SELECT t.id, t.kind FROM settlement_transfer t
        WHERE NOT EXISTS (SELECT 1 FROM settlement_entry e WHERE e.transfer_id = t.id)""",
    ),
    (
        "entry {0} has no {1}",
        """SELECT e.id, CASE WHEN t.id IS NULL THEN 'transfer' ELSE 'account' END FROM settlement_entry e
        LEFT JOIN settlement_transfer t ON t.id = e.transfer_id LEFT JOIN settlement_account a ON a.id = e.account_id
        WHERE t.id IS NULL OR a.id IS NULL""",
    ),
    (
        "transfer {0} ({1}) mixes pots",
        """SELECT t.id, t.kind FROM settlement_transfer t JOIN settlement_entry e ON e.transfer_id = t.id
        JOIN settlement_account a ON a.id = e.account_id GROUP BY t.id, t.kind HAVING min(a.pot) <> max(a.pot)""",
    ),
    (
        "transfer {0} ({1}) is not what it was when it was posted",
        f"""SELECT t.id, t.kind FROM settlement_transfer t
        JOIN (SELECT e.transfer_id, {LEGS} AS legs FROM settlement_entry e GROUP BY e.transfer_id) s
          ON s.transfer_id = t.id
        WHERE t.digest <> {digest_sql("s.legs")}""",  # noqa: S608 - only constants
    ),
    (
        "entry {0} says {1} remains, {2} does",
        """SELECT id, balance_after_minor, running FROM (
            SELECT e.id, e.balance_after_minor,
                   sum(e.amount_minor) OVER (PARTITION BY e.account_id ORDER BY e.at, e.id) AS running
            FROM settlement_entry e
        ) s WHERE balance_after_minor <> running""",
    ),
    (
        "entry {0} was entered at {1}, and not at {2}",
        """SELECT id, at, due FROM (
            SELECT e.id, e.at, greatest(t.created_at, lag(e.at) OVER (PARTITION BY e.account_id ORDER BY e.id)) AS due
            FROM settlement_entry e JOIN settlement_transfer t ON t.id = e.transfer_id
        ) s WHERE at <> due""",
    ),
    (
        "pending transfer {0} ({1}) says {2} is posted, its parts say {3}",
        """SELECT p.id, p.kind, p.posted_minor, coalesce(s.posted, 0) FROM settlement_pendingtransfer p LEFT JOIN (
            SELECT t.pending_id, sum(e.amount_minor) AS posted FROM settlement_transfer t
            JOIN settlement_pendingtransfer q ON q.id = t.pending_id
            JOIN settlement_entry e ON e.transfer_id = t.id AND e.account_id = q.credit_account_id
            GROUP BY t.pending_id
        ) s ON s.pending_id = p.id WHERE p.posted_minor <> coalesce(s.posted, 0)""",
    ),
    (
        "transfer {0} is no part of pending transfer {1}",
        """SELECT DISTINCT t.id, t.pending_id FROM settlement_transfer t
        JOIN settlement_entry e ON e.transfer_id = t.id
        LEFT JOIN settlement_pendingtransfer p ON p.id = t.pending_id
        WHERE t.pending_id IS NOT NULL AND (
            p.id IS NULL OR t.subject_id IS DISTINCT FROM p.subject_id
            OR e.account_id NOT IN (p.debit_account_id, p.credit_account_id))""",
    ),
    (
        "conversion {0} does not follow from its rate {1}",
        """SELECT c.transfer_id, c.rate_id FROM settlement_conversion c
        JOIN settlement_exchangerate r ON r.id = c.rate_id CROSS JOIN LATERAL (
            SELECT CASE WHEN c.inverse THEN r.minor_denominator ELSE r.minor_numerator END AS up,
                   CASE WHEN c.inverse THEN r.minor_numerator ELSE r.minor_denominator END AS down
        ) f WHERE c.bought_minor <> div(c.sold_minor * f.up, f.down)
               OR c.residue_minor <> (mod(c.sold_minor * f.up, f.down) > 0)::int""",
    ),
    (
        "conversion {0} moved {1} and {2}, its record says otherwise",
        """SELECT c.transfer_id, coalesce(s.sold, 0), coalesce(s.bought, 0) FROM settlement_conversion c
        JOIN settlement_exchangerate r ON r.id = c.rate_id LEFT JOIN LATERAL (
            SELECT a.currency, sum(e.amount_minor) FILTER (WHERE a.kind = 'exchange') AS sold,
                   -sum(e.amount_minor) FILTER (WHERE a.kind = 'exchange') AS bought,
                   coalesce(sum(e.amount_minor) FILTER (WHERE a.kind = 'rounding'), 0) AS residue
            FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id
            WHERE e.transfer_id = c.transfer_id GROUP BY a.currency
        ) s ON true
        WHERE CASE WHEN s.currency = CASE WHEN c.inverse THEN r.quote ELSE r.base END
            THEN s.sold IS DISTINCT FROM c.sold_minor OR s.residue <> 0
            ELSE s.bought IS DISTINCT FROM c.bought_minor + c.residue_minor OR s.residue <> c.residue_minor END""",
    ),
    (
        "transfer {0} ({1}) changes currencies and names no rate",
        """SELECT t.id, t.kind FROM settlement_transfer t JOIN settlement_entry e ON e.transfer_id = t.id
        JOIN settlement_account a ON a.id = e.account_id
        WHERE NOT EXISTS (SELECT 1 FROM settlement_conversion c WHERE c.transfer_id = t.id)
        GROUP BY t.id, t.kind HAVING min(a.currency) <> max(a.currency)""",
    ),
)
_TOTALS = """
SELECT pot, currency, kind, sum(balance_minor) FROM settlement_account GROUP BY pot, currency, kind
ORDER BY pot, currency, kind
"""


@dataclass(frozen=True, slots=True)
class Total:
    """What all accounts of one kind hold together, in signed minor units."""

    pot: str
    currency: str
    kind: str
    balance_minor: int


@dataclass(frozen=True, slots=True)
class BooksReport:
    """The outcome of a proof: `faults` are sentences, none when the books verify."""

    transfers: int
    entries: int
    accounts: int
    totals: tuple[Total, ...]
    faults: tuple[str, ...]

    @property
    def verified(self) -> bool:
        """Whether the books verify."""
        return not self.faults


def verify_books() -> BooksReport:
    """Every transfer, balance, pending sum, sign and digest was recomputed from the entries. Read only."""
    return _report((*_OF_ACCOUNTS, *_OF_ENTRIES))


def glance_at_books() -> BooksReport:
    """The accounts agree among themselves and with what is pending; no entry was looked at. Read only, and quick."""
    return _report(_OF_ACCOUNTS)


def _report(checks: Sequence[tuple[str, str]]) -> BooksReport:
    faults = [words.format(*row) for words, sql in checks for row in _select(f"{sql} LIMIT {TOLD}")]
    counts = [_count(table) for table in ("settlement_transfer", "settlement_entry", "settlement_account")]
    totals = tuple(Total(row[0], row[1], row[2], int(row[3])) for row in _select(_TOTALS))
    return BooksReport(counts[0], counts[1], counts[2], totals, tuple(faults))


def _select(sql: str) -> list[tuple[str, str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - one of three constants
        return int(cursor.fetchone()[0])
