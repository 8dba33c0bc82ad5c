"""Usage lines: what leases have earned by now, posted thousands at a time with a fixed number of statements.

A line is the cumulative charge of one lease as one usage report proves it. Its id is made of lease and report, its
effect a part of what the hold reserved: `held` (or `uncollected`) to `accrued`, balanced, with the report named in
the transfer. The platform's own accounts are not touched before the settlement (ADR 0020).

The id is 80 bits of a hash of the lease and the sequence in 48: lines of one lease lie side by side in every index, and
the cost of a line does not grow with the book.

| the line | what happens |
|---|---|
| its id was posted before, the same | nothing: `replayed` |
| its id was posted before with another total | refused: `conflict` |
| its total is not above what was posted (late, overlapping) | nothing: `nothing_new` |
| its total is above the hold | cut to the hold; what is beyond is nobody's debt |
| the hold is frozen, settled, or not open yet | refused: `closed`; told again when it is open, it is posted |
| no such hold | refused: `unknown` |
| negative, no whole number, out of range | refused: `invalid` |
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from compliance.base import clock
from compliance.base.errors import InvalidInput
from settlement.models.ledger import MAX_MINOR
from settlement.services import ledger_locks
from settlement.services.hold_money import USAGE
from settlement.services.ledger_locks import Level
from settlement.services.ledger_sql import array
from settlement.services.usage_sql import LOCK_ACCOUNTS, LOCK_PENDING, POST_PARTS, READ_HOLDS

# Lines of one transaction: enough to make the fixed costs vanish, few enough to hold nobody up for long.
BATCH = 10_000
MAX_SEQUENCE = 2**48 - 1
INVALID, UNKNOWN, CLOSED, CONFLICT = "invalid", "unknown", "closed", "conflict"
REPLAYED, NOTHING_NEW = "replayed", "nothing_new"


class UsageInvalid(InvalidInput):
    """A usage line is no cumulative total of whole minor units and seconds."""

    code = "usage_invalid"
    default_message = "A usage line has a total, seconds and a sequence that are whole and not negative. Nothing moved."


@dataclass(frozen=True, slots=True)
class UsageLine:
    """What a lease has cost in all according to usage report `sequence`, in minor units of the hold's currency."""

    hold_id: UUID
    subject_id: UUID
    sequence: int
    cumulative_minor: int
    billed_seconds: int


@dataclass(frozen=True, slots=True)
class LineNotPosted:
    """Why the line with this place in the batch moved nothing."""

    number: int
    code: str


class _Reserved(NamedTuple):
    """What a hold has reserved: the ids as they are looked for and written, made once for all lines of the hold."""

    subject: int
    pending: str
    prefix: str


# A line that may be posted, with its number in the batch, its id, and its reservation.
_Good = tuple[int, str, str, UsageLine]


def usage_id(subject_id: UUID, sequence: int) -> UUID:
    """The id of the usage line of this lease and report: the hash of the lease, and the sequence."""
    return UUID(f"{_prefix(subject_id)}{sequence:012x}")


def _prefix(subject_id: UUID) -> str:
    return hashlib.sha256(subject_id.bytes).hexdigest()[:20]


def post_usage(lines: Sequence[UsageLine]) -> list[LineNotPosted]:
    """Each line is posted, or told in the answer with its place and reason. Told twice, it happens once.

    In transactions of BATCH lines: what dies half-way is told again whole. Locks reservations, then accounts, each in
    the order of their ids, and no hold: a freeze or settlement at the same moment comes before or after a batch.
    """
    found: list[LineNotPosted] = []
    numbered = enumerate(lines)
    while batch := list(islice(numbered, BATCH)):
        found += _post_batch(batch)
    return found


def _post_batch(batch: Sequence[tuple[int, UsageLine]]) -> list[LineNotPosted]:
    reserved = _reserved({line.hold_id.int: line.hold_id for _, line in batch}.values())
    refused: list[LineNotPosted] = []
    good: list[_Good] = []
    first: dict[str, UsageLine] = {}
    for number, line in batch:
        hold = reserved.get(line.hold_id.int)
        code = _fault(line, hold)
        if hold is not None and not code:
            line_id = f"{hold.prefix}{line.sequence:012x}"
            told = first.setdefault(line_id, line)
            if told is line:
                good.append((number, line_id, hold.pending, line))
                continue
            code = REPLAYED if told == line else CONFLICT
        refused.append(LineNotPosted(number, code))
    if good:
        refused += _post_good(good)
    return sorted(refused, key=lambda each: each.number)


def _reserved(hold_ids: Collection[UUID]) -> dict[int, _Reserved]:
    """By the number of the hold: a number is looked up in a fraction of the time that an id takes."""
    with connection.cursor() as cursor:
        cursor.execute(READ_HOLDS, {"holds": array(hold_ids)})
        return {pk.int: _Reserved(subject.int, pending, _prefix(subject)) for pk, subject, pending in cursor.fetchall()}


def _fault(line: UsageLine, hold: _Reserved | None) -> str:
    whole = type(line.cumulative_minor) is type(line.billed_seconds) is type(line.sequence) is int
    if not whole or not (
        0 <= line.cumulative_minor < MAX_MINOR
        and 0 <= line.billed_seconds < MAX_MINOR
        and 0 < line.sequence <= MAX_SEQUENCE
    ):
        return INVALID
    if hold is None or hold.subject != line.subject_id.int:
        return UNKNOWN
    return "" if hold.pending else CLOSED


def _post_good(good: Sequence[_Good]) -> list[LineNotPosted]:
    given: dict[str, Any] = {
        "reserved": array({pending for _, _, pending, _ in good}),
        "number": array([number for number, _, _, _ in good]),
        "id": array([line_id for _, line_id, _, _ in good]),
        "pending": array([pending for _, _, pending, _ in good]),
        "sequence": array([line.sequence for _, _, _, line in good]),
        "cumulative": array([line.cumulative_minor for _, _, _, line in good]),
        "quantity": array([line.billed_seconds for _, _, _, line in good]),
        "kind": USAGE,
        "now": clock.now(),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        ledger_locks.require_none_held(Level.ACCOUNTS, [USAGE])
        cursor.execute(LOCK_PENDING, given)
        accounts = {row[0] for row in cursor.fetchall()}
        cursor.execute(LOCK_ACCOUNTS, {"accounts": array(accounts)})
        ledger_locks.note(Level.ACCOUNTS, accounts)
        cursor.execute(POST_PARTS, given)
        return [LineNotPosted(*row) for row in cursor.fetchall()]
