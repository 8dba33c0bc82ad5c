"""The ledger's rows as SQL takes and gives them: locked in one order, written with one statement a table."""

from collections.abc import Collection, Container, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from settlement.models import Account, PendingTransfer
from settlement.models.ledger import MAX_MINOR
from settlement.services import ledger_locks
from settlement.services.accounts import AccountKey
from settlement.services.ledger_lines import Lines, Place
from settlement.services.ledger_locks import Level
from settlement.services.ledger_ops import AmountOutOfRange, InsufficientFunds

_COLUMNS = """a.id, a.kind, a.pot, a.currency, a.party_id, a.shard, a.sign, a.debits_posted, a.credits_posted,
    a.debits_pending, a.credits_pending, a.entered_at"""
_PLACES = """unnest(%(kinds)s::text[], %(pots)s::text[], %(currencies)s::text[], %(parties)s::uuid[], %(shards)s::int[],
    %(needed)s::bool[]) k(kind, pot, currency, party_id, shard, needed)"""
_SAME = "b.kind = k.kind AND b.pot = k.pot AND b.currency = k.currency AND b.shard = k.shard"
# Accounts are always locked in the order of their ids, so that two batches never wait for each other in a circle. For
# the same reason none is locked while a needed one is missing: whoever held the others and then made and locked the
# missing one would hold them in another order than who came a moment later and found it there.
_LOCK_ACCOUNTS = f"""
SELECT {_COLUMNS} FROM settlement_account a WHERE (a.id = ANY(%(ids)s) OR a.id IN (
    SELECT b.id FROM {_PLACES} JOIN settlement_account b ON b.party_id = k.party_id AND {_SAME}
    UNION ALL
    SELECT b.id FROM {_PLACES} JOIN settlement_account b ON b.party_id IS NULL AND k.party_id IS NULL AND {_SAME}
)) AND NOT EXISTS (
    SELECT FROM {_PLACES} WHERE k.needed AND k.party_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM settlement_account b WHERE b.party_id = k.party_id AND {_SAME})
) AND NOT EXISTS (
    SELECT FROM {_PLACES} WHERE k.needed AND k.party_id IS NULL
        AND NOT EXISTS (SELECT FROM settlement_account b WHERE b.party_id IS NULL AND {_SAME})
) ORDER BY a.id FOR NO KEY UPDATE
"""  # noqa: S608 - only constants
_UPDATE_ACCOUNTS = """
UPDATE settlement_account a SET debits_posted = u.dp, credits_posted = u.cp, debits_pending = u.dw,
       credits_pending = u.cw, entered_at = u.at
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
     u(id, dp, cp, dw, cw, at) WHERE a.id = u.id
"""
_UPDATE_PENDING = """
UPDATE settlement_pendingtransfer p SET posted_minor = u.posted, quantity = u.quantity, state = u.state,
       expires_at = u.expires_at, closed_at = u.closed_at
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[])
     u(id, posted, quantity, state, expires_at, closed_at) WHERE p.id = u.id
"""


@dataclass(slots=True)
class AccountRow:
    """An account as it stands in a batch; changed in memory, written at its end."""

    id: UUID
    key: AccountKey
    shard: int
    sign: str
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    entered_at: datetime | None

    @property
    def balance(self) -> int:
        """What was posted, signed."""
        return self.credits_posted - self.debits_posted

    @property
    def room(self) -> int:
        """How much can still be taken from the account without it crossing its side of zero."""
        if self.sign == Account.Sign.CREDIT:
            return self.balance - self.debits_pending
        return self.debits_posted - self.credits_posted - self.credits_pending

    def check(self) -> None:
        """Nothing, when the account may stand like this. Raises InsufficientFunds, AmountOutOfRange."""
        counters = (self.debits_posted, self.credits_posted, self.debits_pending, self.credits_pending)
        if any(not 0 <= counter < MAX_MINOR for counter in counters):
            raise AmountOutOfRange
        if self.sign != Account.Sign.ANY and self.room < 0:
            raise InsufficientFunds(account_kind=self.key.kind)


