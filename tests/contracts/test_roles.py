"""The roles are split and stay split; only the admin gives and takes them; nothing senseless is built."""

import pytest
from eth_utils import keccak, to_checksum_address
from web3.exceptions import ContractCustomError
from web3.utils import get_create_address

from tests.contracts.anvil import Anvil
from tests.contracts.world import DAY, World, artifact, deploy, error_name, key, setup

pytestmark = pytest.mark.chain

NOBODY = "0x0000000000000000000000000000000000000000"
ADMIN_ROLE = bytes(32)
ROLES = ("CLEARANCE_SIGNER_ROLE", "SETTLER_ROLE", "GUARDIAN_ROLE", "TREASURER_ROLE")


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
        ({"maxFeeBps": 2**16 - 1}, "FeeTooHigh"),
        ({"admin": NOBODY}, "AccessControlInvalidDefaultAdmin"),
        ({"token": NOBODY}, "InvalidAddress"),
        ({"grace": 30 * DAY + 1}, "InvalidDelay"),
        ({"grace": 2**40 - 1}, "InvalidDelay"),
        ({"adminDelay": DAY - 1}, "InvalidDelay"),
        ({"adminDelay": 0}, "InvalidDelay"),
        ({"adminDelay": 30 * DAY + 1}, "InvalidDelay"),
        ({"adminDelay": 2**48 - 1}, "InvalidDelay"),
    ],
)
def test_a_senseless_contract_is_not_built(world: World, change: dict[str, object], error: str):
    with pytest.raises(ContractCustomError) as caught:
        deploy(world.node, artifact("GridclearEscrow"), setup(world.token.address, world.admin, **change))
    assert error_name(str(caught.value.data)) == error


@pytest.mark.parametrize("place", ["quarantine", "blockedProperty"])
def test_strays_and_seized_money_never_stay_in_the_contract_itself(world: World, place: str):
    deployer = world.admin
    count = world.node.web3.eth.get_transaction_count(deployer)
    itself = to_checksum_address(get_create_address(deployer, count))
    with pytest.raises(ContractCustomError) as caught:
        deploy(world.node, artifact("GridclearEscrow"), setup(world.token.address, deployer, **{place: itself}))
    assert error_name(str(caught.value.data)) == "InvalidAddress"


@pytest.mark.parametrize(("grace", "delay", "fee"), [(0, DAY, 0), (30 * DAY, 30 * DAY, 10_000)], ids=["least", "most"])
def test_a_contract_at_its_bounds_is_built(world: World, grace: int, delay: int, fee: int):
    bounds = {"grace": grace, "adminDelay": delay, "maxFeeBps": fee}
    built = deploy(world.node, artifact("GridclearEscrow"), setup(world.token.address, world.admin, **bounds))
    calls = built.functions
    assert (calls.GRACE().call(), calls.defaultAdminDelay().call(), calls.MAX_FEE_BPS().call()) == (grace, delay, fee)
    assert calls.MAX_GRACE().call() == calls.MAX_ADMIN_DELAY().call() == 30 * DAY
    assert calls.MIN_ADMIN_DELAY().call() == DAY


def test_each_role_begins_with_its_holder_and_the_bounds_are_fixed(world: World):
    calls = world.escrow.functions
    codes = calls.CLEARANCE_SIGNER_ROLE, calls.SETTLER_ROLE, calls.GUARDIAN_ROLE, calls.TREASURER_ROLE
    holders = world.signer, world.settler, world.guardian, world.treasurer
    for role, code, who in zip(ROLES, codes, holders, strict=True):
        assert code().call() == keccak(text=role)
        assert calls.hasRole(keccak(text=role), who.address).call()
        assert calls.getRoleAdmin(keccak(text=role)).call() == ADMIN_ROLE
    assert calls.DEFAULT_ADMIN_ROLE().call() == ADMIN_ROLE
    assert calls.defaultAdmin().call() == calls.owner().call() == world.admin
    assert calls.defaultAdminDelay().call() == 2 * DAY
    assert (calls.TOKEN().call(), calls.QUARANTINE().call()) == (world.token.address, world.quarantine)
    assert calls.BLOCKED_PROPERTY().call() == world.blocked


