"""The statements behind `settlement.services.usage`: parts of many pending transfers, posted as one set."""

from settlement.services.ledger_digest import digest_sql

# One array for all ids: a parameter for each costs more to write than the row to read.
READ_HOLDS = """
SELECT id, subject_id, coalesce(pending_id::text, '') FROM settlement_hold WHERE id = ANY(%(holds)s::uuid[])
"""
# Reservations are locked in the order of their ids; told is which accounts they are between, which never changes.
LOCK_PENDING = """
WITH locked AS MATERIALIZED (
    SELECT debit_account_id, credit_account_id FROM settlement_pendingtransfer WHERE id = ANY(%(reserved)s::uuid[])
    ORDER BY id FOR NO KEY UPDATE
) SELECT DISTINCT unnest(ARRAY[debit_account_id, credit_account_id]) FROM locked
"""
LOCK_ACCOUNTS = """
SELECT 1 FROM settlement_account WHERE id = ANY(%(accounts)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""

# Two legs in the order of their accounts, as `ledger_digest.LEGS` writes them.
_TWO_LEGS = """CASE WHEN t.debit_id < t.credit_id
    THEN t.debit_id::text || ':-' || t.delta::text || ',' || t.credit_id::text || ':' || t.delta::text
    ELSE t.credit_id::text || ':' || t.delta::text || ',' || t.debit_id::text || ':-' || t.delta::text END"""

# Nothing here reads a table as a whole, whatever the planner thinks that thousands of single looks cost: the book
# grows, and the cost of a line must not. `OFFSET 0` and `LIMIT 1` keep a look a look.
#
# line:   what was told, each id once
# first:  beside what stands: the reservation, and a transfer of the same id
# judged: what of each line is new, lines of one reservation in the order told
# part:   the lines that are posted, with what the digest needs, under the name `t`
POST_PARTS = f"""
WITH line AS (
    SELECT * FROM unnest(%(number)s::bigint[], %(id)s::uuid[], %(pending)s::uuid[], %(sequence)s::bigint[],
                         %(cumulative)s::bigint[], %(quantity)s::bigint[])
             AS u(number, id, pending_id, sequence, cumulative, quantity)
), first AS (
    SELECT l.*, p.debit_account_id AS debit_id, p.credit_account_id AS credit_id, p.subject_id, p.posted_minor,
           least(l.cumulative, p.amount_minor) AS total,
           p.state = 'open' AND (p.expires_at IS NULL OR p.expires_at > %(now)s) AS is_open,
           'report ' || l.sequence || ': ' || l.quantity || ' s, ' || least(l.cumulative, p.amount_minor) || ' in all'
               AS memo,
           t.id IS NOT NULL AS stands, t.memo AS standing_memo
    FROM line l JOIN (
        SELECT * FROM settlement_pendingtransfer WHERE id = ANY(%(reserved)s::uuid[]) OFFSET 0
    ) p ON p.id = l.pending_id
    LEFT JOIN LATERAL (SELECT s.id, s.memo FROM settlement_transfer s WHERE s.id = l.id LIMIT 1) t ON true
), judged AS MATERIALIZED (
    SELECT f.*, greatest(f.posted_minor, coalesce(max(f.total) FILTER (WHERE NOT f.stands) OVER (
               PARTITION BY f.pending_id ORDER BY f.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
           ) AS before
    FROM first f
), part AS MATERIALIZED (
    SELECT j.*, j.total - j.before AS delta, %(kind)s::text AS kind, %(now)s::timestamptz AS created_at FROM judged j
    WHERE j.is_open AND NOT j.stands AND j.total > j.before
), leg AS (
    SELECT number, id, debit_id AS account_id, -delta AS amount FROM part
    UNION ALL SELECT number, id, credit_id, delta FROM part
), transfers AS (
    INSERT INTO settlement_transfer (id, created_at, kind, subject_id, pending_id, memo, digest)
    SELECT t.id, t.created_at, t.kind, t.subject_id, t.pending_id, t.memo, {digest_sql(_TWO_LEGS)}
    FROM part t
), entries AS (
    INSERT INTO settlement_entry (transfer_id, account_id, amount_minor, balance_after_minor, at)
    SELECT l.id, l.account_id, l.amount,
           a.balance_minor + (sum(l.amount) OVER (
               PARTITION BY l.account_id ORDER BY l.number ROWS UNBOUNDED PRECEDING))::bigint,
           greatest(a.entered_at, %(now)s)
    FROM leg l JOIN settlement_account a ON a.id = l.account_id ORDER BY l.account_id, l.number
), accounts AS (
    UPDATE settlement_account a SET
        debits_posted = a.debits_posted + s.debits, debits_pending = a.debits_pending - s.debits,
        credits_posted = a.credits_posted + s.credits, credits_pending = a.credits_pending - s.credits,
        entered_at = greatest(a.entered_at, %(now)s)
    FROM (
        SELECT account_id, -sum(least(amount, 0)) AS debits, sum(greatest(amount, 0)) AS credits
        FROM leg GROUP BY account_id
    ) s WHERE a.id = s.account_id
), reservations AS (
    UPDATE settlement_pendingtransfer p SET
        posted_minor = s.total, quantity = greatest(p.quantity, s.quantity)
    FROM (SELECT pending_id, max(total) AS total, max(quantity) AS quantity FROM part GROUP BY pending_id) s
    WHERE p.id = s.pending_id
)
SELECT number, CASE
    WHEN stands THEN CASE WHEN memo = standing_memo THEN 'replayed' ELSE 'conflict' END
    WHEN NOT is_open THEN 'closed'
    ELSE 'nothing_new' END
FROM judged WHERE stands OR NOT is_open OR total <= before ORDER BY number
"""  # noqa: S608 - only constants
