"""What no door shows: the codes behind a refusal, the books, the audit chain."""

from typing import Any
from uuid import UUID

from compliance.selectors.decisions import decision
from compliance.services import gate
from compliance.services.audit_verification import verify_log
from compliance.services.checkpoints import make_checkpoint
from marketplace.development.doors import wait_for
from marketplace.development.story.stage import Stage
from marketplace.templatetags.ui import money
from settlement.selectors.holds import HoldRef, hold_of_subject
from settlement.services.books import verify_books
from settlement.services.chain_reconciliation import reconcile_chain
from settlement.services.reconciliation import reconcile_card


def reasons_of(decision_id: str) -> list[dict[str, Any]]:
    """The reasons as officers read them: with code, kind and citation."""
    return list(decision(UUID(decision_id)).reasons)


def expect_reason(stage: Stage, decision_id: str, code: str, meaning: str) -> None:
    """The decision rests on this reason; it is told with its kind and citation, and it replays."""
    found = [reason for reason in reasons_of(decision_id) if reason["code"] == code]
    codes = [reason["code"] for reason in reasons_of(decision_id)]
    stage.expect(found, f"{meaning} ({code} among {', '.join(codes)})")
    stage.step(f"{found[0]['kind']}: {found[0]['citation']}")
    stage.expect(gate.replay(UUID(decision_id)), "the decision replays to the same bytes from its stored facts")


def hits_of(decision_id: str) -> list[dict[str, Any]]:
    """The matches with lists that the decision knew of."""
    return list(decision(UUID(decision_id)).facts["hits"])


def hold_of(lease_id: str) -> HoldRef | None:
    """The money set aside for the lease."""
    return hold_of_subject(UUID(lease_id))


def prove_books_and_chain(stage: Stage) -> None:
    """Every transfer balances, every balance is the sum of its entries, and the audit chain verifies."""
    report = verify_books()
    for fault in report.faults:
        stage.refusal(fault)
    stage.expect(report.verified, f"the books balance: {report.transfers} transfers, {report.entries} entries")
    _prove_rails(stage)
    checkpoint = make_checkpoint()
    log = verify_log()
    for fault in log.faults:
        stage.refusal(fault)
    stage.expect(log.holds, f"the audit chain verifies, link by link: {log.links} events")
    stage.expect(checkpoint, f"its Merkle root is signed: {log.root[:16]}…")


def _prove_rails(stage: Stage) -> None:
    """What the books say of each rail is what the rail says of itself."""
    for rail, reconcile in (("card network", reconcile_card), ("escrow contract", reconcile_chain)):
        run = wait_for(reconcile, f"the books have caught up with the {rail}")
        stage.expect(run.balanced, f"the {rail} agrees with the books: {money(run.rail_minor, run.currency)}")
