"""The admin hands its place on only to whoever accepts, after a delay that itself changes only after one."""

import pytest

from tests.contracts.anvil import Anvil
from tests.contracts.world import DAY, World

pytestmark = pytest.mark.chain

NOBODY = "0x0000000000000000000000000000000000000000"
ADMIN_ROLE = bytes(32)
DELAY = 2 * DAY


def _until(node: Anvil, time: int) -> None:
    """The next transaction's block has that time."""
    node.pass_time(time - 1 - node.now())


# -- handing on ------------------------------------------------------------------------------------------------


def test_the_admin_itself_changes_only_after_the_delay(world: World):
    calls = world.escrow.functions
    receipt = world.by_admin(calls.beginDefaultAdminTransfer(world.stranger.address))
    due = world.node.now() + DELAY
    event = {"newAdmin": world.stranger.address, "acceptSchedule": due}
    assert world.events(receipt, "DefaultAdminTransferScheduled") == [event]
    assert calls.pendingDefaultAdmin().call() == [world.stranger.address, due]
    with world.refused("AccessControlEnforcedDefaultAdminDelay"):
        world.send(world.stranger, calls.acceptDefaultAdminTransfer())
    _until(world.node, due)
    with world.node.undone(), world.refused("AccessControlEnforcedDefaultAdminDelay"):
        world.send(world.stranger, calls.acceptDefaultAdminTransfer())
    _until(world.node, due + 1)
    world.send(world.stranger, calls.acceptDefaultAdminTransfer())
    assert calls.defaultAdmin().call() == calls.owner().call() == world.stranger.address
    assert calls.pendingDefaultAdmin().call() == [NOBODY, 0]
    # Whoever was admin is one no more, and its place serves once.
    with world.refused("AccessControlUnauthorizedAccount"):
        calls.grantRole(calls.SETTLER_ROLE().call(), world.payee.address).call({"from": world.admin})
    with world.refused("AccessControlInvalidDefaultAdmin"):
        world.send(world.stranger, calls.acceptDefaultAdminTransfer())


def test_only_whoever_was_named_accepts(world: World):
    calls = world.escrow.functions
    world.by_admin(calls.beginDefaultAdminTransfer(world.stranger.address))
    world.node.pass_time(DELAY + 1)
    for who in (world.admin, world.payer.address, world.settler.address):
        with world.refused("AccessControlInvalidDefaultAdmin"):
            calls.acceptDefaultAdminTransfer().call({"from": who})


def test_another_beginning_replaces_the_first_and_takes_the_delay_anew(world: World):
    calls = world.escrow.functions
    world.by_admin(calls.beginDefaultAdminTransfer(world.stranger.address))
    world.node.pass_time(DELAY - 10)
    receipt = world.by_admin(calls.beginDefaultAdminTransfer(world.payer.address))
    assert len(world.events(receipt, "DefaultAdminTransferCanceled")) == 1
    world.node.pass_time(DAY)
    for who, error in (
        (world.stranger, "AccessControlInvalidDefaultAdmin"),
        (world.payer, "AccessControlEnforcedDefaultAdminDelay"),
    ):
        with world.refused(error):
            world.send(who, calls.acceptDefaultAdminTransfer())


def test_a_role_holder_cannot_become_admin(world: World):
    calls = world.escrow.functions
    world.by_admin(calls.beginDefaultAdminTransfer(world.settler.address))
    world.node.pass_time(3 * DAY)
    with world.refused("RolesNotSplit"):
        world.send(world.settler, calls.acceptDefaultAdminTransfer())


def test_an_admin_transfer_can_be_called_off(world: World):
    calls = world.escrow.functions
    world.by_admin(calls.beginDefaultAdminTransfer(world.stranger.address))
    receipt = world.by_admin(calls.cancelDefaultAdminTransfer())
    assert len(world.events(receipt, "DefaultAdminTransferCanceled")) == 1
    world.node.pass_time(3 * DAY)
    with world.refused("AccessControlInvalidDefaultAdmin"):
        world.send(world.stranger, calls.acceptDefaultAdminTransfer())
    # Called off when there is none: nothing happens.
    assert world.by_admin(calls.cancelDefaultAdminTransfer())["logs"] == []


