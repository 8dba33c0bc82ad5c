"""A deposit is credited with a fresh clearance for exactly these terms, and in no other way."""

import pytest
from eth_abi.abi import encode
from eth_utils import keccak
from web3.exceptions import ContractPanicError

from tests.contracts.anvil import CHAIN_ID
from tests.contracts.world import (
    DAY,
    DOLLAR,
    FEE_BPS,
    HOUR,
    MAX_FEE_BPS,
    REF,
    TERMS_FIELDS,
    World,
    as_tuple,
    deploy,
    mocks,
)

pytestmark = pytest.mark.chain

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
NONE, OPEN, CLOSED, REVOKED = range(4)
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
CLEARANCE_TYPE = "Clearance(LeaseTerms terms,uint64 validUntil,uint64 epoch)"
TERMS_TYPE = f"LeaseTerms({','.join(f'{type_} {name}' for name, type_ in TERMS_FIELDS)})"
ANYBODY = "0x000000000000000000000000000000000000dEaD"
NOBODY = "0x0000000000000000000000000000000000000000"


def test_a_cleared_deposit_is_credited(world: World):
    terms = world.terms()
    receipt = world.deposit(terms)
    stands = world.stands(terms)
    assert stands == {"settled": 0, "depositedAt": world.node.now(), "frozenUntil": 0, "status": OPEN}
    assert world.balance(world.escrow.address) == 10 * DOLLAR
    assert world.balance(world.payer) == 990 * DOLLAR
    assert world.escrow.functions.accounted().call() == 10 * DOLLAR
    assert world.events(receipt, "Deposited") == [
        {
            "leaseId": world.lease_id(terms),
            "payer": world.payer.address,
            "payee": world.payee.address,
            "ref": REF,
            "cap": 10 * DOLLAR,
            "ratePerHour": 5 * DOLLAR,
            "feeBps": FEE_BPS,
            "expiry": terms["expiry"],
        }
    ]


def test_ids_and_digests_are_those_of_the_standard(world: World):
    terms = world.terms()
    calls = world.escrow.functions
    assert calls.leaseIdOf(as_tuple(terms)).call() == world.lease_id(terms)
    valid_until, epoch, signature = world.clearance(terms)
    digest = calls.clearanceDigest(as_tuple(terms), valid_until, epoch).call()
    assert world.node.web3.eth.account._recover_hash(digest, signature=signature) == world.signer.address
    fields, name, version, chain_id, contract, salt, extensions = calls.eip712Domain().call()
    assert (fields, name, version, salt, extensions) == (b"\x0f", "Gridclear Escrow", "1", bytes(32), [])
    assert (chain_id, contract) == (CHAIN_ID, world.escrow.address)
    types = [keccak(text=text) for text in (DOMAIN_TYPE, name, version)]
    words = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
    assert calls.domainSeparator().call() == keccak(encode(words, [*types, chain_id, contract]))
    assert calls.LEASE_TERMS_TYPEHASH().call() == keccak(text=TERMS_TYPE)
    assert calls.CLEARANCE_TYPEHASH().call() == keccak(text=CLEARANCE_TYPE + TERMS_TYPE)


def test_a_direct_call_without_a_clearance_is_refused(world: World):
    terms = world.terms()
    until, epoch, _ = world.clearance(terms)
    with world.refused("ECDSAInvalidSignatureLength"):
        world.deposit(terms, (until, epoch, b""))
    with world.refused("ECDSAInvalidSignature"):
        world.deposit(terms, (until, epoch, bytes(65)))


@pytest.mark.parametrize("who", ["payer", "payee", "stranger", "settler", "guardian", "treasurer"])
def test_another_key_cannot_clear(world: World, who: str):
    terms = world.terms()
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, world.clearance(terms, by=getattr(world, who)))


def test_another_payer_cannot_use_it(world: World):
    with world.refused("NotPayer"):
        world.deposit(payer=world.stranger.address)


