"""The contract pays out all that it owes a wallet: no more of it moves than the gate was asked about."""

import pytest

from compliance.base import clock as time
from compliance.models import Case, Clearance
from settlement.models import ChainTransaction, Hold, PaymentProfile, Payout
from settlement.services import (
    books,
    chain_delivery,
    chain_escrow,
    chain_payouts,
    chain_reconciliation,
    holds,
    payout_deeds,
    payouts,
)
from tests.settlement.chain.scene import CAP, TESTER, Scene, clear, wallet
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL

pytestmark = pytest.mark.chain

EARNED = TOTAL - FEE


def _request(scene: Scene) -> Payout:
    """A payout that was cleared for all that would move now, and stands in the books."""
    plan = chain_payouts.plan_payout(scene.provider.pk, "escrow")
    assert plan is not None
    terms = {"max_amount_minor": plan.asked_minor, "currency": "USDC"}
    clearance = clear("payout", plan.payout_id, renter=None, provider=scene.provider, **terms)
    payouts.request_payout(plan, clearance=clearance, idempotency_key=f"p:{plan.payout_id}", actor=TESTER)
    return Payout.objects.get(pk=plan.payout_id)


def _sent(scene: Scene, payout: Payout) -> Payout:
    """The rail was asked, and all is final."""
    payout_deeds.send_payout(payout.pk)
    scene.finalise()
    payout.refresh_from_db()
    return payout


def _running(scene: Scene, count: int = 2) -> list[Hold]:
    """Leases that have run for an hour."""
    found = [scene.funded_hold() for _ in range(count)]
    scene.node.pass_time(3600)
    return found


def _send_closing(hold: Hold) -> None:
    holds.settle_hold(hold.pk, TOTAL, TESTER, billed_seconds=2880)
    chain_escrow.settle_escrow(hold.pk)


def _close(scene: Scene, hold: Hold) -> None:
    """The lease was closed, and that is final."""
    _send_closing(hold)
    chain_delivery.deliver()
    scene.finalise()
    scene.deliver()


def test_what_grew_between_clearance_and_sending_is_asked_about_anew(scene: Scene):
    first, second = _running(scene)
    _close(scene, first)
    payout = _request(scene)
    _close(scene, second)
    payout = _sent(scene, payout)
    assert (payout.state, payout.failure_code) == (Payout.State.FAILED, "entitlement_grew")
    assert not ChainTransaction.objects.filter(purpose="withdraw").exists()
    assert scene.books()["payable"] == 2 * EARNED
    again = _request(scene)
    assert (again.amount_minor, again.clearance.max_amount_minor) == (2 * EARNED, 2 * EARNED)
    assert _sent(scene, again).state == Payout.State.SENT
    assert scene.chain.token_balance(scene.payee.address) == 2 * EARNED
    assert "payable" not in scene.books()
    assert chain_reconciliation.reconcile_chain().balanced


def test_what_the_books_do_not_know_yet_is_asked_about_too(scene: Scene):
    first, second = _running(scene)
    _close(scene, first)
    _send_closing(second)
    scene.deliver()
    plan = chain_payouts.plan_payout(scene.provider.pk, "escrow")
    assert (plan.amount_minor, plan.asked_minor) == (EARNED, 2 * EARNED)
    payout = _sent(scene, _request(scene))
    assert (payout.state, payout.amount_minor) == (Payout.State.SENT, EARNED)
    assert scene.chain.token_balance(scene.payee.address) == 2 * EARNED
    assert scene.books() == {"contract": -2 * (CAP - EARNED), "fees": 2 * FEE, "available": 2 * (CAP - TOTAL)}
    assert not Case.objects.filter(kind=Case.Kind.MONEY_ALARM).exists()


def test_a_payout_waits_for_a_closing_that_is_under_way(scene: Scene):
    first, second = _running(scene)
    _close(scene, first)
    payout = _request(scene)
    _send_closing(second)
    payout_deeds.send_payout(payout.pk)
    payout.refresh_from_db()
    assert payout.state == Payout.State.SENDING
    assert not ChainTransaction.objects.filter(purpose="withdraw").exists()
    scene.deliver()
    payout = _sent(scene, payout)
    assert (payout.state, payout.failure_code) == (Payout.State.FAILED, "entitlement_grew")


def test_a_clearance_that_falls_while_the_payout_waits_stops_it(scene: Scene):
    first, second = _running(scene)
    _close(scene, first)
    payout = _request(scene)
    _send_closing(second)
    payout_deeds.send_payout(payout.pk)
    Clearance.objects.filter(pk=payout.clearance_id).update(revoked_at=time.now())
    chain_delivery.deliver()
    payout_deeds.send_payout(payout.pk)
    payout.refresh_from_db()
    assert (payout.state, payout.failure_code) == (Payout.State.FAILED, "clearance_invalid")
    assert not ChainTransaction.objects.filter(purpose="withdraw").exists()


def test_what_moves_beyond_the_clearance_in_spite_of_all_is_in_the_books_and_a_case(scene: Scene, monkeypatch):
    first, second = _running(scene)
    _close(scene, first)
    payout = _request(scene)
    _close(scene, second)
    monkeypatch.setattr(chain_payouts, "_owed", lambda _wallet: EARNED)
    payout = _sent(scene, payout)
    assert payout.state == Payout.State.SENT
    assert scene.books() == {"contract": -2 * (CAP - EARNED), "fees": 2 * FEE, "available": 2 * (CAP - TOTAL)}
    case = Case.objects.get(kind=Case.Kind.MONEY_ALARM)
    assert "more than the gate was asked about" in case.summary
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified


def test_only_what_the_wallet_itself_is_owed_is_planned(scene: Scene):
    first = scene.funded_hold()
    new = wallet("provider's new one")
    PaymentProfile.objects.filter(party=scene.provider).update(payout_wallet=new.address)
    second = scene.funded_hold()
    scene.node.pass_time(3600)
    _close(scene, first)
    assert chain_payouts.plan_payout(scene.provider.pk, "escrow") is None
    _close(scene, second)
    plan = chain_payouts.plan_payout(scene.provider.pk, "escrow")
    assert (plan.amount_minor, plan.asked_minor, plan.destination) == (EARNED, EARNED, new.address)
    assert _sent(scene, _request(scene)).state == Payout.State.SENT
    assert scene.chain.token_balance(new.address) == EARNED
    assert scene.books()["payable"] == EARNED
