"""Every outflow is a pull by whoever is entitled to it; strays are nobody's and go to quarantine only."""

import pytest
from eth_utils import keccak

from tests.contracts.anvil import Anvil
from tests.contracts.world import DOLLAR, HOUR, Terms, World, build_world, deploy, mocks

pytestmark = pytest.mark.chain

# -- withdrawals -------------------------------------------------------------------------------------------------


def _settled(world: World) -> Terms:
    terms = world.terms()
    world.deposit(terms)
    world.node.pass_time(HOUR)
    world.close(terms, 4 * DOLLAR)
    return terms


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
    receipt = world.withdraw(world.payee)
    share = 380 * DOLLAR // 100
    assert world.events(receipt, "Withdrawn") == [{"account": world.payee.address, "amount": share}]
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
    receipt = world.send(world.treasurer, calls.withdrawFees(world.quarantine))
    assert world.events(receipt, "FeesWithdrawn") == [{"to": world.quarantine, "amount": 20 * DOLLAR // 100}]
    assert calls.feesAccrued().call() == 0
    with world.refused("NothingToWithdraw"):
        world.send(world.treasurer, calls.withdrawFees(world.quarantine))


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
    with world.refused("NothingToWithdraw"):
        world.send(world.treasurer, world.escrow.functions.sweep(coin.address))


def test_ether_is_not_taken(world: World):
    web3 = world.node.web3
    sent = web3.eth.send_transaction(
        {"from": web3.eth.accounts[1], "to": world.escrow.address, "value": 1, "gas": 100_000}
    )
    assert web3.eth.wait_for_transaction_receipt(sent)["status"] == 0
    assert web3.eth.get_balance(world.escrow.address) == 0


# -- tokens that misbehave on the way out ------------------------------------------------------------------------

RETURNS_FALSE, REENTERS, REFUSES_RECEIVER = 2, 3, 4


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
        world.deposit(ref=keccak(text="another lease"))


@pytest.mark.parametrize(
    ("fault", "error"), [(REENTERS, "ReentrancyGuardReentrantCall"), (RETURNS_FALSE, "SafeERC20FailedOperation")]
)
def test_a_token_that_misbehaves_on_the_way_out_leaves_everything_where_it_was(anvil: Anvil, fault: int, error: str):
    with anvil.undone():
        world = _bad_world(anvil, fault)
        calls = world.escrow.functions
        world.send(world.stranger, world.token.functions.mint(world.escrow.address, 3))
        for who, call in (
            (world.payee, calls.withdraw(world.payee.address)),
            (world.treasurer, calls.withdrawFees(world.quarantine)),
            (world.treasurer, calls.sweep(world.token.address)),
        ):
            with world.refused(error):
                world.send(who, call)
        world.send(world.stranger, world.token.functions.misbehave(0, world.payee.address))
        world.withdraw(world.payee)
        world.send(world.treasurer, calls.withdrawFees(world.quarantine))
        world.send(world.treasurer, calls.sweep(world.token.address))
        assert world.balance(world.escrow.address) == calls.accounted().call() == 6 * DOLLAR