@pytest.mark.parametrize(
    "change",
    [
        {"ref": keccak(text="another lease")},
        {"payee": ANYBODY},
        {"cap": 10 * DOLLAR + 1},
        {"ratePerHour": 5 * DOLLAR + 1},
        {"feeBps": FEE_BPS + 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_terms_that_were_not_signed_are_refused(world: World, change: dict[str, object]):
    signed = world.terms()
    with world.refused("NotClearanceSigner"):
        world.deposit(signed | change, world.clearance(signed))


def test_times_and_epochs_that_were_not_signed_are_refused(world: World):
    terms = world.terms()
    until, epoch, signature = world.clearance(terms)
    with world.refused("NotClearanceSigner"):
        world.deposit(terms | {"expiry": terms["expiry"] + 1}, (until, epoch, signature))
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, (until + 1, epoch, signature))
    world.send(world.guardian, world.escrow.functions.advanceEpoch())
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, (until, 1, signature))


def test_a_clearance_of_another_chain_is_refused(world: World):
    terms = world.terms()
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, world.clearance(terms, chain_id=CHAIN_ID + 1))


def test_a_clearance_of_another_contract_is_refused(world: World):
    terms = world.terms()
    with world.refused("NotClearanceSigner"):
        world.deposit(terms, world.clearance(terms, contract=world.token.address))


def test_a_clearance_is_valid_to_its_last_second_and_no_longer(world: World):
    terms = world.terms()
    clearance = world.clearance(terms)
    world.approve(terms["cap"])
    # pass_time leaves the next block, the deposit's, one second later.
    world.node.pass_time(clearance[0] - world.node.now() - 1)
    with world.node.undone():
        world.send_deposit(terms, clearance)
        assert world.node.now() == clearance[0]
    world.node.mine()
    with world.refused("ClearanceExpired"):
        world.send_deposit(terms, clearance)


def test_a_clearance_may_be_valid_for_twenty_minutes_and_no_second_longer(world: World):
    terms = world.terms()
    world.approve(terms["cap"])
    # The deposit's block is one second later than the last.
    longest = world.node.now() + 1 + 20 * 60
    assert world.escrow.functions.MAX_CLEARANCE_VALIDITY().call() == 20 * 60
    for too_long in (longest + 1, longest + HOUR, 2**64 - 1):
        with world.refused("ClearanceTooLong"):
            world.send_deposit(terms, world.clearance(terms, valid_until=too_long))
    world.send_deposit(terms, world.clearance(terms, valid_until=longest))
    assert world.node.now() == longest - 20 * 60


def test_a_clearance_serves_once(world: World):
    terms = world.terms()
    clearance = world.clearance(terms)
    world.deposit(terms, clearance)
    with world.refused("AlreadyDeposited"):
        world.deposit(terms, clearance)
    with world.refused("AlreadyDeposited"):
        world.deposit(terms)
    world.close(terms, 0)
    with world.refused("AlreadyDeposited"):
        world.deposit(terms)
    world.deposit(ref=keccak(text="another lease"))


def test_the_mirrored_signature_is_refused(world: World):
    terms = world.terms()
    until, epoch, good = world.clearance(terms)
    s = SECP256K1_ORDER - int.from_bytes(good[32:64])
    mirrored = good[:32] + s.to_bytes(32) + bytes([55 - good[64]])
    with world.refused("ECDSAInvalidSignatureS"):
        world.deposit(terms, (until, epoch, mirrored))
    world.deposit(terms, (until, epoch, good))


# -- revoking ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["signer", "guardian"])
def test_a_revoked_lease_is_refused_and_its_neighbour_is_not(world: World, who: str):
    terms = world.terms()
    receipt = world.send(getattr(world, who), world.escrow.functions.revokeLease(world.lease_id(terms)))
    assert world.events(receipt, "LeaseRevoked") == [{"leaseId": world.lease_id(terms)}]
    with world.refused("ClearanceRevoked"):
        world.deposit(terms)
    world.deposit(ref=keccak(text="another lease"))


def test_what_was_deposited_or_revoked_is_not_revoked(world: World):
    terms = world.terms()
    revoke = world.escrow.functions.revokeLease(world.lease_id(terms))
    with world.node.undone():
        world.send(world.guardian, revoke)
        with world.refused("AlreadyDeposited"):
            world.send(world.guardian, revoke)
    world.deposit(terms)
    with world.refused("AlreadyDeposited"):
        world.send(world.guardian, revoke)
    world.close(terms, 0)
    with world.refused("AlreadyDeposited"):
        world.send(world.guardian, revoke)


