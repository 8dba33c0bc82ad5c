"""Charges are cumulative and bounded; what is left goes back; every outflow is a pull; strays are nobody's."""

import pytest
from eth_utils import keccak

from tests.contracts.anvil import Anvil
from tests.contracts.world import (
    DOLLAR,
    GRACE,
    HOUR,
    LEASE,
    World,
    as_tuple,
    build_world,
    deploy,
    mocks,
    selector,
)

pytestmark = pytest.mark.chain

OTHER = keccak(text="another lease")
RATE = 5 * DOLLAR


# -- settle ------------------------------------------------------------------------------------------------


def test_a_charge_is_split_between_payee_and_fee(world: World):
    world.deposit()
    world.node.pass_time(HOUR)
    receipt = world.settle(4 * DOLLAR)
    assert world.entitlement(world.payee) == 380 * DOLLAR // 100
    assert world.escrow.functions.feesAccrued().call() == 20 * DOLLAR // 100
    assert world.stands()["settled"] == 4 * DOLLAR
    assert world.events(receipt, "Settled") == [
        {
            "leaseId": LEASE,
            "cumulative": 4 * DOLLAR,
            "payeeAmount": 380 * DOLLAR // 100,
            "feeAmount": 20 * DOLLAR // 100,
        }
    ]


def test_many_small_charges_cost_what_one_large_one_does(world: World):
    world.deposit()
    world.node.pass_time(HOUR)
    totals = [7, 19, 20, 39, 41, 1_000_003]
    for total in totals:
        world.settle(total)
    assert world.escrow.functions.feesAccrued().call() == totals[-1] * 500 // 10_000
    assert world.entitlement(world.payee) == totals[-1] - totals[-1] * 500 // 10_000


def test_a_replayed_or_reordered_total_does_nothing(world: World):
    world.deposit()
    world.node.pass_time(HOUR)
    world.settle(2 * DOLLAR)
    before = world.untouched()
    for stale in (2 * DOLLAR, DOLLAR, 0):
        assert world.settle(stale)["logs"] == []
        assert world.untouched() == before


def test_time_bounds_the_charge_to_the_second(world: World):
    world.deposit()
    deposited_at = world.stands()["depositedAt"]
    world.node.pass_time(deposited_at + 719 - world.node.now())
    bound = RATE * 720 // 3600
    with world.refused("AboveBound"):
        world.settle(bound + 1)
    world.settle(bound)
    assert world.node.now() == deposited_at + 720
    assert world.stands()["settled"] == bound


def test_the_deposit_bounds_the_charge(world: World):
    world.deposit(cap=3 * DOLLAR)
    world.node.pass_time(HOUR)
    with world.refused("AboveBound"):
        world.settle(3 * DOLLAR + 1)
    world.settle(3 * DOLLAR)


