"""What PostgreSQL itself holds of the ledger, whoever writes: the bodies of its triggers."""

# Whether this transaction made the transfer: a row that we see and whose maker is still at work is our own, made in a
# savepoint or not. The maker's number has lost its upper half, ours has it; one from before ours is somebody else's.
_OUR_NUMBER = "(SELECT pg_current_xact_id()::text::bigint AS ours) u"
_MADE_BY_US = """CASE WHEN ((t.xmin::text::bigint - u.ours) & 4294967295) < 2147483648
    THEN pg_xact_status((u.ours + ((t.xmin::text::bigint - u.ours) & 4294967295))::text::xid8) = 'in progress'
    ELSE false END"""
# Almost always one number made all transfers of a statement: it is judged once, and the others compared with it.
_FIRST = f"""SELECT t.xmin FROM settlement_transfer t CROSS JOIN {_OUR_NUMBER}
    WHERE t.id = (SELECT transfer_id FROM fresh LIMIT 1) AND {_MADE_BY_US}"""  # noqa: S608 - only constants

# One look at all new entries of a statement; only what is not plainly right is looked at again, at the commit. Each
# transfer is looked up by itself (`LIMIT 1`): a plan that reads the whole table would cost more as the book grows.
ENTRIES_BALANCE = f"""
INSERT INTO settlement_doubtfultransfer (transfer_id)
SELECT g.transfer_id FROM (
    SELECT e.transfer_id, sum(e.amount_minor) AS total, bool_or(a.id IS NULL) AS orphan,
           min(a.currency) <> max(a.currency) OR min(a.pot) <> max(a.pot) AS mixed
    FROM fresh e LEFT JOIN settlement_account a ON a.id = e.account_id GROUP BY e.transfer_id
) g LEFT JOIN LATERAL (SELECT s.id, s.xmin FROM settlement_transfer s WHERE s.id = g.transfer_id LIMIT 1) t ON true
CROSS JOIN {_OUR_NUMBER}
WHERE g.total <> 0 OR g.orphan OR g.mixed OR t.id IS NULL OR (t.xmin IS DISTINCT FROM ({_FIRST}) AND NOT {_MADE_BY_US})
ON CONFLICT DO NOTHING;
RETURN NULL;
"""  # noqa: S608 - only constants

TRANSFER_STANDS = f"""
IF NOT EXISTS (SELECT 1 FROM settlement_transfer t WHERE t.id = NEW.transfer_id) OR EXISTS (
    SELECT 1 FROM settlement_entry e WHERE e.transfer_id = NEW.transfer_id
    AND NOT EXISTS (SELECT 1 FROM settlement_account a WHERE a.id = e.account_id)
) THEN
    RAISE EXCEPTION 'an entry belongs to a transfer and an account' USING ERRCODE = 'foreign_key_violation';
END IF;
IF EXISTS (
    SELECT 1 FROM settlement_transfer t CROSS JOIN {_OUR_NUMBER} WHERE t.id = NEW.transfer_id AND NOT {_MADE_BY_US}
) THEN
    RAISE EXCEPTION 'a transfer that stands takes no more entries' USING ERRCODE = 'check_violation';
END IF;
IF EXISTS (
    SELECT 1 FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id
    WHERE e.transfer_id = NEW.transfer_id GROUP BY a.currency HAVING sum(e.amount_minor) <> 0
) THEN
    RAISE EXCEPTION 'the entries of a transfer sum to zero per currency' USING ERRCODE = 'check_violation';
END IF;
IF (
    SELECT count(DISTINCT a.currency) FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id
    WHERE e.transfer_id = NEW.transfer_id
) > 1 AND NOT EXISTS (SELECT 1 FROM settlement_conversion c WHERE c.transfer_id = NEW.transfer_id) THEN
    RAISE EXCEPTION 'money changes its currency only by a conversion' USING ERRCODE = 'check_violation';
END IF;
IF (
    SELECT count(DISTINCT a.pot) FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id
    WHERE e.transfer_id = NEW.transfer_id
) > 1 THEN
    RAISE EXCEPTION 'card-funded and crypto-funded money do not mix' USING ERRCODE = 'check_violation';
END IF;
DELETE FROM settlement_doubtfultransfer WHERE transfer_id = NEW.transfer_id;
RETURN NULL;
"""  # noqa: S608 - only constants

ACCOUNT_IS_ITSELF = """
IF (NEW.id, NEW.kind, NEW.pot, NEW.party_id, NEW.currency, NEW.shard, NEW.sign)
   IS DISTINCT FROM (OLD.id, OLD.kind, OLD.pot, OLD.party_id, OLD.currency, OLD.shard, OLD.sign)
THEN
    RAISE EXCEPTION 'what an account is for does not change' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

PENDING_ONLY_GROWS = """
IF (NEW.id, NEW.kind, NEW.subject_id, NEW.debit_account_id, NEW.credit_account_id, NEW.amount_minor)
   IS DISTINCT FROM
   (OLD.id, OLD.kind, OLD.subject_id, OLD.debit_account_id, OLD.credit_account_id, OLD.amount_minor)
   OR NEW.posted_minor < OLD.posted_minor OR NEW.quantity < OLD.quantity
   OR OLD.state IN ('posted', 'voided', 'expired')
THEN
    RAISE EXCEPTION 'a pending transfer is posted in parts and closed once' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""
