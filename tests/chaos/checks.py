"""What must be true when the faults are over: `python -m tests.chaos.checks STATE` prints it and fails when it is not.

Run in the house's environment. Everything is read from the books, the rails and the audit log themselves, never from
what the load believed, except for the list of leases that the house acknowledged.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.db import connection, connections  # noqa: E402
from django.db.utils import OperationalError  # noqa: E402

from compliance.base import clock  # noqa: E402
from compliance.services.audit_verification import verify_log  # noqa: E402
from marketplace.models import Lease  # noqa: E402
from settlement.models import Hold, Payout  # noqa: E402
from settlement.services.books import verify_books  # noqa: E402
from settlement.services.chain_reconciliation import reconcile_chain  # noqa: E402
from settlement.services.differences import differences_of  # noqa: E402
from settlement.services.reconciliation import IN_FLIGHT, reconcile_card  # noqa: E402

# Longer than every deadline of a lease that nobody pays or starts.
QUIET_SECONDS = 1200

# Each selects what is wrong, one row a fault.
STATEMENTS = {
    "a settled lease has one receipt": """
        SELECT h.subject_id, h.state, count(r.id)
        FROM settlement_hold h LEFT JOIN settlement_receipt r ON r.hold_id = h.id
        GROUP BY h.id HAVING count(r.id) <> CASE WHEN h.state = 'settled' THEN 1 ELSE 0 END""",
    "receipts are numbered without gaps": """
        SELECT max(number), count(*) FROM settlement_receipt HAVING max(number) <> count(*)""",
    "no lease that ran is free": """
        SELECT l.id, max(u.accepted_seconds)
        FROM marketplace_lease l JOIN marketplace_usagerecord u ON u.lease_id = l.id
        LEFT JOIN settlement_receipt r ON r.subject_id = l.id
        WHERE l.state <> 'failed' GROUP BY l.id, r.billed_seconds
        HAVING max(u.accepted_seconds) <> coalesce(r.billed_seconds, 0)""",
    "nobody pays for more than was metered": """
        SELECT subject_id, total_minor, rate_minor_per_hour, billed_seconds FROM settlement_receipt
        WHERE total_minor + credit_minor <> rate_minor_per_hour * billed_seconds / 3600""",
    "each provider earned its share once": """
        SELECT r.subject_id, r.payee_minor, coalesce(sum(e.amount_minor), 0) FROM settlement_receipt r
        LEFT JOIN settlement_transfer t ON t.subject_id = r.subject_id
        LEFT JOIN (SELECT e.* FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id
                   WHERE a.kind IN ('accrued', 'payable') AND a.party_id IS NOT NULL) e ON e.transfer_id = t.id
        GROUP BY r.id HAVING coalesce(sum(e.amount_minor), 0) <> r.payee_minor""",
    "each fee was taken once": """
        SELECT r.subject_id, r.fee_minor, coalesce(sum(e.amount_minor), 0) FROM settlement_receipt r
        LEFT JOIN settlement_transfer t ON t.subject_id = r.subject_id
        LEFT JOIN (SELECT e.* FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id
                   WHERE a.kind = 'fees') e ON e.transfer_id = t.id
        GROUP BY r.id HAVING coalesce(sum(e.amount_minor), 0) <> r.fee_minor""",
    "a card was captured once for a lease": """
        SELECT hold_id, count(*) FROM settlement_cardpayment WHERE state = 'succeeded' AND hold_id IS NOT NULL
        GROUP BY hold_id HAVING count(*) > 1""",
    "every notice had its effect": """
        SELECT external_id, type FROM settlement_inboundevent WHERE processed_at IS NULL""",
}

# A deposit that came after its hold had failed is on its way back for as long as the chain takes.
NOTHING_HELD = """
    SELECT t.subject_id, a.kind, sum(e.amount_minor) FROM settlement_transfer t
    JOIN settlement_entry e ON e.transfer_id = t.id JOIN settlement_account a ON a.id = e.account_id
    JOIN settlement_hold h ON h.subject_id = t.subject_id
    WHERE a.kind IN ('held', 'uncollected') AND h.state IN ('settled', 'failed')
    GROUP BY t.subject_id, a.kind HAVING sum(e.amount_minor) <> 0"""


def faults() -> Iterator[tuple[str, list[str]]]:
    """Each check by name, with what is wrong; nothing when it holds."""
    yield "every lease is over", _until_quiet(_open_leases)
    yield "every hold and payout is over", _until_quiet(_open_money)
    yield "nothing is held for a lease that is over", _until_quiet(lambda: _rows(NOTHING_HELD))
    for name, statement in STATEMENTS.items():
        yield name, _rows(statement)
    yield "the books balance", list(verify_books().faults)
    log = verify_log()
    yield "the audit log verifies", list(log.faults)
    yield "the card network agrees with the books to the cent", _card()
    yield "the escrow contract agrees with the books to the unit", _chain()


def _rows(statement: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [" ".join(map(str, row)) for row in cursor.fetchall()]


def _open_leases() -> list[str]:
    over = (Lease.State.SETTLED, Lease.State.FAILED)
    rows = Lease.objects.exclude(state__in=over).values_list("pk", "state", "end_reason")
    return [f"lease {pk} {state} {reason}" for pk, state, reason in rows]


def _open_money() -> list[str]:
    holds = Hold.objects.exclude(state__in=(Hold.State.SETTLED, Hold.State.FAILED)).values_list("pk", "rail", "state")
    payouts = Payout.objects.exclude(state__in=(Payout.State.SENT, Payout.State.FAILED)).values_list(
        "pk", "pot", "state"
    )
    return [f"{pk} {rail} {state}" for pk, rail, state in [*holds, *payouts]]


def _until_quiet(look: Callable[[], list[str]]) -> list[str]:
    """What is left open after everything had its time."""
    deadline = time.monotonic() + QUIET_SECONDS
    while True:
        try:
            found = look()
        except OperationalError:
            connections.close_all()
            found = ["the database does not answer"]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(2)


def _card() -> list[str]:
    # What moved a moment ago is left out by the reconciliation: here nothing moves any more and all counts.
    with clock.use_clock(clock.ManualClock(clock.now() + IN_FLIGHT + timedelta(seconds=5))):
        run = reconcile_card()
    return [f"{each.external_id}: {each.explanation}" for each in differences_of(run.pk)]


def _chain() -> list[str]:
    def look() -> list[str]:
        run = reconcile_chain()
        if run is None:
            return ["the books have not caught up with the chain"]
        return [f"{each.external_id}: {each.explanation}" for each in differences_of(run.pk)]

    return _until_quiet(look)


def acknowledged(path: Path) -> list[str]:
    """Leases that the house said it had made, and that are not there."""
    told = [json.loads(line)["id"] for line in path.read_text().splitlines()] if path.exists() else []
    there = {str(pk) for pk in Lease.objects.filter(pk__in=told).values_list("pk", flat=True)}
    return [f"lease {lease_id} was acknowledged and is lost" for lease_id in told if lease_id not in there]


def main() -> int:
    """Every check is printed; 1 when one found something."""
    wrong = 0
    lost = [("no acknowledged lease is lost", acknowledged(Path(sys.argv[1]) / "acknowledged.jsonl"))]
    for found in (lost, faults()):
        for name, what in found:
            print(f"{'ok    ' if not what else 'FAULT '} {name}", flush=True)
            for each in what[:20]:
                print(f"       {each}", flush=True)
            wrong += bool(what)
    print(f"{Lease.objects.filter(state=Lease.State.SETTLED).count()} leases settled", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
