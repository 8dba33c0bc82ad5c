"""Reorganisations of every depth from 1 to 64: whatever vanishes is undone, whatever comes back is done, once."""

import pytest

from settlement.models import Hold, Transfer
from settlement.services import books, chain_reconciliation
from settlement.services.chain_deposits import prepare_deposit
from tests.settlement.chain.conftest import FINALITY
from tests.settlement.chain.scene import DOLLAR, Scene
from tests.settlement.chain.test_indexer import _raw_transactions, _reorganise, _reorganise_with

pytestmark = pytest.mark.chain

# Every depth from 1 to 64, in parts: anvil keeps the states of some 500 blocks, and can go back no further.
PARTS = [range(1, 25), range(25, 37), range(37, 46), range(46, 54), range(54, 61), range(61, 65)]


def _paid(scene: Scene) -> tuple[Hold, int]:
    """A hold whose deposit was just made, and the deposit's block."""
    hold = scene.open_hold(amount=DOLLAR)
    assert scene.pay(prepare_deposit(hold.pk))
    return hold, scene.node.web3.eth.block_number


def test_no_depth_is_left_out():
    assert [depth for part in PARTS for depth in part] == list(range(1, 65))


@pytest.mark.parametrize("depths", PARTS, ids=str)
def test_a_deposit_that_vanishes_at_any_depth_counts_for_nothing(forking_scene: Scene, clock, depths: range):
    scene = forking_scene
    scene.node.mine(70)
    for depth in depths:
        # A block a second: the chain's clock runs on, and ours with it.
        clock.advance(seconds=max(0, scene.node.now() - clock.now().timestamp()))
        hold, _ = _paid(scene)
        # The deposit is the newest of `depth` blocks, or lies below empty ones: it was final from some depth on.
        scene.node.mine(depth - 1)
        scene.follow()
        _reorganise(scene.node, depth)
        scene.finalise()
        hold.refresh_from_db()
        was_final = depth - 1 >= FINALITY
        assert hold.state == (Hold.State.FROZEN if was_final else Hold.State.OPENING), depth
        assert hold.frozen_reason == ("deposit_vanished" if was_final else "")
        assert scene.books() == {}, depth
    reversed_ = Transfer.objects.filter(kind="chain.deposited.reversed").count()
    assert (
        reversed_
        == Transfer.objects.filter(kind="chain.deposited").count()
        == len([depth for depth in depths if depth > FINALITY])
    )
    assert books.verify_books().verified


@pytest.mark.parametrize("depth", [2, 4, 12, 33, 64])
def test_a_deposit_that_comes_back_at_any_depth_counts_once(forking_scene: Scene, depth: int):
    scene = forking_scene
    scene.node.mine(70)
    hold, block = _paid(scene)
    raws = _raw_transactions(scene, block - 1, block)
    scene.node.mine(depth)
    scene.follow()
    _reorganise_with(scene.node, depth + 2, raws)
    scene.finalise()
    hold.refresh_from_db()
    assert (hold.state, hold.frozen_reason) == (Hold.State.OPEN, "")
    assert scene.books() == {"contract": -DOLLAR, "held": DOLLAR}
    assert books.verify_books().verified
    assert chain_reconciliation.reconcile_chain().balanced


def test_one_after_another_without_a_pause(forking_scene: Scene):
    scene = forking_scene
    scene.node.mine(70)
    hold, block = _paid(scene)
    raws = _raw_transactions(scene, block - 1, block)
    for depth in (3, 5, 1, 8, 2, 13):
        scene.node.mine(4)
        scene.follow()
        there = scene.node.web3.eth.block_number - block + 2
        _reorganise_with(scene.node, max(depth, there), raws)
        block = next(
            number
            for number in range(scene.node.web3.eth.block_number, 0, -1)
            if scene.node.web3.eth.get_block(number)["transactions"]
        )
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
    assert scene.books() == {"contract": -DOLLAR, "held": DOLLAR}
    assert books.verify_books().verified