def test_a_new_epoch_voids_all_earlier_clearances(world: World):
    terms = world.terms()
    receipt = world.send(world.guardian, world.escrow.functions.advanceEpoch())
    assert world.events(receipt, "EpochAdvanced") == [{"epoch": 1}]
    assert world.escrow.functions.epoch().call() == 1
    with world.refused("WrongEpoch"):
        world.deposit(terms)
    with world.refused("WrongEpoch"):
        world.deposit(terms, world.clearance(terms, epoch=2))
    world.deposit(terms, world.clearance(terms, epoch=1))


@pytest.mark.parametrize("who", ["stranger", "payer", "settler", "treasurer"])
def test_only_signer_and_guardian_revoke(world: World, who: str):
    for call in (world.escrow.functions.revokeLease(REF), world.escrow.functions.advanceEpoch()):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(getattr(world, who), call)


# -- terms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"cap": 0}, "InvalidAmount"),
        ({"cap": 2**96}, "InvalidAmount"),
        ({"cap": 2**256 - 1}, "InvalidAmount"),
        ({"ratePerHour": 0}, "InvalidAmount"),
        ({"ratePerHour": 2**96}, "InvalidAmount"),
        ({"feeBps": MAX_FEE_BPS + 1}, "FeeTooHigh"),
        ({"payee": NOBODY}, "InvalidAddress"),
    ],
)
def test_senseless_terms_are_refused_even_when_signed(world: World, change: dict[str, object], error: str):
    with world.refused(error):
        world.send_deposit(world.terms(**change))


def test_the_largest_fee_and_the_least_amounts_are_taken(world: World):
    world.deposit(cap=1, ratePerHour=1, feeBps=MAX_FEE_BPS)
    assert world.escrow.functions.MAX_FEE_BPS().call() == MAX_FEE_BPS


def test_payer_and_contract_cannot_be_payee(world: World):
    for payee in (world.payer.address, world.escrow.address):
        with world.refused("InvalidAddress"):
            world.deposit(payee=payee)


def test_a_lease_must_end_in_the_future_and_within_a_year(world: World):
    world.approve(20 * DOLLAR)
    at = world.node.now() + 1
    assert world.escrow.functions.MAX_LEASE_DURATION().call() == 366 * DAY
    for expiry in (0, at, at + 366 * DAY + 1, 2**64 - 1):
        with world.refused("InvalidExpiry"):
            world.send_deposit(world.terms(expiry=expiry))
    with world.node.undone():
        world.send_deposit(world.terms(expiry=at + 366 * DAY))
    world.send_deposit(world.terms(expiry=at + 1))


def test_all_deposits_together_stay_within_what_can_be_kept(world: World):
    most = 2**96 - 1
    world.by_admin(world.token.functions.mint(world.payer.address, most))
    world.deposit(cap=most)
    before = world.untouched()
    # The allowance of the second is there; the sum overflows, which the compiler's own check refuses.
    world.approve(1)
    with pytest.raises(ContractPanicError, match="overflow"):
        world.send_deposit(world.terms(cap=1, ref=keccak(text="another lease")))
    assert world.untouched() == before


def test_no_more_is_taken_than_was_allowed_or_is_there(world: World):
    with world.refused("ERC20InsufficientAllowance"):
        world.send_deposit(world.terms())
    with world.refused("ERC20InsufficientBalance"):
        world.deposit(cap=1001 * DOLLAR)


def test_a_contract_cannot_be_payer(world: World):
    contract = deploy(world.node, mocks()["ContractPayer"])
    world.send(world.payer, world.token.functions.transfer(contract.address, 10 * DOLLAR))
    terms = world.terms(payer=contract.address)
    call = contract.functions.pay(world.escrow.address, world.token.address, as_tuple(terms), world.clearance(terms))
    with world.refused("PayerIsContract"):
        world.send(world.payer, call)


def test_a_call_through_a_contract_is_not_the_payers(world: World):
    contract = deploy(world.node, mocks()["ContractPayer"])
    terms = world.terms()
    call = contract.functions.pay(world.escrow.address, world.token.address, as_tuple(terms), world.clearance(terms))
    with world.refused("NotPayer"):
        world.send(world.payer, call)
