"""The ledger's rows as SQL takes and gives them: locked in one order, written with one statement."""

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from django.db import connection

from settlement.models import Account, PendingTransfer, Transfer
from settlement.models.ledger import MAX_MINOR
from settlement.services import ledger_locks
from settlement.services.accounts import AccountKey
from settlement.services.ledger_lines import Lines, Place
from settlement.services.ledger_locks import Level
from settlement.services.ledger_ops import AmountOutOfRange, InsufficientFunds
from settlement.services.ledger_sql import (
    FIND_ACCOUNTS,
    LOCK_ACCOUNTS,
    POST,
    STANDING,
    UPDATE_ACCOUNTS,
    UPDATE_PENDING,
    array,
    text_array,
)

Found = dict[UUID, tuple[str, Lines]]
# Which row an account is never changes, so it is remembered where it was found. Only a hint: it is read from the row
# itself what it is, and one whose maker thought better of it is looked for anew.
_HINTS: dict[Place, UUID] = {}
_MOST_HINTS = 10_000


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


@dataclass(slots=True)
class TransferRow:
    """A transfer that is about to be written."""

    id: UUID
    kind: str
    subject_id: UUID | None
    pending_id: UUID | None
    memo: str
    created_at: datetime
    digest: bytes

    def as_model(self) -> Transfer:
        """The transfer as it is read once it is written."""
        found = Transfer(**{field.name: getattr(self, field.name) for field in fields(self)})
        found._state.adding, found._state.db = False, connection.alias
        return found


@dataclass(slots=True)
class EntryRow:
    """One leg of a transfer that is about to be written."""

    transfer_id: UUID
    account_id: UUID
    amount_minor: int
    balance_after_minor: int
    at: datetime


def lock_needed_accounts(
    needed: Set[Place], places: Collection[Place], ids: Collection[UUID] = (), causes: Collection[UUID] = ()
) -> tuple[list[AccountRow], set[UUID]]:
    """Those of the accounts that exist, locked until the transaction ends; the needed ones of `places` made before.

    With them which of the transfers `causes` stand, now that the accounts are locked. None is locked while a needed one
    is missing: whoever held the others and then made and locked the missing one would hold them in another order than
    who came a moment later and found it there. Raises LockedOutOfOrder when the transaction holds others already.
    """
    found = _hinted(places)
    locked = _lock({*found.values(), *ids}, causes) if len(found) == len(places) else None
    if locked is None:
        found = _find(places)
        if missing := needed - found.keys():
            ledger_locks.require_none_held(Level.ACCOUNTS, [f"{key.kind} of {key.party_id}" for key, _ in missing])
            make_accounts(needed)
            found = _find(places)
        locked = _lock({*found.values(), *ids}, causes)
    if locked is None:
        raise RuntimeError("Accounts vanished that can not be deleted. Nothing was locked.")
    rows, standing = locked
    if rows:
        ledger_locks.note(Level.ACCOUNTS, {row.id for row in rows})
    return rows, standing


def _hinted(places: Collection[Place]) -> dict[Place, UUID]:
    return {place: pk for place in places if (pk := _HINTS.get(place)) is not None}


def _find(places: Collection[Place]) -> dict[Place, UUID]:
    """Those of the places that exist, looked up and remembered."""
    given = {
        "kinds": array({key.kind for key, _ in places}),
        "parties": array({key.party_id for key, _ in places if key.party_id is not None}),
    }
    with connection.cursor() as cursor:
        cursor.execute(FIND_ACCOUNTS, given)
        standing = {(AccountKey(*row[1:5]), row[5]): row[0] for row in cursor.fetchall()}
    found = {place: standing[place] for place in places if place in standing}
    for place in places:
        _HINTS.pop(place, None)
    if len(_HINTS) + len(found) > _MOST_HINTS:
        _HINTS.clear()
    _HINTS.update(found)
    return found


def _lock(ids: Collection[UUID], causes: Collection[UUID]) -> tuple[list[AccountRow], set[UUID]] | None:
    """The accounts, locked, and which of the transfers stand; None, and no lock, when an account does not exist."""
    given: dict[str, str | int] = {"ids": array(ids), "count": len(ids), "causes": array(causes)}
    with connection.cursor() as cursor:
        cursor.execute(LOCK_ACCOUNTS, given)
        rows = [AccountRow(row[0], AccountKey(*row[1:5]), *row[5:]) for row in cursor.fetchall()]
        cursor.nextset()
        standing = {row[0] for row in cursor.fetchall()}
    return (rows, standing) if len(rows) == len(ids) else None


def make_accounts(places: Iterable[Place]) -> None:
    """The accounts exist; one that somebody else is just making is waited for."""
    rows = [
        Account(kind=key.kind, pot=key.pot, currency=key.currency, party_id=key.party_id, shard=shard, sign=key.sign)
        for key, shard in sorted(places, key=str)
    ]
    Account.objects.bulk_create(rows, ignore_conflicts=True)


def write(transfers: Sequence[TransferRow], entries: Sequence[EntryRow], rows: Collection[AccountRow]) -> None:
    """The transfers stand with their entries, and the accounts as they stand here: one statement."""
    if not rows:
        return
    given = {
        "account": array(row.id for row in rows),
        "dp": array(row.debits_posted for row in rows),
        "cp": array(row.credits_posted for row in rows),
        "dw": array(row.debits_pending for row in rows),
        "cw": array(row.credits_pending for row in rows),
        "entered": array(row.entered_at for row in rows),
    }
    if transfers:
        given |= _columns(transfers, entries)
    _run(POST if transfers else UPDATE_ACCOUNTS, given)


def _columns(transfers: Sequence[TransferRow], entries: Sequence[EntryRow]) -> dict[str, str]:
    return {
        "id": array(each.id for each in transfers),
        "kind": text_array(each.kind for each in transfers),
        "subject": array(each.subject_id for each in transfers),
        "pending": array(each.pending_id for each in transfers),
        "memo": text_array(each.memo for each in transfers),
        "created": array(each.created_at for each in transfers),
        "digest": array(each.digest.hex() for each in transfers),
        "of": array(each.transfer_id for each in entries),
        "leg": array(each.account_id for each in entries),
        "amount": array(each.amount_minor for each in entries),
        "after": array(each.balance_after_minor for each in entries),
        "at": array(each.at for each in entries),
    }


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
    if changed:
        given = {
            "id": array(row.pk for row in changed),
            "posted": array(row.posted_minor for row in changed),
            "quantity": array(row.quantity for row in changed),
            "state": array(str(row.state) for row in changed),
            "expires": array(row.expires_at for row in changed),
            "closed": array(row.closed_at for row in changed),
        }
        _run(UPDATE_PENDING, given)


def _run(sql: str, given: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)


def entries_of(causes: Collection[UUID]) -> Found:
    """Kind and lines of the transfers that stand, by id."""
    found: dict[UUID, tuple[str, dict[AccountKey, int]]] = {}
    if not causes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"causes": array(causes)})
        for pk, kind, account_kind, pot, currency, party_id, amount in cursor.fetchall():
            lines = found.setdefault(pk, (kind, {}))[1]
            if account_kind is not None:
                key = AccountKey(account_kind, pot, currency, party_id)
                lines[key] = lines.get(key, 0) + int(amount)
    return dict(found)
