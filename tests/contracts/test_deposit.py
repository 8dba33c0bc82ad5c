"""A deposit is credited with a fresh clearance for exactly these terms, and in no other way."""

import pytest
from eth_account import Account
from eth_utils import keccak

from tests.contracts.anvil import CHAIN_ID, Anvil
from tests.contracts.world import (
    DOLLAR,
    FEE_BPS,
    HOUR,
    LEASE,
    MAX_FEE_BPS,
    World,
    as_tuple,
    build_world,
    deploy,
    mocks,
)

pytestmark = pytest.mark.chain

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def test_a_cleared_deposit_is_credited(world: World):
    terms = world.clearance()
    receipt = world.deposit(terms)
    stands = world.stands()
    assert (stands["payer"], stands["payee"]) == (world.payer.address, world.payee.address)
    assert (stands["cap"], stands["settled"], stands["feeBps"]) == (10 * DOLLAR, 0, FEE_BPS)
    assert stands["status"] == 1
    assert world.balance(world.escrow.address) == 10 * DOLLAR
    assert world.balance(world.payer) == 990 * DOLLAR
    assert world.escrow.functions.accounted().call() == 10 * DOLLAR
    assert world.events(receipt, "Deposited") == [
        {"leaseId": LEASE, "payer": world.payer.address, "payee": world.payee.address, "cap": 10 * DOLLAR, "nonce": 1}
    ]


def test_a_direct_call_without_a_clearance_is_refused(world: World):
    terms = world.clearance()
    world.approve(terms["cap"])
    with world.refused("ECDSAInvalidSignatureLength"):
        world.deposit(terms, b"")
    with world.refused("ECDSAInvalidSignature"):
        world.deposit(terms, bytes(65))


@pytest.mark.parametrize("who", ["payer", "stranger", "settler", "guardian", "treasurer"])
def test_another_key_cannot_clear(world: World, who: str):
    terms = world.clearance()
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, world.sign(terms, by=getattr(world, who)))


def test_another_payer_cannot_use_it(world: World):
    terms = world.clearance(payer=world.stranger.address)
    with world.refused("NotPayer"):
        world.deposit(terms)


@pytest.mark.parametrize(
    "change",
    [
        {"leaseId": keccak(text="another lease")},
        {"payee": "0x000000000000000000000000000000000000dEaD"},
        {"cap": 10 * DOLLAR + 1},
        {"ratePerHour": 5 * DOLLAR + 1},
        {"feeBps": FEE_BPS + 1},
        {"nonce": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_terms_that_were_not_signed_are_refused(world: World, change: dict[str, object]):
    signed = world.clearance()
    with world.refused("NotClearanceSigner"):
        world.deposit(signed | change, world.sign(signed))


def test_times_that_were_not_signed_are_refused(world: World):
    signed = world.clearance()
    for name in ("validUntil", "leaseExpiry"):
        with world.refused("NotClearanceSigner"):
            world.deposit(signed | {name: signed[name] + 1}, world.sign(signed))


def test_a_clearance_of_another_chain_is_refused(world: World):
    terms = world.clearance()
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, world.sign(terms, chain_id=CHAIN_ID + 1))


def test_a_clearance_of_another_contract_is_refused(world: World):
    terms = world.clearance()
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, world.sign(terms, contract=world.token.address))


def test_a_clearance_is_valid_to_its_last_second_and_no_longer(world: World):
    terms = world.clearance()
    world.approve(terms["cap"])
    # pass_time leaves the next block, the deposit's, one second later.
    world.node.pass_time(terms["validUntil"] - world.node.now() - 1)
    with world.node.undone():
        world.send(world.payer, world.escrow.functions.deposit(as_tuple(terms), world.sign(terms)))
        assert world.node.now() == terms["validUntil"]
    world.node.mine()
    with world.refused("ClearanceExpired"):
        world.send(world.payer, world.escrow.functions.deposit(as_tuple(terms), world.sign(terms)))


def test_a_clearance_that_is_valid_too_long_is_refused(world: World):
    with world.refused("ClearanceTooLong"):
        world.deposit(validUntil=world.node.now() + 2 * HOUR)


def test_a_clearance_serves_once(world: World):
    terms = world.clearance()
    world.deposit(terms)
    with world.refused("AlreadyDeposited"):
        world.deposit(terms)
    world.close(0)
    with world.refused("AlreadyDeposited"):
        world.deposit(terms)
    world.deposit(leaseId=keccak(text="another lease"), nonce=2)


def test_the_mirrored_signature_is_refused(world: World):
    terms = world.clearance()
    good = world.sign(terms)
    s = SECP256K1_ORDER - int.from_bytes(good[32:64])
    mirrored = good[:32] + s.to_bytes(32) + bytes([55 - good[64]])
    with world.refused("ECDSAInvalidSignatureS"):
        world.deposit(terms, mirrored)
    world.deposit(terms, good)


@pytest.mark.parametrize("who", ["signer", "guardian"])
def test_a_revoked_nonce_is_refused_and_its_neighbour_is_not(world: World, who: str):
    world.send(getattr(world, who), world.escrow.functions.revokeNonce(1))
    with world.refused("ClearanceRevoked"):
        world.deposit(nonce=1)
    world.deposit(nonce=2)


def test_a_new_epoch_voids_all_earlier_clearances(world: World):
    old = world.clearance()
    receipt = world.send(world.guardian, world.escrow.functions.advanceEpoch())
    assert world.events(receipt, "EpochAdvanced") == [{"epoch": 1}]
    with world.refused("WrongEpoch"):
        world.deposit(old)
    with world.refused("WrongEpoch"):
        world.deposit(epoch=2)
    world.deposit(epoch=1)


@pytest.mark.parametrize("who", ["stranger", "payer", "settler", "treasurer"])
def test_only_signer_and_guardian_revoke(world: World, who: str):
    for call in (world.escrow.functions.revokeNonce(1), world.escrow.functions.advanceEpoch()):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(getattr(world, who), call)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"cap": 0}, "InvalidAmount"),
        ({"cap": 2**96}, "InvalidAmount"),
        ({"ratePerHour": 0}, "InvalidAmount"),
        ({"ratePerHour": 2**96}, "InvalidAmount"),
        ({"feeBps": MAX_FEE_BPS + 1}, "FeeTooHigh"),
        ({"payee": "0x0000000000000000000000000000000000000000"}, "InvalidAddress"),
    ],
)
def test_senseless_terms_are_refused_even_when_signed(world: World, change: dict[str, object], error: str):
    terms = world.clearance(**change)
    with world.refused(error):
        world.send(world.payer, world.escrow.functions.deposit(as_tuple(terms), world.sign(terms)))


