"""A restriction falls between our look at a clearance and the row that rests on it: refused by name, nothing moved."""

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connections

from compliance.base import clock as clocks
from compliance.models import Clearance
from compliance.services.clearances import ClearanceInvalid
from settlement.models import CardPayment, Hold, Payout, Refund
from settlement.services import holds, ledger, payouts, refund_states, refunds, topups
from settlement.services.accounts import Kind, Pot, clearing, of_party
from settlement.services.ledger import Line
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_refunds import give


@pytest.fixture
def falls(monkeypatch) -> Callable[[object], None]:
    """From then on, whatever clearance the module looks at is revoked, and that committed, right after the look."""

    def revoke(pk) -> None:
        Clearance.objects.filter(pk=pk).update(revoked_at=clocks.now())
        connections.close_all()

    def install(module: object) -> None:
        look = module.require_clearance

        def looked(clearance, **about):
            pk = look(clearance, **about)
            other = threading.Thread(target=revoke, args=(pk,))
            other.start()
            other.join()
            return pk

        monkeypatch.setattr(module, "require_clearance", looked)

    return install


@pytest.fixture
def earned(money: Scene, monkeypatch) -> Scene:
    """A provider with money and a place to send it, and a renter with a settled lease of ten dollars."""
    monkeypatch.setattr(payouts, "destination_of", lambda party_id, pot: "acct_1")
    payable = of_party(Kind.PAYABLE, money.provider.pk, Pot.CARD, "USD")
    ledger.post(uuid4(), "test", [Line(clearing(Pot.CARD, "USD"), -700), Line(payable, 700)])
    money.credit(5_000)
    return money


def settled(scene: Scene):
    """The lease, settled for a thousand."""
    ref = scene.open_hold(1_000)
    holds.settle_hold(ref.id, 1_000, TESTER)
    return ref.subject_id


def test_a_payout_that_is_requested(earned, falls):
    before = earned.books()
    falls(payouts)
    with pytest.raises(ClearanceInvalid):
        earned.request_payout()
    assert not Payout.objects.exists()
    assert earned.books() == before


def test_a_payout_that_is_about_to_be_sent(earned, falls):
    payout = earned.request_payout()
    before = earned.books()
    falls(payouts)
    with pytest.raises(ClearanceInvalid):
        payouts.begin_sending(payout.id, clearance=None, actor=TESTER)
    assert Payout.objects.get().state == "pending"
    assert earned.books() == before


def test_a_hold(earned, falls):
    before = earned.books()
    falls(holds)
    with pytest.raises(ClearanceInvalid):
        earned.open_hold(1_000)
    assert not Hold.objects.exists()
    assert earned.books() == before


def test_a_top_up(earned, falls):
    falls(topups)
    with pytest.raises(ClearanceInvalid):
        earned.top_up()
    assert not CardPayment.objects.exists()


def test_a_refund(earned, falls):
    lease_id = settled(earned)
    before = earned.books()
    falls(refunds)
    with pytest.raises(ClearanceInvalid):
        give(earned, lease_id, 100)
    assert not Refund.objects.exists()
    assert earned.books() == before
    assert refund_states.wall_named is refunds.wall_named


def test_another_fault_of_the_database_keeps_its_own_name(earned):
    payout = earned.request_payout()
    assert Payout.objects.filter(pk=payout.id).exists()
    plan = payouts.PayoutPlan(payout.id, earned.provider.pk, "card", "USD", 1, "acct_1")
    with pytest.raises(payouts.PayoutExists):
        payouts.request_payout(plan, clearance=None, idempotency_key=str(payout.id), actor=TESTER)
