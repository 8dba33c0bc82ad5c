"""The digest of a transfer with its entries: the same bytes from Python and from SQL.

It names every column that says what happened, so that a row that was changed behind the triggers no longer fits.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# `t` is the row of the transfer; `legs` an expression for its entries, as `LEGS` writes them.
_HEAD = (
    "concat_ws('|', t.id::text, t.kind, coalesce(t.subject_id::text, ''), coalesce(t.pending_id::text, ''), t.memo,"
    " (extract(epoch from t.created_at) * 1000000)::bigint::text, {legs})"
)
LEGS = "string_agg(e.account_id::text || ':' || e.amount_minor::text, ',' ORDER BY e.account_id)"


def digest_sql(legs: str) -> str:
    """The digest as an SQL expression over a row `t`."""
    return f"sha256(convert_to({_HEAD.format(legs=legs)}, 'UTF8'))"


def digest_of(
    transfer_id: UUID,
    kind: str,
    subject_id: UUID | None,
    pending_id: UUID | None,
    memo: str,
    created_at: datetime,
    legs: Iterable[tuple[UUID, int]],
) -> bytes:
    """The digest of a transfer; `legs` are (account id, signed minor units)."""
    micros = (created_at - _EPOCH) // timedelta(microseconds=1)
    written = ",".join(f"{account_id}:{amount}" for account_id, amount in sorted(legs))
    head = [str(transfer_id), kind, str(subject_id or ""), str(pending_id or ""), memo, str(micros), written]
    return hashlib.sha256("|".join(head).encode()).digest()
