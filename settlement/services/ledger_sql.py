"""The statements behind `settlement.services.ledger_rows`, and columns as PostgreSQL reads them.

Each is as plain as can be: they are planned anew at each transfer, and of a single one the planning costs more than
the rows. Tables that are joined cost most, so what can be named is named.
"""

from collections.abc import Iterable

# More than those that are wanted, with no lock: an account is itself for ever, so who looks may sort it out.
FIND_ACCOUNTS = """
SELECT id, kind, pot, currency, party_id, shard FROM settlement_account
WHERE kind = ANY(%(kinds)s::text[]) AND party_id = ANY(%(parties)s::uuid[])
UNION ALL
SELECT id, kind, pot, currency, party_id, shard FROM settlement_account
WHERE kind = ANY(%(kinds)s::text[]) AND party_id IS NULL
"""
# All of them or none: they are locked in the order of their ids, and one that is missing would be locked after others.
_LOCK = """
SELECT a.id, a.kind, a.pot, a.currency, a.party_id, a.shard, a.sign, a.debits_posted, a.credits_posted,
       a.debits_pending, a.credits_pending, a.entered_at
FROM settlement_account a WHERE a.id = ANY(%(ids)s::uuid[])
AND (SELECT count(*) FROM settlement_account b WHERE b.id = ANY(%(ids)s::uuid[])) = %(count)s
ORDER BY a.id FOR NO KEY UPDATE
"""
# Two statements in one trip. The second must not be part of the first: it looks only once the locks are there, and so
# sees what they were waited for.
LOCK_ACCOUNTS = f"""{_LOCK};
SELECT id FROM settlement_transfer WHERE id = ANY(%(causes)s::uuid[])
"""  # noqa: S608 - only constants
STANDING = """
SELECT t.id, t.kind, a.kind, a.pot, a.currency, a.party_id, e.amount_minor FROM settlement_transfer t
LEFT JOIN settlement_entry e ON e.transfer_id = t.id LEFT JOIN settlement_account a ON a.id = e.account_id
WHERE t.id = ANY(%(causes)s::uuid[])
"""
UPDATE_ACCOUNTS = """
UPDATE settlement_account a SET debits_posted = u.dp, credits_posted = u.cp, debits_pending = u.dw,
       credits_pending = u.cw, entered_at = u.at
FROM unnest(%(account)s::uuid[], %(dp)s::bigint[], %(cp)s::bigint[], %(dw)s::bigint[], %(cw)s::bigint[],
            %(entered)s::timestamptz[]) u(id, dp, cp, dw, cw, at) WHERE a.id = u.id
"""
POST = f"""
WITH transfers AS (
    INSERT INTO settlement_transfer (id, kind, subject_id, pending_id, memo, created_at, digest)
    SELECT u.id, u.kind, u.subject, u.pending, u.memo, u.at, decode(u.digest, 'hex')
    FROM unnest(%(id)s::uuid[], %(kind)s::text[], %(subject)s::uuid[], %(pending)s::uuid[], %(memo)s::text[],
                %(created)s::timestamptz[], %(digest)s::text[]) u(id, kind, subject, pending, memo, at, digest)
), entries AS (
    INSERT INTO settlement_entry (transfer_id, account_id, amount_minor, balance_after_minor, at)
    SELECT * FROM unnest(%(of)s::uuid[], %(leg)s::uuid[], %(amount)s::bigint[], %(after)s::bigint[],
                         %(at)s::timestamptz[])
)
{UPDATE_ACCOUNTS}"""  # noqa: S608 - only constants
UPDATE_PENDING = """
UPDATE settlement_pendingtransfer p SET posted_minor = u.posted, quantity = u.quantity, state = u.state,
       expires_at = u.expires_at, closed_at = u.closed_at
FROM unnest(%(id)s::uuid[], %(posted)s::bigint[], %(quantity)s::bigint[], %(state)s::text[],
            %(expires)s::timestamptz[], %(closed)s::timestamptz[])
     u(id, posted, quantity, state, expires_at, closed_at) WHERE p.id = u.id
"""


def array(values: Iterable[object]) -> str:
    """An array literal of ids, numbers and times: one parameter for a whole column, far quicker than a list."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def text_array(values: Iterable[str]) -> str:
    """An array literal of any words."""
    return array('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
