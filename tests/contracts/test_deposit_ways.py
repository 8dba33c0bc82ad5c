"""By permit and by authorization the same clearance is needed; a front-runner changes and gains nothing."""

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


def test_a_permit_serves_only_its_payer_who_is_no_contract(world: World):
    terms = world.terms()
    permit = world.permit(terms["cap"], world.node.now() + HOUR)
    call = world.escrow.functions.depositWithPermit(as_tuple(terms), world.clearance(terms), *permit)
    with world.refused("NotPayer"):
        world.send(world.stranger, call)


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


# -- tokens that misbehave -------------------------------------------------------------------------------------

CHARGES, RETURNS_FALSE, REENTERS, DELIVERS_NOTHING, DELIVERS_MORE = 1, 2, 3, 5, 6


def _bad_world(anvil: Anvil, fault: int) -> World:
    world = build_world(anvil, deploy(anvil, mocks()["BadToken"]))
    world.send(world.stranger, world.token.functions.misbehave(fault, world.payer.address))
    return world


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (CHARGES, "TransferMismatch"),
        (DELIVERS_NOTHING, "TransferMismatch"),
        (DELIVERS_MORE, "TransferMismatch"),
        (RETURNS_FALSE, "SafeERC20FailedOperation"),
        (REENTERS, "ReentrancyGuardReentrantCall"),
    ],
)
def test_a_token_that_misbehaves_is_refused(anvil: Anvil, fault: int, error: str):
    with anvil.undone():
        world = _bad_world(anvil, fault)
        with world.refused(error):
            world.deposit()
        world.send(world.stranger, world.token.functions.misbehave(0, world.payer.address))
        world.deposit()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (CHARGES, "TransferMismatch"),
        (DELIVERS_NOTHING, "TransferMismatch"),
        (DELIVERS_MORE, "TransferMismatch"),
        (REENTERS, "ReentrancyGuardReentrantCall"),
    ],
)
def test_it_is_refused_by_authorization_too(anvil: Anvil, fault: int, error: str):
    with anvil.undone():
        world = _bad_world(anvil, fault)
        terms = world.terms()
        with world.refused(error):
            _by_authorization(world, terms)
        world.send(world.stranger, world.token.functions.misbehave(0, world.payer.address))
        _by_authorization(world, terms)
