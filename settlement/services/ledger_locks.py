"""What of the book the present transaction has locked, and that it locks nothing more afterwards (ADR 96).

Rows are locked in one order everywhere: the deed's own rows (hold, payout), pending transfers, accounts; each kind in
the order of its ids. A transaction that took accounts twice could hold one that somebody waits for who holds one that
it waits for. So it takes all of them at once, and here is noticed when it does not. The notes live as long as the locks
do: they hang on Django's list of what is done at the commit, which forgets with the transaction or the savepoint that
is rolled back.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction


class Level(StrEnum):
    """What is locked, in this order."""

    DEEDS = "holds and payouts"
    PENDING = "pending transfers"
    ACCOUNTS = "accounts"


class LockedOutOfOrder(RuntimeError):
    """A transaction that holds accounts needs a row that it did not lock with them: a fault of the program.

    Nothing was moved. Whoever begins the transaction has to name the row to `ledger.lock`.
    """

    def __init__(self, level: Level, ids: Collection[UUID | str]) -> None:
        super().__init__(f"{level} locked after the accounts: {', '.join(sorted(map(str, ids))[:5])}")


@dataclass(frozen=True, slots=True)
class _Note:
    """Rows that the transaction holds; says nothing at the commit."""

    level: Level
    ids: frozenset[UUID]
    block: str | None

    def __call__(self) -> None:
        return


def note(level: Level, ids: Collection[UUID]) -> None:
    """The transaction holds these rows. Raises LockedOutOfOrder when it holds accounts, and not these with them."""
    held = list(_notes())
    if any(each.level is Level.ACCOUNTS for each in held):
        fresh = set(ids).difference(*(each.ids for each in held if each.level is level))
        if fresh:
            raise LockedOutOfOrder(level, fresh)
        return
    transaction.on_commit(_Note(level, frozenset(ids), _block()))


def note_made(level: Level, ids: Collection[UUID]) -> None:
    """The transaction has made these rows itself: nobody else can hold them."""
    transaction.on_commit(_Note(level, frozenset(ids), _block()))


def require_none_held(level: Level, wanted: Collection[UUID | str]) -> None:
    """Nothing, for a transaction that holds no account yet. Raises LockedOutOfOrder."""
    if any(each.level is Level.ACCOUNTS for each in _notes()):
        raise LockedOutOfOrder(level, wanted)


def _notes() -> Iterator[_Note]:
    """What the present transaction has noted so far."""
    block = _block()
    for waiting in connection.run_on_commit:
        done = waiting[1]
        if isinstance(done, _Note) and done.block == block:
            yield done


def _block() -> str | None:
    """The savepoint of a transaction that runs inside one of Django's tests; None where it is a real one."""
    of_tests = sum(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
    savepoints = connection.savepoint_ids
    return savepoints[of_tests - 1] if 0 < of_tests <= len(savepoints) else None