def test_the_admin_changes_a_role_and_nobody_else_does(world: World):
    role = keccak(text="SETTLER_ROLE")
    grant = world.escrow.functions.grantRole(role, world.stranger.address)
    for who in (world.settler, world.guardian, world.treasurer, world.signer, world.stranger):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(who, grant)
    receipt = world.by_admin(grant)
    event = {"role": role, "account": world.stranger.address, "sender": world.admin}
    assert world.events(receipt, "RoleGranted") == [event]
    assert world.escrow.functions.hasRole(role, world.stranger.address).call()
    assert world.by_admin(grant)["logs"] == []


def test_the_admin_takes_a_role_and_nobody_else_does(world: World):
    role = keccak(text="SETTLER_ROLE")
    terms = world.terms()
    world.deposit(terms)
    revoke = world.escrow.functions.revokeRole(role, world.settler.address)
    for who in (world.settler, world.guardian, world.treasurer, world.signer, world.stranger):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(who, revoke)
    world.settle(terms, 0)
    receipt = world.by_admin(revoke)
    event = {"role": role, "account": world.settler.address, "sender": world.admin}
    assert world.events(receipt, "RoleRevoked") == [event]
    with world.refused("AccessControlUnauthorizedAccount"):
        world.settle(terms, 0)
    assert world.by_admin(revoke)["logs"] == []


def test_a_role_is_given_up_by_its_holder_alone(world: World):
    role = keccak(text="GUARDIAN_ROLE")
    renounce = world.escrow.functions.renounceRole(role, world.guardian.address)
    for who in (world.stranger, world.treasurer):
        with world.refused("AccessControlBadConfirmation"):
            world.send(who, renounce)
    with world.refused("AccessControlBadConfirmation"):
        renounce.call({"from": world.admin})
    receipt = world.send(world.guardian, renounce)
    event = {"role": role, "account": world.guardian.address, "sender": world.guardian.address}
    assert world.events(receipt, "RoleRevoked") == [event]
    with world.refused("AccessControlUnauthorizedAccount"):
        world.freeze_account(world.payee)


def test_the_admins_own_role_is_neither_given_nor_taken_like_another(world: World):
    calls = world.escrow.functions
    for call in (calls.grantRole(ADMIN_ROLE, world.stranger.address), calls.revokeRole(ADMIN_ROLE, world.admin)):
        for sender in (world.admin, world.stranger.address):
            with world.refused("AccessControlEnforcedDefaultAdminRules"):
                call.call({"from": sender})


def test_a_role_that_does_not_exist_is_the_admins_too(world: World):
    grant = world.escrow.functions.grantRole(keccak(text="ANOTHER_ROLE"), world.stranger.address)
    with world.refused("AccessControlUnauthorizedAccount"):
        world.send(world.stranger, grant)


@pytest.mark.parametrize("role", ROLES)
def test_no_account_ever_holds_two_roles(world: World, role: str):
    code = keccak(text=role)
    calls = world.escrow.functions
    holders = {"CLEARANCE_SIGNER_ROLE": world.signer, "SETTLER_ROLE": world.settler}
    holders |= {"GUARDIAN_ROLE": world.guardian, "TREASURER_ROLE": world.treasurer}
    others = [who.address for name, who in holders.items() if name != role]
    for account in [*others, world.admin]:
        with world.refused("RolesNotSplit"):
            calls.grantRole(code, account).call({"from": world.admin})
    # Who gave one role up may have another.
    world.send(world.signer, calls.renounceRole(keccak(text="CLEARANCE_SIGNER_ROLE"), world.signer.address))
    world.by_admin(calls.grantRole(code, world.signer.address))


def test_a_signer_whose_role_was_taken_clears_nothing(world: World):
    terms = world.terms()
    clearance = world.clearance(terms)
    role = keccak(text="CLEARANCE_SIGNER_ROLE")
    world.by_admin(world.escrow.functions.revokeRole(role, world.signer.address))
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, clearance)


def test_only_its_owner_mints_the_test_token(anvil: Anvil, world: World):
    with world.refused("OwnableUnauthorizedAccount"):
        world.send(world.stranger, world.token.functions.mint(world.stranger.address, 1))
    assert (world.token.functions.decimals().call(), world.token.functions.version().call()) == (6, "1")