def lock_accounts(
    places: Iterable[Place], ids: Iterable[UUID] = (), *, unless_missing: Container[Place] = ()
) -> list[AccountRow]:
    """The accounts that exist, locked until the transaction ends; none while one of `unless_missing` does not.

    Raises LockedOutOfOrder when the transaction holds others already.
    """
    wanted = list(places)
    given: dict[str, Any] = {
        "ids": list(ids),
        "kinds": [key.kind for key, _ in wanted],
        "pots": [key.pot for key, _ in wanted],
        "currencies": [key.currency for key, _ in wanted],
        "parties": [key.party_id for key, _ in wanted],
        "shards": [shard for _, shard in wanted],
        "needed": [place in unless_missing for place in wanted],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ACCOUNTS, given)
        rows = [AccountRow(row[0], AccountKey(row[1], row[2], row[3], row[4]), *row[5:]) for row in cursor.fetchall()]
    if rows:
        ledger_locks.note(Level.ACCOUNTS, {row.id for row in rows})
    return rows


def lock_needed_accounts(needed: Set[Place], places: Collection[Place], ids: Collection[UUID] = ()) -> list[AccountRow]:
    """As `lock_accounts`, with every needed one of the places made first, while nothing is locked."""
    rows = lock_accounts(places, ids, unless_missing=needed)
    if missing := needed - {(row.key, row.shard) for row in rows}:
        ledger_locks.require_none_held(Level.ACCOUNTS, [f"{key.kind} of {key.party_id}" for key, _ in missing])
        make_accounts(needed)
        rows = lock_accounts(places, ids)
    return rows


def make_accounts(places: Iterable[Place]) -> None:
    """The accounts exist; one that somebody else is just making is waited for."""
    rows = [
        Account(kind=key.kind, pot=key.pot, currency=key.currency, party_id=key.party_id, shard=shard, sign=key.sign)
        for key, shard in sorted(places, key=str)
    ]
    Account.objects.bulk_create(rows, ignore_conflicts=True)


def update_accounts(rows: Iterable[AccountRow]) -> None:
    """The accounts stand in the database as they stand here."""
    changed = list(rows)
    _run(
        _UPDATE_ACCOUNTS,
        [row.id for row in changed],
        [row.debits_posted for row in changed],
        [row.credits_posted for row in changed],
        [row.debits_pending for row in changed],
        [row.credits_pending for row in changed],
        [row.entered_at for row in changed],
    )


def lock_pending(ids: Iterable[UUID]) -> dict[UUID, PendingTransfer]:
    """The pending transfers that exist, locked until the transaction ends; always before any account.

    Raises LockedOutOfOrder when the transaction holds accounts already, and not these.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = PendingTransfer.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    found = {row.pk: row for row in rows}
    if found:
        ledger_locks.note(Level.PENDING, found.keys())
    return found


def update_pending(rows: Iterable[PendingTransfer]) -> None:
    """The pending transfers stand in the database as they stand here."""
    changed = list(rows)
    _run(
        _UPDATE_PENDING,
        [row.pk for row in changed],
        [row.posted_minor for row in changed],
        [row.quantity for row in changed],
        [str(row.state) for row in changed],
        [row.expires_at for row in changed],
        [row.closed_at for row in changed],
    )


def _run(sql: str, *columns: Sequence[Any]) -> None:
    if columns[0]:
        with connection.cursor() as cursor:
            cursor.execute(sql, list[Any](columns))


def entries_of(ids: Iterable[UUID]) -> dict[UUID, tuple[str, Lines]]:
    """Kind and lines of the transfers that stand, by id."""
    wanted = sorted(set(ids))
    found: dict[UUID, tuple[str, dict[AccountKey, int]]] = {}
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [wanted])
        for pk, kind, account_kind, pot, currency, party_id, amount in cursor.fetchall():
            lines = found.setdefault(pk, (kind, {}))[1]
            if account_kind is not None:
                key = AccountKey(account_kind, pot, currency, party_id)
                lines[key] = lines.get(key, 0) + int(amount)
    return dict(found)


_STANDING = """
SELECT t.id, t.kind, a.kind, a.pot, a.currency, a.party_id, e.amount_minor FROM settlement_transfer t
LEFT JOIN settlement_entry e ON e.transfer_id = t.id LEFT JOIN settlement_account a ON a.id = e.account_id
WHERE t.id = ANY(%s)
"""
