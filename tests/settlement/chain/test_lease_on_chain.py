"""A lease's money on chain from deposit to payout: closed at the total, paid out, frozen, reclaimed, reconciled."""

from uuid import uuid4

import pytest

from compliance.base import clock as time
from compliance.models import Case, Restriction
from settlement.models import ChainTransaction, Hold, Payout, Receipt, ReconciliationDifference
from settlement.rails.chain import CallRefused, EscrowState
from settlement.rails.chain_contracts import ESCROW, calldata
from settlement.rails.chain_deploy import GRACE_SECONDS
from settlement.services import (
    books,
    chain_delivery,
    chain_escrow,
    chain_guard,
    chain_reconciliation,
    chain_sender,
    hold_money,
    holds,
    payout_deeds,
    payouts,
)
from settlement.services.hold_states import HoldNotFound
from tests.settlement.chain.scene import CAP, DOLLAR, RATE, TESTER, Scene, clear

pytestmark = pytest.mark.chain

TOTAL = 4 * DOLLAR
FEE = TOTAL * 500 // 10_000


def _settled(scene: Scene, total: int = TOTAL) -> Hold:
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.settle_hold(hold.pk, total, TESTER, billed_seconds=2880)
    chain_escrow.settle_escrow(hold.pk)
    chain_delivery.deliver()
    scene.finalise()
    scene.deliver()
    hold.refresh_from_db()
    return hold


def test_the_lease_is_settled_to_the_unit(scene: Scene):
    hold = _settled(scene)
    assert hold.state == Hold.State.SETTLED
    assert scene.books() == {"contract": -CAP, "payable": TOTAL - FEE, "fees": FEE, "available": CAP - TOTAL}
    assert scene.chain.entitlement(scene.payee.address) == TOTAL - FEE
    assert scene.chain.entitlement(scene.payer.address) == CAP - TOTAL
    assert scene.chain.fees_accrued() == FEE
    receipt = Receipt.objects.get(hold=hold)
    assert (receipt.total_minor, receipt.fee_minor, receipt.refunded_minor) == (TOTAL, FEE, CAP - TOTAL)


def test_told_again_it_is_settled_once(scene: Scene):
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.settle_hold(hold.pk, TOTAL, TESTER)
    first = chain_escrow.settle_escrow(hold.pk)
    assert chain_escrow.settle_escrow(hold.pk) is None or chain_escrow.settle_escrow(hold.pk) == first
    scene.finalise()
    assert chain_escrow.settle_escrow(hold.pk) is None
    assert ChainTransaction.objects.filter(purpose="close").count() == 1


def test_no_more_is_charged_than_time_allows(scene: Scene):
    hold = scene.funded_hold()
    holds.settle_hold(hold.pk, CAP, TESTER)
    chain_escrow.settle_escrow(hold.pk)
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.SETTLED
    seconds = 60
    assert Receipt.objects.get(hold=hold).total_minor <= RATE * seconds // 3600
    assert chain_reconciliation.reconcile_chain().balanced


def test_an_unknown_hold_is_refused(scene: Scene):
    for deed in (chain_escrow.settle_escrow, chain_escrow.freeze_escrow, chain_escrow.unfreeze_escrow):
        with pytest.raises(HoldNotFound):
            deed(uuid4())


# -- payouts and refunds ---------------------------------------------------------------------------------------


def _request_payout(scene: Scene) -> Payout:
    plan = payouts.plan_payout(scene.provider.pk, "escrow")
    clearance = clear("payout", plan.payout_id, renter=None, provider=scene.provider)
    payouts.request_payout(plan, clearance=clearance, idempotency_key=f"p:{plan.payout_id}", actor=TESTER)
    return Payout.objects.get(pk=plan.payout_id)


def test_the_provider_is_paid_to_its_wallet(scene: Scene):
    _settled(scene)
    payout = _request_payout(scene)
    payout_deeds.send_payout(payout.pk)
    payout_deeds.send_payout(payout.pk)
    payout.refresh_from_db()
    assert payout.state == Payout.State.SENDING, "sent, and not final yet"
    scene.finalise()
    payout.refresh_from_db()
    sent = ChainTransaction.objects.get(purpose="withdraw")
    assert (payout.state, payout.external_id) == (Payout.State.SENT, sent.hash)
    assert scene.chain.token_balance(scene.payee.address) == TOTAL - FEE
    assert scene.books() == {"contract": -(CAP - TOTAL + FEE), "fees": FEE, "available": CAP - TOTAL}


def test_a_provider_who_pulls_the_money_itself_is_not_paid_twice(scene: Scene):
    _settled(scene)
    payout = _request_payout(scene)
    assert scene.withdraw(scene.payee)
    scene.finalise()
    payout.refresh_from_db()
    assert (payout.state, payout.failure_code) == (Payout.State.FAILED, "withdrawn_by_payee")
    assert payouts.plan_payout(scene.provider.pk, "escrow") is None
    assert scene.books() == {"contract": -(CAP - TOTAL + FEE), "fees": FEE, "available": CAP - TOTAL}


def test_the_renter_pulls_the_rest_and_the_platform_its_fees(scene: Scene):
    _settled(scene)
    assert scene.withdraw(scene.payer)
    chain_escrow.withdraw_fees(scene.payee.address, "fees:1")
    chain_delivery.deliver()
    scene.finalise()
    assert scene.books() == {"contract": -(TOTAL - FEE), "payable": TOTAL - FEE}
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified


# -- freezing --------------------------------------------------------------------------------------------------


