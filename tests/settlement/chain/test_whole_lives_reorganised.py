"""A reorganisation past finality that takes a lease's deposit and its end together: both come back, to the unit."""

import pytest

from compliance.models import Case
from settlement.models import Entry, Hold
from settlement.rails.chain import EscrowState
from settlement.services import (
    chain_delivery,
    chain_endings,
    chain_escrow,
    chain_reconciliation,
    chain_work,
    holds,
)
from settlement.services.books import verify_books
from settlement.services.chain_deposits import prepare_deposit
from tests.settlement.chain.scene import CAP, TESTER, Scene
from tests.settlement.chain.test_indexer import _raw_transactions, _reorganise_with
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL

pytestmark = pytest.mark.chain

SETTLED = {"contract": -CAP, "payable": TOTAL - FEE, "fees": FEE, "available": CAP - TOTAL}


class Life:
    """A lease whose deposit can be taken back with all that came after it, and put into another block."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        scene.node.mine(5)
        self.hold = scene.open_hold()
        assert scene.pay(prepare_deposit(self.hold.pk))
        self.block = scene.node.web3.eth.block_number
        self.raws = _raw_transactions(scene, self.block - 1, self.block)
        scene.finalise()
        scene.node.pass_time(3600)
        holds.settle_hold(self.hold.pk, TOTAL, TESTER, billed_seconds=2880)

    def close(self) -> None:
        chain_escrow.settle_escrow(self.hold.pk)
        chain_delivery.deliver()
        self.scene.finalise()
        self.scene.deliver()

    def vanish(self) -> None:
        """Only the deposit is in the other blocks; the closing waits to be sent again."""
        depth = self.scene.node.web3.eth.block_number - self.block + 2
        _reorganise_with(self.scene.node, depth, self.raws)
        self.scene.follow()

    def go_on(self) -> None:
        """As the sweeps do it."""
        for _ in range(3):
            self.scene.deliver()
            self.scene.finalise()
            chain_endings.post_lost_ends()
            chain_work.work()
        self.scene.finalise()
        self.scene.deliver()
        self.hold.refresh_from_db()

    def agrees(self) -> None:
        assert self.hold.state == Hold.State.SETTLED
        assert self.scene.chain.escrow(self.scene.lease_key(self.hold)).status == EscrowState.CLOSED
        assert chain_reconciliation.reconcile_chain().balanced
        books, chain = self.scene.books(), self.scene.chain
        assert books["payable"] == chain.entitlement(self.scene.payee.address)
        assert books["available"] == chain.entitlement(self.scene.payer.address)
        report = verify_books()
        assert report.verified, report.faults


def test_a_lease_whose_whole_life_vanishes_comes_back_to_the_unit(forking_scene: Scene):
    life = Life(forking_scene)
    life.close()
    assert forking_scene.books() == SETTLED
    life.vanish()
    forking_scene.node.pass_time(3600)
    life.go_on()
    assert forking_scene.books() == SETTLED
    life.agrees()
    assert chain_endings.post_lost_ends() == 0


def test_a_closing_that_the_later_deposit_does_not_bear_is_made_anew(forking_scene: Scene):
    """The deposit came later in the other blocks: the contract's bound is lower, and the old closing is refused."""
    life = Life(forking_scene)
    life.close()
    life.vanish()
    life.go_on()
    life.agrees()
    assert forking_scene.books()["payable"] < TOTAL - FEE
    assert Case.objects.filter(summary__contains="another total than the receipt says").count() == 1


def test_a_deposit_that_vanishes_and_comes_back_while_its_hold_settles_leaves_nothing_in_suspense(forking_scene: Scene):
    life = Life(forking_scene)
    life.vanish()
    took = Entry.objects.get(transfer__kind="chain.deposited.reversed", account__kind="suspense")
    assert took.amount_minor == -TOTAL, "what was earned had moved on"
    forking_scene.node.pass_time(3600)
    forking_scene.finalise()
    life.close()
    life.go_on()
    assert forking_scene.books() == SETTLED
    life.agrees()