def test_payer_and_contract_cannot_be_payee(world: World):
    for payee in (world.payer.address, world.escrow.address):
        with world.refused("InvalidAddress"):
            world.deposit(payee=payee)


def test_a_lease_must_end_in_the_future_and_within_a_year(world: World):
    now = world.node.now()
    for expiry in (now, now + 367 * 24 * HOUR):
        with world.refused("InvalidExpiry"):
            world.deposit(leaseExpiry=expiry)


def test_no_more_is_taken_than_was_allowed_or_is_there(world: World):
    terms = world.clearance()
    with world.refused("ERC20InsufficientAllowance"):
        world.send(world.payer, world.escrow.functions.deposit(as_tuple(terms), world.sign(terms)))
    with world.refused("ERC20InsufficientBalance"):
        world.deposit(cap=1001 * DOLLAR)


def test_a_contract_cannot_be_payer(world: World):
    contract = deploy(world.node, mocks()["ContractPayer"])
    terms = world.clearance(payer=contract.address)
    call = contract.functions.pay(world.escrow.address, world.token.address, as_tuple(terms), world.sign(terms))
    with world.refused("PayerIsContract"):
        world.send(world.payer, call)


# -- permit ------------------------------------------------------------------------------------------------


def _permit(world: World, value: int, deadline: int, by: Account | None = None) -> tuple[int, int, bytes, bytes]:
    owner = by or world.payer
    signed = Account.sign_typed_data(
        owner.key,
        domain_data={
            "name": "Test USDC",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": world.token.address,
        },
        message_types={
            "Permit": [
                {"name": "owner", "type": "address"},
                {"name": "spender", "type": "address"},
                {"name": "value", "type": "uint256"},
                {"name": "nonce", "type": "uint256"},
                {"name": "deadline", "type": "uint256"},
            ]
        },
        message_data={
            "owner": world.payer.address,
            "spender": world.escrow.address,
            "value": value,
            "nonce": world.token.functions.nonces(world.payer.address).call(),
            "deadline": deadline,
        },
    )
    return deadline, signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)


def test_a_permit_saves_the_approval(world: World):
    terms = world.clearance()
    permit = _permit(world, terms["cap"], terms["validUntil"])
    world.send(world.payer, world.escrow.functions.depositWithPermit(as_tuple(terms), world.sign(terms), *permit))
    assert world.stands()["cap"] == terms["cap"]
    assert world.token.functions.allowance(world.payer.address, world.escrow.address).call() == 0


def test_a_front_run_permit_does_not_stop_the_deposit(world: World):
    terms = world.clearance()
    permit = _permit(world, terms["cap"], terms["validUntil"])
    world.send(
        world.stranger,
        world.token.functions.permit(world.payer.address, world.escrow.address, terms["cap"], *permit),
    )
    world.send(world.payer, world.escrow.functions.depositWithPermit(as_tuple(terms), world.sign(terms), *permit))
    assert world.stands()["cap"] == terms["cap"]


def test_a_permit_is_no_clearance(world: World):
    terms = world.clearance()
    permit = _permit(world, terms["cap"], terms["validUntil"])
    forged = world.sign(terms, by=world.payer)
    with world.refused("NotClearanceSigner"):
        world.send(world.payer, world.escrow.functions.depositWithPermit(as_tuple(terms), forged, *permit))


def test_a_forged_permit_takes_nothing(world: World):
    terms = world.clearance()
    permit = _permit(world, terms["cap"], terms["validUntil"], by=world.stranger)
    with world.refused("ERC20InsufficientAllowance"):
        world.send(world.payer, world.escrow.functions.depositWithPermit(as_tuple(terms), world.sign(terms), *permit))


# -- tokens that misbehave -------------------------------------------------------------------------------------

CHARGES, RETURNS_FALSE = 1, 2


@pytest.mark.parametrize(
    ("fault", "error"), [(CHARGES, "TransferMismatch"), (RETURNS_FALSE, "SafeERC20FailedOperation")]
)
def test_a_token_that_delivers_less_is_refused(anvil: Anvil, fault: int, error: str):
    with anvil.undone():
        world = build_world(anvil, deploy(anvil, mocks()["BadToken"]))
        world.send(world.stranger, world.token.functions.misbehave(fault, world.payer.address))
        with world.refused(error):
            world.deposit()
        world.send(world.stranger, world.token.functions.misbehave(0, world.payer.address))
        world.deposit()
