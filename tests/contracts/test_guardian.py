"""A freeze stops a lease's or an account's money, with a case and an end; the roles are split and fixed."""

import pytest
from eth_utils import keccak
from web3.exceptions import ContractCustomError

from tests.contracts.anvil import Anvil
from tests.contracts.world import (
    CASE,
    DOLLAR,
    GRACE,
    HOUR,
    LEASE,
    World,
    artifact,
    deploy,
    error_name,
    escrow_arguments,
    key,
)

pytestmark = pytest.mark.chain

DAY = 24 * HOUR


# -- freezing a lease --------------------------------------------------------------------------------------------


def test_a_frozen_lease_stays_frozen_in_every_way_and_thaws(world: World):
    terms = world.clearance()
    world.deposit(terms)
    world.node.pass_time(terms["leaseExpiry"] + GRACE - world.node.now() + 1)
    receipt = world.freeze(DAY)
    until = world.stands()["frozenUntil"]
    assert world.events(receipt, "Frozen") == [{"leaseId": LEASE, "caseRef": CASE, "until": until}]
    for attempt in (
        lambda: world.settle(DOLLAR),
        lambda: world.close(DOLLAR),
        lambda: world.send(world.payer, world.escrow.functions.reclaim(LEASE)),
    ):
        with world.refused("FrozenByGuardian"):
            attempt()
    receipt = world.send(world.guardian, world.escrow.functions.unfreeze(LEASE, CASE))
    assert world.events(receipt, "Unfrozen") == [{"leaseId": LEASE, "caseRef": CASE}]
    world.send(world.payer, world.escrow.functions.reclaim(LEASE))


def test_a_freeze_ends_by_itself_and_can_be_renewed(world: World):
    world.deposit()
    world.freeze(HOUR)
    world.node.pass_time(HOUR // 2)
    world.freeze(HOUR)
    world.node.pass_time(HOUR // 2 + 5)
    with world.refused("FrozenByGuardian"):
        world.settle(1)
    world.node.pass_time(HOUR // 2)
    world.settle(1)
    with world.refused("NotFrozen"):
        world.send(world.guardian, world.escrow.functions.unfreeze(LEASE, CASE))


def test_a_freeze_has_an_end_in_the_future_and_within_90_days(world: World):
    world.deposit()
    for seconds in (0, 90 * DAY + 10):
        with world.refused("InvalidFreeze"):
            world.freeze(seconds)
        with world.refused("InvalidFreeze"):
            _freeze_account(world, seconds)


def test_only_what_is_open_can_be_frozen(world: World):
    with world.refused("NotOpen"):
        world.freeze()
    world.deposit()
    world.close(0)
    with world.refused("NotOpen"):
        world.freeze()


def test_another_lease_moves_while_one_is_frozen(world: World):
    other = keccak(text="another lease")
    world.deposit()
    world.deposit(leaseId=other, nonce=2)
    world.freeze()
    world.settle(1, lease=other)


# -- freezing an account -----------------------------------------------------------------------------------------


def _freeze_account(world: World, seconds: int) -> None:
    until = world.node.now() + seconds
    world.send(world.guardian, world.escrow.functions.freezeAccount(world.payee.address, CASE, until))


def test_a_frozen_account_cannot_withdraw_and_others_can(world: World):
    world.deposit()
    world.node.pass_time(HOUR)
    world.close(DOLLAR)
    _freeze_account(world, DAY)
    for who in (world.payee, world.stranger):
        with world.refused("FrozenByGuardian"):
            world.send(who, world.escrow.functions.withdraw(world.payee.address))
    world.withdraw(world.payer)
    with world.node.undone():
        world.send(world.guardian, world.escrow.functions.unfreezeAccount(world.payee.address, CASE))
        world.withdraw(world.payee)
    world.node.pass_time(DAY)
    world.withdraw(world.payee)
    with world.refused("NotFrozen"):
        world.send(world.guardian, world.escrow.functions.unfreezeAccount(world.payee.address, CASE))


@pytest.mark.parametrize("who", ["stranger", "payer", "payee", "settler", "signer", "treasurer"])
def test_only_the_guardian_freezes(world: World, who: str):
    world.deposit()
    world.freeze()
    until = world.node.now() + HOUR
    calls = world.escrow.functions
    for call in (
        calls.freeze(LEASE, CASE, until),
        calls.unfreeze(LEASE, CASE),
        calls.freezeAccount(world.payee.address, CASE, until),
        calls.unfreezeAccount(world.payee.address, CASE),
    ):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(getattr(world, who), call)


# -- construction and administration -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"token": "0x000000000000000000000000000000000000dEaD"}, "InvalidAddress"),
        ({"quarantine": "0x0000000000000000000000000000000000000000"}, "InvalidAddress"),
        ({"settler": "0x0000000000000000000000000000000000000000"}, "InvalidAddress"),
        ({"settler": key("signer").address}, "RolesNotSplit"),
        ({"guardian": key("signer").address}, "RolesNotSplit"),
        ({"guardian": key("settler").address}, "RolesNotSplit"),
        ({"maxFeeBps": 10_001}, "FeeTooHigh"),
        ({"admin": "0x0000000000000000000000000000000000000000"}, "AccessControlInvalidDefaultAdmin"),
    ],
)
def test_a_senseless_contract_is_not_built(world: World, change: dict[str, object], error: str):
    admin = world.node.web3.eth.accounts[0]
    compiled = artifact("GridclearEscrow")
    with pytest.raises(ContractCustomError) as caught:
        deploy(world.node, compiled, *escrow_arguments(world.token.address, admin, **change))
    assert error_name(str(caught.value.data)) == error


def test_the_admin_changes_a_role_and_nobody_else_does(world: World):
    role = keccak(text="SETTLER_ROLE")
    grant = world.escrow.functions.grantRole(role, world.stranger.address)
    with world.refused("AccessControlUnauthorizedAccount"):
        world.send(world.settler, grant)
    grant.transact({"from": world.node.web3.eth.accounts[0]})
    assert world.escrow.functions.hasRole(role, world.stranger.address).call()


def test_the_admin_itself_changes_only_after_the_delay(world: World):
    admin = world.node.web3.eth.accounts[0]
    calls = world.escrow.functions
    calls.beginDefaultAdminTransfer(world.stranger.address).transact({"from": admin})
    with world.refused("AccessControlEnforcedDefaultAdminDelay"):
        world.send(world.stranger, calls.acceptDefaultAdminTransfer())
    world.node.pass_time(2 * DAY)
    world.send(world.stranger, calls.acceptDefaultAdminTransfer())
    assert calls.defaultAdmin().call() == world.stranger.address


def test_a_signer_whose_role_was_taken_clears_nothing(world: World):
    terms = world.clearance()
    signature = world.sign(terms)
    role = keccak(text="CLEARANCE_SIGNER_ROLE")
    world.escrow.functions.revokeRole(role, world.signer.address).transact({"from": world.node.web3.eth.accounts[0]})
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, signature)


def test_only_its_owner_mints_the_test_token(anvil: Anvil, world: World):
    with world.refused("OwnableUnauthorizedAccount"):
        world.send(world.stranger, world.token.functions.mint(world.stranger.address, 1))
    assert world.token.functions.decimals().call() == 6
