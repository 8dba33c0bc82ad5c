"""The proof of the whole book from its entries."""

from dataclasses import dataclass

from django.db import connection

_UNBALANCED = """
SELECT e.transfer_id, a.currency, sum(e.amount_minor) FROM settlement_entry e
JOIN settlement_account a ON a.id = e.account_id
GROUP BY e.transfer_id, a.currency HAVING sum(e.amount_minor) <> 0
"""
_WRONG_BALANCES = """
SELECT a.id, a.kind, a.balance_minor, coalesce(sum(e.amount_minor), 0) FROM settlement_account a
LEFT JOIN settlement_entry e ON e.account_id = a.id
GROUP BY a.id HAVING a.balance_minor <> coalesce(sum(e.amount_minor), 0)
"""
_WRONG_SIGNS = """
SELECT id, kind, balance_minor FROM settlement_account
WHERE (sign = 'credit' AND balance_minor < 0) OR (sign = 'debit' AND balance_minor > 0)
"""
_EMPTY_TRANSFERS = """
SELECT t.id, t.kind FROM settlement_transfer t
WHERE NOT EXISTS (SELECT 1 FROM settlement_entry e WHERE e.transfer_id = t.id)
"""
_MIXED_POTS = """
SELECT t.id, t.kind FROM settlement_transfer t JOIN settlement_entry e ON e.transfer_id = t.id
JOIN settlement_account a ON a.id = e.account_id GROUP BY t.id, t.kind HAVING count(DISTINCT a.pot) > 1
"""
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
    """Every transfer, balance and sign was recomputed from the entries. Read only."""
    faults = [
        *(f"transfer {row[0]} is off by {row[2]} {row[1]}" for row in _select(_UNBALANCED)),
        *(f"account {row[0]} ({row[1]}) says {row[2]}, its entries say {row[3]}" for row in _select(_WRONG_BALANCES)),
        *(f"account {row[0]} ({row[1]}) stands at {row[2]}, beyond zero" for row in _select(_WRONG_SIGNS)),
        *(f"transfer {row[0]} ({row[1]}) has no entries" for row in _select(_EMPTY_TRANSFERS)),
        *(f"transfer {row[0]} ({row[1]}) mixes pots" for row in _select(_MIXED_POTS)),
    ]
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
