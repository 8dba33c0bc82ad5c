"""A batch of deeds on the book: locked together, judged one after the other in memory, written together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from compliance.base import clock
from compliance.base.errors import Refusal
from settlement.models import PendingTransfer
from settlement.services import ledger_locks, ledger_rows
from settlement.services.accounts import AccountKey
from settlement.services.ledger_digest import digest_of
from settlement.services.ledger_lines import (
    Lines,
    Place,
    against_the_grain,
    check_part,
    check_pend,
    merged,
    place_of,
    shards_to_take_from,
)
from settlement.services.ledger_ops import (
    Close,
    InsufficientFunds,
    Op,
    Pend,
    PendingExceeded,
    PendingNotFound,
    PendingNotOpen,
    Post,
    PostPart,
    Resume,
    TransferConflict,
)
from settlement.services.ledger_rows import AccountRow, EntryRow, TransferRow

State = PendingTransfer.State
MEMO = 200


@dataclass(slots=True)
class _Move:
    """What one deed does to one account."""

    account: AccountRow
    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0

    def apply(self, sign: int = 1) -> None:
        """The account is moved, or moved back."""
        self.account.debits_posted += sign * self.debits_posted
        self.account.credits_posted += sign * self.credits_posted
        self.account.debits_pending += sign * self.debits_pending
        self.account.credits_pending += sign * self.credits_pending


@dataclass
class Batch:
    """The deeds of one batch with the rows they touch. `run` once, inside a transaction."""

    ops: Sequence[Op]
    accounts: dict[Place, AccountRow] = field(default_factory=dict)
    by_id: dict[UUID, AccountRow] = field(default_factory=dict)
    pending: dict[UUID, PendingTransfer] = field(default_factory=dict)
    standing: dict[UUID, tuple[str, Lines]] = field(default_factory=dict)
    transfers: list[TransferRow] = field(default_factory=list)
    entries: list[EntryRow] = field(default_factory=list)
    made: dict[UUID, PendingTransfer] = field(default_factory=dict)
    moved: dict[UUID, AccountRow] = field(default_factory=dict)
    changed: dict[UUID, PendingTransfer] = field(default_factory=dict)

    def run(self, *, linked: bool) -> list[Refusal | None]:
        """Each deed is done or refused with its reason. Linked, the first refusal is raised and nothing is done."""
        merged_ops, outcomes = self._read()
        self._lock(merged_ops)
        for number, op in enumerate(self.ops):
            if outcomes[number] is None:
                try:
                    self._do(op, merged_ops.get(number))
                except Refusal as refusal:
                    outcomes[number] = refusal
            if linked and (refused := outcomes[number]) is not None:
                raise refused
        self._write()
        return outcomes

    # -- before anything is judged -------------------------------------------------------------------------

    def _read(self) -> tuple[dict[int, Lines], list[Refusal | None]]:
        """The lines of each posting, or why they cannot be read."""
        lines: dict[int, Lines] = {}
        outcomes: list[Refusal | None] = [None] * len(self.ops)
        for number, op in enumerate(self.ops):
            try:
                if isinstance(op, Post):
                    lines[number] = merged(op.lines, may_convert=op.is_conversion)
                elif isinstance(op, Pend):
                    check_pend(op)
                elif isinstance(op, PostPart):
                    check_part(op)
            except Refusal as refusal:
                outcomes[number] = refusal
        return lines, outcomes

    def _lock(self, lines: dict[int, Lines]) -> None:
        """Pending transfers first, accounts then: whoever does the same at this moment waits here."""
        self.pending = ledger_rows.lock_pending(
            op.id if isinstance(op, Pend) else op.pending_id for op in self.ops if not isinstance(op, Post)
        )
        needed = self._places(lines)
        ids = {pk for row in self.pending.values() for pk in (row.debit_account_id, row.credit_account_id)}
        causes = {op.id for op in self.ops if isinstance(op, Post | PostPart)}
        places = {*needed, *shards_to_take_from(lines.values())}
        rows, standing = ledger_rows.lock_needed_accounts(needed, places, ids, causes)
        self.accounts = {(row.key, row.shard): row for row in rows}
        self.by_id = {row.id: row for row in rows}
        self.standing = ledger_rows.entries_of(standing)

    def _places(self, lines: dict[int, Lines]) -> set[Place]:
        found: set[Place] = set()
        for number, op in enumerate(self.ops):
            if isinstance(op, Post):
                found |= {place_of(key, op.id) for key in lines.get(number, {})}
            elif isinstance(op, Pend) and op.id not in self.pending:
                found |= {place_of(key, op.id) for key in (op.debit, op.credit)}
        return found

    # -- one deed after the other --------------------------------------------------------------------------

    def _do(self, op: Op, lines: Lines | None) -> None:
        if isinstance(op, Post):
            self._post(op, lines or {})
        elif isinstance(op, Pend):
            self._pend(op)
        elif isinstance(op, PostPart):
            self._post_part(op)
        elif isinstance(op, Close):
            self._close(op)
        else:
            self._resume(op)

    def _post(self, op: Post, lines: Lines) -> None:
        if self._stands(op.id, op.kind, lines):
            return
        legs = [leg for key, amount in lines.items() for leg in self._legs(key, amount, op.id)]
        self._move([_posted(account, amount) for account, amount in legs])
        self._enter(op.id, op.kind, op.subject_id, None, op.memo, legs)
        self.standing[op.id] = (op.kind, lines)

    def _legs(self, key: AccountKey, amount: int, transfer_id: UUID) -> list[tuple[AccountRow, int]]:
        """On which rows of the account the line falls: its shard's, or those that together have enough."""
        own = self.accounts[place_of(key, transfer_id)]
        if not against_the_grain(key, amount) or own.room >= abs(amount):
            return [(own, amount)]
        left, sign, legs = abs(amount), 1 if amount > 0 else -1, []
        others = [row for (other, _), row in self.accounts.items() if other == key and row is not own]
        for row in [own, *sorted(others, key=lambda row: row.shard)]:
            part = min(left, max(0, row.room))
            if part:
                legs.append((row, sign * part))
                left -= part
        if left:
            raise InsufficientFunds(account_kind=key.kind)
        return legs

    def _stands(self, transfer_id: UUID, kind: str, lines: Lines) -> bool:
        found = self.standing.get(transfer_id)
        if found is not None and found != (kind, lines):
            raise TransferConflict
        return found is not None

    def _pend(self, op: Pend) -> None:
        present = self.pending.get(op.id)
        if present is not None:
            debit, credit = self.by_id[present.debit_account_id].key, self.by_id[present.credit_account_id].key
            same = (present.kind, debit, credit, present.amount_minor) == (
                op.kind,
                op.debit,
                op.credit,
                op.amount_minor,
            )
            if not same:
                raise TransferConflict
            return
        debit_row = self.accounts[place_of(op.debit, op.id)]
        credit_row = self.accounts[place_of(op.credit, op.id)]
        self._move(_reserved(debit_row, credit_row, op.amount_minor))
        row = PendingTransfer(
            pk=op.id,
            kind=op.kind,
            subject_id=op.subject_id,
            debit_account_id=debit_row.id,
            credit_account_id=credit_row.id,
            amount_minor=op.amount_minor,
            expires_at=op.expires_at,
        )
        self.pending[op.id] = self.made[op.id] = row

    def _post_part(self, op: PostPart) -> None:
        row = self._known(op.pending_id)
        debit, credit = self.by_id[row.debit_account_id], self.by_id[row.credit_account_id]
        kind = op.kind or row.kind
        if op.amount_minor and self._stands(op.id, kind, _between(debit, credit, op.amount_minor)):
            return
        if op.close and not op.amount_minor and row.state not in (State.OPEN, State.SUSPENDED):
            return
        if not row.is_live(clock.now()):
            raise PendingNotOpen
        left = row.amount_minor - row.posted_minor
        if op.amount_minor > left:
            raise PendingExceeded
        moves = _reserved(debit, credit, -(left if op.close else op.amount_minor))
        moves[0].debits_posted, moves[1].credits_posted = op.amount_minor, op.amount_minor
        self._move(moves)
        row.posted_minor += op.amount_minor
        row.quantity = max(row.quantity, op.quantity)
        if op.close:
            row.state, row.closed_at = State.POSTED, clock.now()
        self.changed[row.pk] = row
        if op.amount_minor:
            legs = [(debit, -op.amount_minor), (credit, op.amount_minor)]
            self._enter(op.id, kind, row.subject_id, row.pk, op.memo, legs)
            self.standing[op.id] = (kind, _between(debit, credit, op.amount_minor))

    def _close(self, op: Close) -> None:
        row = self._known(op.pending_id)
        if row.state == State.SUSPENDED and op.state != State.SUSPENDED:
            row.state, row.closed_at = op.state, clock.now()
            self.changed[row.pk] = row
        if row.state != State.OPEN:
            return
        debit, credit = self.by_id[row.debit_account_id], self.by_id[row.credit_account_id]
        self._move(_reserved(debit, credit, row.posted_minor - row.amount_minor))
        row.state, row.closed_at = op.state, clock.now()
        self.changed[row.pk] = row

    def _resume(self, op: Resume) -> None:
        row = self._known(op.pending_id)
        if row.state == State.OPEN:
            return
        if row.state != State.SUSPENDED:
            raise PendingNotOpen
        debit, credit = self.by_id[row.debit_account_id], self.by_id[row.credit_account_id]
        self._move(_reserved(debit, credit, row.amount_minor - row.posted_minor))
        row.state, row.closed_at = State.OPEN, None
        row.expires_at = op.expires_at or row.expires_at
        self.changed[row.pk] = row

    def _known(self, pending_id: UUID) -> PendingTransfer:
        row = self.pending.get(pending_id)
        if row is None:
            raise PendingNotFound
        return row

    def _move(self, moves: list[_Move]) -> None:
        """All accounts are moved, or none. Raises InsufficientFunds, AmountOutOfRange."""
        for move in moves:
            move.apply()
        try:
            for move in moves:
                move.account.check()
        except Refusal:
            for move in moves:
                move.apply(-1)
            raise
        self.moved.update({move.account.id: move.account for move in moves})

    def _enter(
        self,
        transfer_id: UUID,
        kind: str,
        subject_id: UUID | None,
        pending_id: UUID | None,
        memo: str,
        legs: list[tuple[AccountRow, int]],
    ) -> None:
        now, memo = clock.now(), memo[:MEMO]
        digest = digest_of(
            transfer_id, kind, subject_id, pending_id, memo, now, legs=[(row.id, amount) for row, amount in legs]
        )
        written = TransferRow(transfer_id, kind, subject_id, pending_id, memo, now, digest)
        self.transfers.append(written)
        for row, amount in legs:
            row.entered_at = max(now, row.entered_at or now)
            self.entries.append(EntryRow(transfer_id, row.id, amount, row.balance, row.entered_at))

    # -- and then all at once ------------------------------------------------------------------------------

    def _write(self) -> None:
        if self.made:
            PendingTransfer.objects.bulk_create(self.made.values())
            ledger_locks.note_made(ledger_locks.Level.PENDING, self.made)
        ledger_rows.update_pending(row for pk, row in self.changed.items() if pk not in self.made)
        ledger_rows.write(self.transfers, self.entries, self.moved.values())


def _posted(account: AccountRow, amount: int) -> _Move:
    return _Move(account, debits_posted=max(0, -amount), credits_posted=max(0, amount))


def _reserved(debit: AccountRow, credit: AccountRow, amount: int) -> list[_Move]:
    return [_Move(debit, debits_pending=amount), _Move(credit, credits_pending=amount)]


def _between(debit: AccountRow, credit: AccountRow, amount: int) -> Lines:
    return {debit.key: -amount, credit.key: amount}