def test_the_admins_place_is_given_up_only_after_the_delay_too(world: World):
    calls = world.escrow.functions
    renounce = calls.renounceRole(ADMIN_ROLE, world.admin)
    with world.refused("AccessControlEnforcedDefaultAdminDelay"):
        renounce.call({"from": world.admin})
    world.by_admin(calls.beginDefaultAdminTransfer(NOBODY))
    with world.refused("AccessControlEnforcedDefaultAdminDelay"):
        renounce.call({"from": world.admin})
    world.node.pass_time(DELAY + 1)
    with world.refused("AccessControlBadConfirmation"):
        world.send(world.stranger, renounce)
    world.by_admin(renounce)
    assert calls.defaultAdmin().call() == NOBODY
    with world.refused("AccessControlUnauthorizedAccount"):
        calls.grantRole(calls.SETTLER_ROLE().call(), world.stranger.address).call({"from": world.admin})


@pytest.mark.parametrize("who", ["stranger", "payer", "settler", "guardian", "treasurer", "signer"])
def test_nobody_else_touches_the_admins_place_or_its_delay(world: World, who: str):
    calls, sender = world.escrow.functions, getattr(world, who)
    for call in (
        calls.beginDefaultAdminTransfer(sender.address),
        calls.cancelDefaultAdminTransfer(),
        calls.changeDefaultAdminDelay(0),
        calls.rollbackDefaultAdminDelay(),
    ):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(sender, call)


# -- the delay -------------------------------------------------------------------------------------------------


def test_a_shorter_delay_holds_once_the_difference_has_passed(world: World):
    calls = world.escrow.functions
    receipt = world.by_admin(calls.changeDefaultAdminDelay(DAY))
    due = world.node.now() + DELAY - DAY
    assert world.events(receipt, "DefaultAdminDelayChangeScheduled") == [{"newDelay": DAY, "effectSchedule": due}]
    assert calls.pendingDefaultAdminDelay().call() == [DAY, due]
    # Too early, a transfer takes the old delay: whoever took the key gains nothing by a change.
    world.by_admin(calls.beginDefaultAdminTransfer(world.stranger.address))
    assert calls.pendingDefaultAdmin().call()[1] == world.node.now() + DELAY
    world.node.pass_time(due - world.node.now())
    assert calls.defaultAdminDelay().call() == DELAY
    world.node.mine()
    assert calls.defaultAdminDelay().call() == DAY
    assert calls.pendingDefaultAdminDelay().call() == [0, 0]
    world.by_admin(calls.beginDefaultAdminTransfer(world.stranger.address))
    assert calls.pendingDefaultAdmin().call()[1] == world.node.now() + DAY


@pytest.mark.parametrize(("delay", "wait"), [(3 * DAY, 3 * DAY), (10 * DAY, 5 * DAY)])
def test_a_longer_delay_holds_after_five_days_at_most(world: World, delay: int, wait: int):
    calls = world.escrow.functions
    world.by_admin(calls.changeDefaultAdminDelay(delay))
    assert calls.pendingDefaultAdminDelay().call() == [delay, world.node.now() + wait]
    assert calls.defaultAdminDelayIncreaseWait().call() == 5 * DAY
    world.node.pass_time(wait + 1)
    assert calls.defaultAdminDelay().call() == delay


def test_a_change_of_the_delay_can_be_called_off_or_replaced(world: World):
    calls = world.escrow.functions
    world.by_admin(calls.changeDefaultAdminDelay(DAY))
    receipt = world.by_admin(calls.changeDefaultAdminDelay(3 * DAY))
    assert len(world.events(receipt, "DefaultAdminDelayChangeCanceled")) == 1
    assert calls.pendingDefaultAdminDelay().call() == [3 * DAY, world.node.now() + 3 * DAY]
    receipt = world.by_admin(calls.rollbackDefaultAdminDelay())
    assert len(world.events(receipt, "DefaultAdminDelayChangeCanceled")) == 1
    world.node.pass_time(4 * DAY)
    assert calls.defaultAdminDelay().call() == DELAY
    # Called off when there is none: nothing happens.
    assert world.by_admin(calls.rollbackDefaultAdminDelay())["logs"] == []


def test_the_interfaces_are_those_of_the_standards(world: World):
    calls = world.escrow.functions
    erc165, access_control, default_admin_rules = "0x01ffc9a7", "0x7965db0b", "0x31498786"
    for interface in (erc165, access_control, default_admin_rules):
        assert calls.supportsInterface(interface).call()
    for interface in ("0xffffffff", "0x36372b07"):
        assert not calls.supportsInterface(interface).call()
