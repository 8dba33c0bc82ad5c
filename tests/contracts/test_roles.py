"""The roles are split and stay split; only the admin gives and takes them, and is itself changed after a delay."""

import pytest
from eth_utils import keccak
from web3.exceptions import ContractCustomError

from tests.contracts.anvil import Anvil
from tests.contracts.world import DAY, World, artifact, deploy, error_name, key, setup

pytestmark = pytest.mark.chain

NOBODY = "0x0000000000000000000000000000000000000000"
ROLES = ("CLEARANCE_SIGNER_ROLE", "SETTLER_ROLE", "GUARDIAN_ROLE", "TREASURER_ROLE")


def _admin(world: World) -> str:
    return world.node.web3.eth.accounts[0]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"token": "0x000000000000000000000000000000000000dEaD"}, "InvalidAddress"),
        ({"quarantine": NOBODY}, "InvalidAddress"),
        ({"blockedProperty": NOBODY}, "InvalidAddress"),
        ({"clearanceSigner": NOBODY}, "InvalidAddress"),
        ({"settler": NOBODY}, "InvalidAddress"),
        ({"guardian": NOBODY}, "InvalidAddress"),
        ({"treasurer": NOBODY}, "InvalidAddress"),
        ({"settler": key("signer").address}, "RolesNotSplit"),
        ({"guardian": key("signer").address}, "RolesNotSplit"),
        ({"guardian": key("settler").address}, "RolesNotSplit"),
        ({"treasurer": key("guardian").address}, "RolesNotSplit"),
        ({"admin": key("treasurer").address}, "RolesNotSplit"),
        ({"maxFeeBps": 10_001}, "FeeTooHigh"),
        ({"admin": NOBODY}, "AccessControlInvalidDefaultAdmin"),
    ],
)
def test_a_senseless_contract_is_not_built(world: World, change: dict[str, object], error: str):
    with pytest.raises(ContractCustomError) as caught:
        deploy(world.node, artifact("GridclearEscrow"), setup(world.token.address, _admin(world), **change))
    assert error_name(str(caught.value.data)) == error


def test_each_role_begins_with_its_holder_and_the_bounds_are_fixed(world: World):
    calls = world.escrow.functions
    for role, who in zip(ROLES, (world.signer, world.settler, world.guardian, world.treasurer), strict=True):
        assert calls.hasRole(keccak(text=role), who.address).call()
        assert calls[role]().call() == keccak(text=role)
    assert calls.defaultAdmin().call() == _admin(world)
    assert calls.defaultAdminDelay().call() == 2 * DAY
    assert (calls.TOKEN().call(), calls.QUARANTINE().call()) == (world.token.address, world.quarantine)
    assert calls.BLOCKED_PROPERTY().call() == world.blocked


def test_the_admin_changes_a_role_and_nobody_else_does(world: World):
    role = keccak(text="SETTLER_ROLE")
    grant = world.escrow.functions.grantRole(role, world.stranger.address)
    for who in (world.settler, world.guardian, world.treasurer, world.signer, world.stranger):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(who, grant)
    grant.transact({"from": _admin(world)})
    assert world.escrow.functions.hasRole(role, world.stranger.address).call()


@pytest.mark.parametrize("role", ROLES)
def test_no_account_ever_holds_two_roles(world: World, role: str):
    code = keccak(text=role)
    calls = world.escrow.functions
    holders = {"CLEARANCE_SIGNER_ROLE": world.signer, "SETTLER_ROLE": world.settler}
    holders |= {"GUARDIAN_ROLE": world.guardian, "TREASURER_ROLE": world.treasurer}
    others = [who.address for name, who in holders.items() if name != role]
    for account in [*others, _admin(world)]:
        with world.refused("RolesNotSplit"):
            calls.grantRole(code, account).call({"from": _admin(world)})
    # Who gave one role up may have another.
    world.send(world.signer, calls.renounceRole(keccak(text="CLEARANCE_SIGNER_ROLE"), world.signer.address))
    calls.grantRole(code, world.signer.address).transact({"from": _admin(world)})


def test_the_admin_itself_changes_only_after_the_delay(world: World):
    calls = world.escrow.functions
    calls.beginDefaultAdminTransfer(world.stranger.address).transact({"from": _admin(world)})
    with world.refused("AccessControlEnforcedDefaultAdminDelay"):
        world.send(world.stranger, calls.acceptDefaultAdminTransfer())
    world.node.pass_time(2 * DAY)
    world.send(world.stranger, calls.acceptDefaultAdminTransfer())
    assert calls.defaultAdmin().call() == world.stranger.address


def test_a_role_holder_cannot_become_admin(world: World):
    calls = world.escrow.functions
    calls.beginDefaultAdminTransfer(world.settler.address).transact({"from": _admin(world)})
    world.node.pass_time(3 * DAY)
    with world.refused("RolesNotSplit"):
        world.send(world.settler, calls.acceptDefaultAdminTransfer())


def test_an_admin_transfer_can_be_called_off(world: World):
    calls = world.escrow.functions
    calls.beginDefaultAdminTransfer(world.stranger.address).transact({"from": _admin(world)})
    calls.cancelDefaultAdminTransfer().transact({"from": _admin(world)})
    world.node.pass_time(3 * DAY)
    with world.refused("AccessControlInvalidDefaultAdmin"):
        world.send(world.stranger, calls.acceptDefaultAdminTransfer())


def test_a_signer_whose_role_was_taken_clears_nothing(world: World):
    terms = world.terms()
    clearance = world.clearance(terms)
    role = keccak(text="CLEARANCE_SIGNER_ROLE")
    world.escrow.functions.revokeRole(role, world.signer.address).transact({"from": _admin(world)})
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, clearance)


def test_only_its_owner_mints_the_test_token(anvil: Anvil, world: World):
    with world.refused("OwnableUnauthorizedAccount"):
        world.send(world.stranger, world.token.functions.mint(world.stranger.address, 1))
    assert (world.token.functions.decimals().call(), world.token.functions.version().call()) == (6, "1")