def test_charges_do_not_grow_past_the_expiry(world: World):
    world.deposit(leaseExpiry=world.node.now() + 1 + HOUR)
    started = world.stands()
    seconds = started["leaseExpiry"] - started["depositedAt"]
    world.node.pass_time(2 * HOUR)
    with world.refused("AboveBound"):
        world.settle(RATE * seconds // 3600 + 1)
    world.settle(RATE * seconds // 3600)


def test_nothing_is_charged_without_a_deposit(world: World):
    with world.refused("NotOpen"):
        world.settle(1)
    with world.refused("NotOpen"):
        world.close(0)


@pytest.mark.parametrize("who", ["stranger", "payer", "payee", "signer", "guardian", "treasurer"])
def test_only_the_settler_charges_and_closes(world: World, who: str):
    world.deposit()
    world.node.pass_time(HOUR)
    calls = world.escrow.functions
    for call in (calls.settle(LEASE, 1), calls.settleBatch([(LEASE, 1)]), calls.close(LEASE, 1)):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(getattr(world, who), call)


def test_a_batch_charges_each_line_and_leaves_out_the_bad_ones(world: World):
    world.deposit()
    world.deposit(leaseId=OTHER, nonce=2)
    frozen = keccak(text="a frozen lease")
    world.deposit(leaseId=frozen, nonce=3)
    world.node.pass_time(HOUR)
    world.freeze(lease=frozen)
    unknown = keccak(text="no lease")
    lines = [(LEASE, DOLLAR), (unknown, 1), (frozen, 1), (OTHER, 99 * DOLLAR), (OTHER, 2 * DOLLAR), (LEASE, DOLLAR)]
    receipt = world.send(world.settler, world.escrow.functions.settleBatch(lines))
    assert [(e["leaseId"], e["reason"]) for e in world.events(receipt, "LineSkipped")] == [
        (unknown, selector("NotOpen")),
        (frozen, selector("FrozenByGuardian")),
        (OTHER, selector("AboveBound")),
    ]
    assert [e["cumulative"] for e in world.events(receipt, "Settled")] == [DOLLAR, 2 * DOLLAR]
    assert world.escrow.functions.feesAccrued().call() == 3 * DOLLAR * 500 // 10_000


# -- close and reclaim -----------------------------------------------------------------------------------------


def test_closing_charges_the_last_time_and_returns_the_rest(world: World):
    world.deposit()
    world.node.pass_time(HOUR)
    world.settle(DOLLAR)
    receipt = world.close(4 * DOLLAR)
    assert world.events(receipt, "Closed") == [{"leaseId": LEASE, "settled": 4 * DOLLAR, "refunded": 6 * DOLLAR}]
    assert world.entitlement(world.payer) == 6 * DOLLAR
    with world.refused("NotOpen"):
        world.settle(5 * DOLLAR)
    with world.refused("NotOpen"):
        world.close(5 * DOLLAR)


def test_closing_takes_back_nothing_that_was_charged(world: World):
    world.deposit()
    world.node.pass_time(HOUR)
    world.settle(3 * DOLLAR)
    world.close(DOLLAR)
    assert world.stands()["settled"] == 3 * DOLLAR
    assert world.entitlement(world.payer) == 7 * DOLLAR


def test_closing_cannot_charge_above_the_bound(world: World):
    world.deposit()
    with world.refused("AboveBound"):
        world.close(10 * DOLLAR)


def test_the_payer_reclaims_after_grace_with_nobodys_consent(world: World):
    terms = world.clearance()
    world.deposit(terms)
    world.node.pass_time(HOUR)
    world.settle(DOLLAR)
    world.node.pass_time(terms["leaseExpiry"] + GRACE - world.node.now() - 1)
    with world.node.undone(), world.refused("TooEarly"):
        world.send(world.payer, world.escrow.functions.reclaim(LEASE))
    world.node.mine()
    with world.refused("NotPayer"):
        world.send(world.payee, world.escrow.functions.reclaim(LEASE))
    receipt = world.send(world.payer, world.escrow.functions.reclaim(LEASE))
    assert world.events(receipt, "Reclaimed") == [{"leaseId": LEASE, "settled": DOLLAR, "refunded": 9 * DOLLAR}]
    world.withdraw(world.payer)
    assert world.balance(world.payer) == 999 * DOLLAR
    with world.refused("NotOpen"):
        world.send(world.payer, world.escrow.functions.reclaim(LEASE))


# -- withdrawals -------------------------------------------------------------------------------------------------


def _settled(world: World) -> None:
    world.deposit()
    world.node.pass_time(HOUR)
    world.close(4 * DOLLAR)


def test_everyone_gets_what_is_theirs_and_the_contract_is_empty(world: World):
    _settled(world)
    world.withdraw(world.payer)
    world.withdraw(world.payee)
    world.send(world.treasurer, world.escrow.functions.withdrawFees(world.quarantine))
    assert world.balance(world.payer) == 996 * DOLLAR
    assert world.balance(world.payee) == 380 * DOLLAR // 100
    assert world.balance(world.quarantine) == 20 * DOLLAR // 100
    assert world.balance(world.escrow.address) == 0
    assert world.escrow.functions.accounted().call() == 0


def test_a_stranger_may_pay_the_gas_but_the_payee_gets_the_money(world: World):
    _settled(world)
    world.send(world.stranger, world.escrow.functions.withdraw(world.payee.address))
    assert world.balance(world.payee) == 380 * DOLLAR // 100
    assert world.balance(world.stranger) == 0


def test_nobody_withdraws_without_an_entitlement_or_twice(world: World):
    with world.refused("NothingToWithdraw"):
        world.withdraw(world.payee)
    _settled(world)
    world.withdraw(world.payee)
    with world.refused("NothingToWithdraw"):
        world.withdraw(world.payee)
    with world.refused("NothingToWithdraw"):
        world.withdraw(world.settler)


@pytest.mark.parametrize("who", ["stranger", "payer", "payee", "settler", "guardian", "signer"])
def test_only_the_treasurer_takes_fees_and_sweeps(world: World, who: str):
    _settled(world)
    calls = world.escrow.functions
    for call in (calls.withdrawFees(world.stranger.address), calls.sweep(world.token.address)):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(getattr(world, who), call)


def test_fees_go_to_no_senseless_place_and_only_once(world: World):
    calls = world.escrow.functions
    with world.refused("NothingToWithdraw"):
        world.send(world.treasurer, calls.withdrawFees(world.quarantine))
    _settled(world)
    for to in ("0x0000000000000000000000000000000000000000", world.escrow.address):
        with world.refused("InvalidAddress"):
            world.send(world.treasurer, calls.withdrawFees(to))


# -- strays ------------------------------------------------------------------------------------------------------


def test_tokens_sent_directly_are_never_credited_only_swept(world: World):
    _settled(world)
    held = world.escrow.functions.accounted().call()
    world.send(world.payer, world.token.functions.transfer(world.escrow.address, 7 * DOLLAR))
    assert world.escrow.functions.accounted().call() == held
    assert world.entitlement(world.payer) == 6 * DOLLAR
    receipt = world.send(world.treasurer, world.escrow.functions.sweep(world.token.address))
    assert world.events(receipt, "Swept") == [{"token": world.token.address, "amount": 7 * DOLLAR}]
    assert world.balance(world.quarantine) == 7 * DOLLAR
    assert world.balance(world.escrow.address) == held
    with world.refused("NothingToWithdraw"):
        world.send(world.treasurer, world.escrow.functions.sweep(world.token.address))


def test_foreign_tokens_are_swept_whole(world: World):
    coin = deploy(world.node, mocks()["BadToken"])
    world.send(world.stranger, coin.functions.mint(world.escrow.address, 5))
    world.send(world.treasurer, world.escrow.functions.sweep(coin.address))
    assert coin.functions.balanceOf(world.quarantine).call() == 5


def test_ether_is_not_taken(world: World):
    web3 = world.node.web3
    sent = web3.eth.send_transaction(
        {"from": web3.eth.accounts[1], "to": world.escrow.address, "value": 1, "gas": 100_000}
    )
    assert web3.eth.wait_for_transaction_receipt(sent)["status"] == 0
    assert web3.eth.get_balance(world.escrow.address) == 0


# -- tokens that misbehave on the way out ------------------------------------------------------------------------

REENTERS, REFUSES_RECEIVER = 3, 4


def _bad_world(anvil: Anvil, fault: int) -> World:
    world = build_world(anvil, deploy(anvil, mocks()["BadToken"]))
    _settled(world)
    world.send(world.stranger, world.token.functions.misbehave(fault, world.payee.address))
    return world


def test_a_token_that_calls_back_gets_nothing(anvil: Anvil):
    with anvil.undone():
        world = _bad_world(anvil, REENTERS)
        with world.refused("ReentrancyGuardReentrantCall"):
            world.withdraw(world.payee)


def test_a_payee_that_cannot_receive_blocks_nobody_else(anvil: Anvil):
    with anvil.undone():
        world = _bad_world(anvil, REFUSES_RECEIVER)
        with world.refused("ERC20InvalidReceiver"):
            world.withdraw(world.payee)
        world.withdraw(world.payer)
        assert world.balance(world.payer) == 996 * DOLLAR
        world.deposit(leaseId=OTHER, nonce=2)


def test_the_deposit_view_agrees_with_the_signed_digest(world: World):
    terms = world.clearance()
    digest = world.escrow.functions.clearanceDigest(as_tuple(terms)).call()
    recovered = world.node.web3.eth.account._recover_hash(digest, signature=world.sign(terms))
    assert recovered == world.signer.address
