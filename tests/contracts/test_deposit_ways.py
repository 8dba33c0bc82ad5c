"""By permit and by authorization the same clearance is needed; a front-runner changes and gains nothing."""

from collections.abc import Iterator

import pytest
from eth_utils import keccak

from tests.contracts.anvil import Anvil
from tests.contracts.world import DOLLAR, HOUR, World, as_tuple, build_world, deploy, mocks

pytestmark = pytest.mark.chain


def _by_permit(world: World, terms, permit, clearance=None):
    signed = clearance or world.clearance(terms)
    return world.send(world.payer, world.escrow.functions.depositWithPermit(as_tuple(terms), signed, *permit))


def _by_authorization(world: World, terms, authorization=None, clearance=None, by=None):
    signed, agreed = clearance or world.clearance(terms), authorization or world.authorization(terms)
    call = world.escrow.functions.depositWithAuthorization(as_tuple(terms), signed, agreed)
    return world.send(by or world.stranger, call)


# -- permit ------------------------------------------------------------------------------------------------


def test_a_permit_saves_the_approval(world: World):
    terms = world.terms()
    _by_permit(world, terms, world.permit(terms["cap"], world.node.now() + HOUR))
    assert world.stands(terms)["status"] == 1
    assert world.token.functions.allowance(world.payer.address, world.escrow.address).call() == 0


def test_a_front_run_permit_does_not_stop_the_deposit(world: World):
    terms = world.terms()
    permit = world.permit(terms["cap"], world.node.now() + HOUR)
    world.send(
        world.stranger,
        world.token.functions.permit(world.payer.address, world.escrow.address, terms["cap"], *permit),
    )
    _by_permit(world, terms, permit)
    assert world.stands(terms)["status"] == 1


def test_a_permit_is_no_clearance(world: World):
    terms = world.terms()
    permit = world.permit(terms["cap"], world.node.now() + HOUR)
    with world.refused("NotClearanceSigner"):
        _by_permit(world, terms, permit, world.clearance(terms, by=world.payer))


def test_a_forged_permit_takes_nothing(world: World):
    terms = world.terms()
    permit = world.permit(terms["cap"], world.node.now() + HOUR, by=world.stranger)
    with world.refused("ERC20InsufficientAllowance"):
        _by_permit(world, terms, permit)


@pytest.mark.parametrize("fault", ["late", "less", "nonce"])
def test_a_permit_that_the_token_refuses_takes_nothing_without_an_allowance(world: World, fault: str):
    terms = world.terms()
    amount = terms["cap"] - 1 if fault == "less" else terms["cap"]
    permit = world.permit(amount, world.node.now() + (0 if fault == "late" else HOUR))
    if fault == "nonce":
        used = world.permit(1, world.node.now() + HOUR)
        world.send(world.payer, world.token.functions.permit(world.payer.address, world.escrow.address, 1, *used))
    with world.refused("ERC20InsufficientAllowance"):
        _by_permit(world, terms, permit)
    world.approve(terms["cap"])
    _by_permit(world, terms, permit)


def test_a_permit_serves_only_its_payer(world: World):
    terms = world.terms()
    permit = world.permit(terms["cap"], world.node.now() + HOUR)
    call = world.escrow.functions.depositWithPermit(as_tuple(terms), world.clearance(terms), *permit)
    with world.refused("NotPayer"):
        world.send(world.stranger, call)
    world.send(world.payer, call)


def test_a_contract_cannot_pay_by_permit_nor_send_its_owners(world: World):
    contract = deploy(world.node, mocks()["ContractPayer"])
    world.send(world.payer, world.token.functions.transfer(contract.address, 10 * DOLLAR))
    for payer, error in ((contract.address, "PayerIsContract"), (world.payer.address, "NotPayer")):
        terms = world.terms(payer=payer)
        call = contract.functions.payWithPermit(
            world.escrow.address, world.token.address, as_tuple(terms), world.clearance(terms)
        )
        with world.refused(error):
            world.send(world.payer, call)


# -- authorization -----------------------------------------------------------------------------------------------


def test_an_authorization_pays_whoever_sends_it(world: World):
    terms = world.terms()
    receipt = _by_authorization(world, terms)
    assert world.events(receipt, "Deposited")[0]["payer"] == world.payer.address
    assert world.balance(world.payer) == 990 * DOLLAR
    assert world.balance(world.stranger) == 0
    assert world.escrow.functions.accounted().call() == 10 * DOLLAR