def test_a_freeze_holds_on_chain_until_it_is_lifted(scene: Scene):
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    assert chain_escrow.freeze_escrow(hold.pk) is None, "only a frozen hold is frozen on chain"
    holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
    chain_escrow.freeze_escrow(hold.pk)
    assert chain_escrow.freeze_escrow(hold.pk) is None, "told again, once"
    assert scene.books() == {"contract": -CAP, "blocked": CAP}
    settler_call = chain_sender.ContractCall("attack", "close", "settler", "close", (scene.terms(hold), 0))
    with pytest.raises(CallRefused) as refused:
        chain_sender.submit(settler_call)
    assert refused.value.error == "FrozenByGuardian"
    assert chain_escrow.settle_escrow(hold.pk, 0) is None
    holds.unfreeze_hold(hold.pk, actor=TESTER)
    chain_escrow.unfreeze_escrow(hold.pk)
    holds.settle_hold(hold.pk, TOTAL, TESTER)
    chain_escrow.settle_escrow(hold.pk)
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.SETTLED
    assert scene.books() == {"contract": -CAP, "payable": TOTAL - FEE, "fees": FEE, "available": CAP - TOTAL}


def test_a_second_freeze_is_another_one(scene: Scene):
    hold = scene.funded_hold()
    holds.freeze_hold(hold.pk, "first", actor=TESTER)
    chain_escrow.freeze_escrow(hold.pk)
    holds.unfreeze_hold(hold.pk, actor=TESTER, clearance=scene.clearance(hold.subject_id))
    chain_escrow.unfreeze_escrow(hold.pk)
    holds.freeze_hold(hold.pk, "second", actor=TESTER)
    chain_escrow.freeze_escrow(hold.pk)
    frozen_until = scene.chain.escrow(scene.lease_key(hold)).frozen_until
    assert frozen_until > scene.node.now()
    assert scene.books() == {"contract": -CAP, "blocked": CAP}


@pytest.mark.parametrize("who", ["provider", "renter"])
def test_a_restricted_partys_wallet_cannot_pull_until_it_is_let_go(scene: Scene, who: str):
    _settled(scene)
    party, wallet = (scene.provider, scene.payee) if who == "provider" else (scene.renter, scene.payer)
    assert chain_guard.guard() == 0
    restriction = Restriction.objects.create(party=party, reason_code="sdn", imposed_by="test")
    assert chain_guard.guard() == 1
    assert (chain_guard.guard(), chain_guard.let_go()) == (0, 0)
    assert not scene.withdraw(wallet)
    Restriction.objects.filter(pk=restriction.pk).update(
        lifted_at=time.now(), lifted_by="test:1", lift_proposed_by="test:2"
    )
    assert chain_guard.let_go() == 1
    assert (chain_guard.guard(), chain_guard.let_go()) == (0, 0)
    assert scene.withdraw(wallet)


def test_a_freeze_of_a_wallet_is_renewed_while_the_restriction_stands(scene: Scene, clock):
    _settled(scene)
    Restriction.objects.create(party=scene.provider, reason_code="sdn", imposed_by="test")
    assert chain_guard.guard() == 1
    clock.advance(days=24)
    scene.node.pass_time(24 * 24 * 3600)
    assert chain_guard.guard() == 1
    clock.advance(days=10)
    scene.node.pass_time(10 * 24 * 3600)
    assert not scene.withdraw(scene.payee)


def test_a_reclaim_while_we_were_gone_ends_the_hold(scene: Scene):
    hold = scene.funded_hold()
    scene.node.pass_time(int(hold.expires_at.timestamp()) + GRACE_SECONDS + 1 - scene.node.now())
    data = calldata(ESCROW, "reclaim", scene.terms(hold))
    assert scene.send(scene.payer, scene.chain.deployment.escrow, data)
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.SETTLED
    assert scene.books() == {"contract": -CAP, "available": CAP}
    assert scene.chain.escrow(scene.lease_key(hold)).status == EscrowState.CLOSED


# -- reconciliation --------------------------------------------------------------------------------------------


def test_chain_and_books_agree_at_every_stage(scene: Scene):
    scene.funded_hold()
    assert chain_reconciliation.reconcile_chain().balanced
    _settled(scene)
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified


def test_what_is_not_final_is_no_difference(scene: Scene):
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.settle_hold(hold.pk, TOTAL, TESTER)
    chain_escrow.settle_escrow(hold.pk)
    scene.follow()
    assert chain_reconciliation.reconcile_chain() is None


def test_a_deposit_that_the_books_do_not_know_is_a_difference(scene: Scene):
    hold = scene.funded_hold()
    hold_money.suspend(hold)
    hold_money.block(hold)
    Hold.objects.filter(pk=hold.pk).update(amount_minor=CAP - 1)
    run = chain_reconciliation.reconcile_chain()
    assert not run.balanced
    difference = ReconciliationDifference.objects.get(run=run)
    assert (difference.ledger_minor, difference.rail_minor) == (CAP - 1, CAP)
    assert difference.external_id == scene.lease_key(hold)
    chain_reconciliation.reconcile_chain()
    case = Case.objects.get(kind=Case.Kind.MONEY_ALARM)
    assert (case.subject_id, case.priority) == (run.pk, Case.Priority.HIGH)
    assert scene.lease_key(hold) in case.summary
    # What lies in a block that the books have not read may explain it.
    scene.node.pass_time(1)
    assert chain_reconciliation.reconcile_chain() is None


def test_restricting_somebody_changes_no_books_by_itself(scene: Scene):
    _settled(scene)
    before = scene.books()
    Restriction.objects.create(party=scene.provider, reason_code="sdn", imposed_by="test")
    scene.finalise()
    assert scene.books() == before