def test_an_authorization_is_no_clearance(world: World):
    terms = world.terms()
    with world.refused("NotClearanceSigner"):
        _by_authorization(world, terms, clearance=world.clearance(terms, by=world.payer))


@pytest.mark.parametrize(
    "change",
    [{"ref": keccak(text="another")}, {"ratePerHour": 6 * DOLLAR}, {"cap": 9 * DOLLAR}, {"feeBps": 501}],
    ids=lambda change: next(iter(change)),
)
def test_the_payer_agreed_to_these_terms_and_no_others(world: World, change: dict[str, object]):
    # The clearance is good for the other terms: only the payer's own signature stands in the way.
    signed = world.terms()
    with world.refused("ERC3009InvalidSignature"):
        _by_authorization(world, signed | change, world.authorization(signed))


def test_somebody_elses_authorization_takes_nothing(world: World):
    terms = world.terms()
    with world.refused("ERC3009InvalidSignature"):
        _by_authorization(world, terms, world.authorization(terms, by=world.stranger))


def test_an_authorization_for_another_amount_or_receiver_takes_nothing(world: World):
    terms = world.terms()
    for change in ({"value": terms["cap"] - 1}, {"to": world.stranger.address}):
        with world.refused("ERC3009InvalidSignature"):
            _by_authorization(world, terms, world.authorization(terms, **change))


def test_an_authorization_to_transfer_is_not_taken(world: World):
    terms = world.terms()
    with world.refused("ERC3009InvalidSignature"):
        _by_authorization(world, terms, world.authorization(terms, kind="TransferWithAuthorization"))


def test_an_authorization_lapses(world: World):
    terms = world.terms()
    with world.refused("ERC3009InvalidAuthorizationTime"):
        _by_authorization(world, terms, world.authorization(terms, validBefore=world.node.now()))


def test_an_authorization_does_not_begin_early(world: World):
    terms = world.terms()
    # It serves after `validAfter`, in no block of that very second.
    at = world.node.now() + 1
    with world.refused("ERC3009InvalidAuthorizationTime"):
        _by_authorization(world, terms, world.authorization(terms, validAfter=at))
    _by_authorization(world, terms, world.authorization(terms, validAfter=at - 1))


def test_an_authorization_that_its_payer_called_off_takes_nothing(world: World):
    terms = world.terms()
    authorization = world.authorization(terms)
    cancel = world.cancellation(terms)
    world.send(world.stranger, cancel)
    with world.refused("ERC3009UsedAuthorization"):
        _by_authorization(world, terms, authorization)


def test_nobody_pays_for_nobody(world: World):
    terms = world.terms(payer="0x0000000000000000000000000000000000000000")
    with world.refused("InvalidAddress"):
        _by_authorization(world, terms, world.authorization(terms))


def test_a_front_runner_can_spend_an_authorization_nowhere_else(world: World):
    terms = world.terms()
    after, before, v, r, s = world.authorization(terms)
    arguments = (world.payer.address, world.escrow.address, terms["cap"], after, before, world.lease_id(terms), v, r, s)
    with world.refused("ERC20InvalidReceiver"):
        world.send(world.stranger, world.token.functions.receiveWithAuthorization(*arguments))
    with world.refused("ERC3009InvalidSignature"):
        world.send(world.stranger, world.token.functions.transferWithAuthorization(*arguments))
    _by_authorization(world, terms, (after, before, v, r, s))


def test_an_authorization_serves_once(world: World):
    terms = world.terms()
    authorization = world.authorization(terms)
    _by_authorization(world, terms, authorization)
    with world.refused("AlreadyDeposited"):
        _by_authorization(world, terms, authorization)


def test_a_contract_cannot_pay_by_authorization(world: World):
    contract = deploy(world.node, mocks()["ContractPayer"])
    terms = world.terms(payer=contract.address)
    with world.refused("PayerIsContract"):
        _by_authorization(world, terms)
    call = contract.functions.payWithAuthorization(
        world.escrow.address, as_tuple(terms), world.clearance(terms), world.authorization(terms)
    )
    with world.refused("PayerIsContract"):
        world.send(world.stranger, call)


# -- what every way refuses ------------------------------------------------------------------------------------


def _by_allowance(world: World, terms, clearance):
    world.approve(terms["cap"])
    return world.send_deposit(terms, clearance)


WAYS = {
    "allowance": _by_allowance,
    "permit": lambda world, terms, clearance: _by_permit(
        world, terms, world.permit(terms["cap"], world.node.now() + HOUR), clearance
    ),
    "authorization": lambda world, terms, clearance: _by_authorization(world, terms, None, clearance),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"cap": 0}, "InvalidAmount"),
        ({"ratePerHour": 0}, "InvalidAmount"),
        ({"feeBps": 2001}, "FeeTooHigh"),
        ({"expiry": 1}, "InvalidExpiry"),
        ({"payee": "0x0000000000000000000000000000000000000000"}, "InvalidAddress"),
    ],
    ids=["cap", "rate", "fee", "expiry", "payee"],
)
def test_senseless_terms_are_refused_in_every_way(world: World, way: str, change: dict[str, object], error: str):
    terms = world.terms(**change)
    with world.refused(error):
        WAYS[way](world, terms, world.clearance(terms))


@pytest.mark.parametrize("way", WAYS)
def test_a_clearance_binds_every_way_alike(world: World, way: str):
    deposit, terms, now = WAYS[way], world.terms(), world.node.now()
    good = world.clearance(terms)
    for clearance, error in (
        (world.clearance(terms, valid_until=now), "ClearanceExpired"),
        (world.clearance(terms, valid_until=now + HOUR), "ClearanceTooLong"),
        (world.clearance(terms, epoch=1), "WrongEpoch"),
        (world.clearance(terms, by=world.payer), "NotClearanceSigner"),
        ((*good[:2], b""), "ECDSAInvalidSignatureLength"),
        (world.clearance(world.terms(ref=keccak(text="another lease"))), "NotClearanceSigner"),
    ):
        with world.refused(error):
            deposit(world, terms, clearance)
    with world.node.undone():
        world.send(world.guardian, world.escrow.functions.revokeLease(world.lease_id(terms)))
        with world.refused("ClearanceRevoked"):
            deposit(world, terms, good)
    deposit(world, terms, good)
    with world.refused("AlreadyDeposited"):
        deposit(world, terms, good)


# -- tokens that misbehave -------------------------------------------------------------------------------------

CHARGES, RETURNS_FALSE, REENTERS, DELIVERS_NOTHING, DELIVERS_MORE, REENTERS_IN_PERMIT = 1, 2, 3, 5, 6, 7


@pytest.fixture(scope="module")
def shared_bad_world(anvil: Anvil) -> World:
    """An escrow of a token that misbehaves as told; use `bad_world`."""
    return build_world(anvil, deploy(anvil, mocks()["BadToken"]))


@pytest.fixture
def bad_world(shared_bad_world: World) -> Iterator[World]:
    """The escrow of that token as it was deployed."""
    with shared_bad_world.node.undone():
        yield shared_bad_world


def _misbehave(world: World, fault: int) -> None:
    world.send(world.stranger, world.token.functions.misbehave(fault, world.payer.address))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (CHARGES, "TransferMismatch"),
        (DELIVERS_NOTHING, "TransferMismatch"),
        (DELIVERS_MORE, "TransferMismatch"),
        (RETURNS_FALSE, "SafeERC20FailedOperation"),
        (REENTERS, "ReentrancyGuardReentrantCall"),
    ],
    ids=["charges", "delivers nothing", "delivers more", "returns false", "re-enters"],
)
def test_a_token_that_misbehaves_is_refused(bad_world: World, way: str, fault: int, error: str):
    terms = bad_world.terms()
    clearance = bad_world.clearance(terms)
    if (way, fault) == ("authorization", RETURNS_FALSE):
        # EIP-3009 returns nothing: that nothing arrived is what is seen.
        error = "TransferMismatch"
    _misbehave(bad_world, fault)
    with bad_world.refused(error):
        WAYS[way](bad_world, terms, clearance)
    _misbehave(bad_world, 0)
    WAYS[way](bad_world, terms, clearance)


def test_a_token_that_calls_back_from_its_permit_gets_nothing(bad_world: World):
    terms = bad_world.terms()
    _misbehave(bad_world, REENTERS_IN_PERMIT)
    with bad_world.refused("ERC20InsufficientAllowance"):
        WAYS["permit"](bad_world, terms, bad_world.clearance(terms))
    bad_world.approve(terms["cap"])
    WAYS["permit"](bad_world, terms, bad_world.clearance(terms))
    assert bad_world.escrow.functions.accounted().call() == bad_world.balance(bad_world.escrow.address) == terms["cap"]
