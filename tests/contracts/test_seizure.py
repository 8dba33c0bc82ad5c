"""Frozen money can be seized: by two people, after a delay, to one fixed account; unfrozen money never."""

import pytest

from tests.contracts.world import CASE, DAY, DOLLAR, HOUR, Terms, World, as_tuple, target_of

pytestmark = pytest.mark.chain

DELAY, WINDOW = 7 * DAY, 30 * DAY


def _frozen(world: World) -> Terms:
    """A frozen lease of which one dollar was earned."""
    terms = world.terms()
    world.deposit(terms)
    world.node.pass_time(HOUR)
    world.settle(terms, DOLLAR)
    world.freeze(terms, 90 * DAY)
    return terms


def _propose(world: World, terms: Terms, by=None):
    return world.send(by or world.guardian, world.escrow.functions.proposeSeizure(world.lease_id(terms), CASE))


def _execute(world: World, terms: Terms, by=None):
    return world.send(by or world.treasurer, world.escrow.functions.executeSeizure(as_tuple(terms)))


def test_the_rest_goes_to_the_blocked_property_account_and_the_payee_keeps_what_it_earned(world: World):
    terms = _frozen(world)
    receipt = _propose(world, terms)
    lease, due = world.lease_id(terms), world.node.now() + DELAY
    assert world.events(receipt, "SeizureProposed") == [{"target": lease, "caseRef": CASE, "executableAt": due}]
    assert world.escrow.functions.seizureOf(lease).call() == (world.guardian.address, due, CASE)
    world.node.pass_time(DELAY)
    receipt = _execute(world, terms)
    assert world.events(receipt, "Seized") == [
        {"leaseId": lease, "caseRef": CASE, "settled": DOLLAR, "amount": 9 * DOLLAR}
    ]
    assert world.stands(terms)["status"] == 2
    assert world.entitlement(world.payer) == 0
    assert world.entitlement(world.payee) == DOLLAR * 95 // 100
    world.send(world.stranger, world.escrow.functions.withdraw(world.blocked))
    assert world.balance(world.blocked) == 9 * DOLLAR
    with world.refused("NotOpen"):
        _execute(world, terms)
    assert world.escrow.functions.seizureOf(lease).call() == ("0x" + "0" * 40, 0, bytes(32))


def test_it_takes_the_delay_and_lapses(world: World):
    terms = _frozen(world)
    _propose(world, terms)
    due = world.escrow.functions.seizureOf(world.lease_id(terms)).call()[1]
    world.node.pass_time(due - 2 - world.node.now())
    with world.refused("TooEarly"):
        _execute(world, terms)
    world.node.mine()
    with world.node.undone():
        _execute(world, terms)
        assert world.node.now() == due
    world.node.pass_time(due + WINDOW - 1 - world.node.now())
    with world.node.undone():
        _execute(world, terms)
    world.node.mine()
    with world.refused("TooLate"):
        _execute(world, terms)
    _propose(world, terms)
    with world.refused("TooEarly"):
        _execute(world, terms)


def test_what_is_not_frozen_is_neither_proposed_nor_seized(world: World):
    terms = world.terms()
    with world.refused("NotOpen"):
        _propose(world, terms)
    world.deposit(terms)
    with world.refused("NotFrozen"):
        _propose(world, terms)
    world.freeze(terms, 5 * DAY)
    _propose(world, terms)
    world.node.pass_time(DELAY)
    with world.refused("NotFrozen"):
        _execute(world, terms)


def test_letting_go_voids_the_proposal(world: World):
    terms = _frozen(world)
    _propose(world, terms)
    receipt = world.send(world.guardian, world.escrow.functions.unfreeze(world.lease_id(terms), CASE))
    assert world.events(receipt, "SeizureCancelled") == [{"target": world.lease_id(terms), "caseRef": CASE}]
    world.node.pass_time(DELAY)
    world.freeze(terms)
    with world.refused("NoSeizure"):
        _execute(world, terms)


@pytest.mark.parametrize("who", ["stranger", "payer", "payee", "settler", "signer", "treasurer"])
def test_only_the_guardian_proposes(world: World, who: str):
    terms = _frozen(world)
    world.freeze_account(world.payee)
    account = world.escrow.functions.proposeAccountSeizure(world.payee.address, CASE)
    with world.refused("AccessControlUnauthorizedAccount"):
        _propose(world, terms, by=getattr(world, who))
    with world.refused("AccessControlUnauthorizedAccount"):
        world.send(getattr(world, who), account)


@pytest.mark.parametrize("who", ["stranger", "payer", "payee", "settler", "signer", "guardian"])
def test_only_the_treasurer_carries_out(world: World, who: str):
    terms = _frozen(world)
    _propose(world, terms)
    world.node.pass_time(DELAY)
    with world.refused("AccessControlUnauthorizedAccount"):
        _execute(world, terms, by=getattr(world, who))
    with world.refused("AccessControlUnauthorizedAccount"):
        world.send(getattr(world, who), world.escrow.functions.executeAccountSeizure(world.payee.address))


def test_whoever_proposed_cannot_carry_it_out_in_another_office(world: World):
    terms = _frozen(world)
    _propose(world, terms)
    calls, admin = world.escrow.functions, world.node.web3.eth.accounts[0]
    guardian, treasurer = calls.GUARDIAN_ROLE().call(), calls.TREASURER_ROLE().call()
    calls.revokeRole(guardian, world.guardian.address).transact({"from": admin})
    calls.grantRole(treasurer, world.guardian.address).transact({"from": admin})
    world.node.pass_time(DELAY)
    with world.refused("SecondPersonNeeded"):
        _execute(world, terms, by=world.guardian)
    _execute(world, terms)


def test_a_proposal_stands_alone_and_names_its_case(world: World):
    terms = _frozen(world)
    calls = world.escrow.functions
    with world.refused("CaseMissing"):
        world.send(world.guardian, calls.proposeSeizure(world.lease_id(terms), bytes(32)))
    with world.refused("NoSeizure"):
        _execute(world, terms)
    _propose(world, terms)
    with world.refused("SeizurePending"):
        _propose(world, terms)


@pytest.mark.parametrize("who", ["guardian", "treasurer", "admin"])
def test_either_of_them_and_the_admin_cancel(world: World, who: str):
    terms = _frozen(world)
    lease = world.lease_id(terms)
    cancel = world.escrow.functions.cancelSeizure(lease)
    _propose(world, terms)
    receipt = world.by_admin(cancel) if who == "admin" else world.send(getattr(world, who), cancel)
    assert world.events(receipt, "SeizureCancelled") == [{"target": lease, "caseRef": CASE}]
    world.node.pass_time(DELAY)
    with world.refused("NoSeizure"):
        _execute(world, terms)
    with world.refused("NoSeizure"):
        world.send(world.guardian, cancel)


@pytest.mark.parametrize("who", ["stranger", "payer", "payee", "settler", "signer"])
def test_nobody_else_cancels(world: World, who: str):
    terms = _frozen(world)
    _propose(world, terms)
    with world.refused("AccessControlUnauthorizedAccount"):
        world.send(getattr(world, who), world.escrow.functions.cancelSeizure(world.lease_id(terms)))


# -- an account's entitlement --------------------------------------------------------------------------------------


def test_a_frozen_accounts_entitlement_is_seized_and_it_stays_frozen(world: World):
    terms = world.terms()
    world.deposit(terms)
    world.node.pass_time(HOUR)
    world.close(terms, 4 * DOLLAR)
    calls, payee = world.escrow.functions, world.payee.address
    propose, execute = calls.proposeAccountSeizure(payee, CASE), calls.executeAccountSeizure(payee)
    with world.refused("NotFrozen"):
        world.send(world.guardian, propose)
    world.freeze_account(world.payee, 90 * DAY)
    with world.refused("NoSeizure"):
        world.send(world.treasurer, execute)
    world.send(world.guardian, propose)
    with world.refused("TooEarly"):
        world.send(world.treasurer, execute)
    world.node.pass_time(DELAY)
    receipt = world.send(world.treasurer, execute)
    share = 380 * DOLLAR // 100
    assert world.events(receipt, "AccountSeized") == [{"account": payee, "caseRef": CASE, "amount": share}]
    assert (world.entitlement(world.payee), world.entitlement(world.payer)) == (0, 6 * DOLLAR)
    assert calls.accountFrozenUntil(payee).call() > world.node.now()
    world.send(world.stranger, calls.withdraw(world.blocked))
    assert world.balance(world.blocked) == share


def test_an_account_without_money_is_not_seized_nor_one_that_was_let_go(world: World):
    calls, payee = world.escrow.functions, world.payee.address
    world.freeze_account(world.payee, 90 * DAY)
    world.send(world.guardian, calls.proposeAccountSeizure(payee, CASE))
    world.node.pass_time(DELAY)
    with world.refused("NothingToWithdraw"):
        world.send(world.treasurer, calls.executeAccountSeizure(payee))
    world.send(world.guardian, calls.unfreezeAccount(payee, CASE))
    with world.refused("NoSeizure"):
        world.send(world.treasurer, calls.executeAccountSeizure(payee))


def test_an_accounts_seizure_takes_two_a_case_and_its_time_too(world: World):
    calls, payee = world.escrow.functions, world.payee.address
    assert (calls.SEIZURE_DELAY().call(), calls.SEIZURE_WINDOW().call()) == (DELAY, WINDOW)
    world.freeze_account(world.payee, 90 * DAY)
    propose, execute = calls.proposeAccountSeizure(payee, CASE), calls.executeAccountSeizure(payee)
    with world.refused("CaseMissing"):
        world.send(world.guardian, calls.proposeAccountSeizure(payee, bytes(32)))
    world.send(world.guardian, propose)
    with world.refused("SeizurePending"):
        world.send(world.guardian, propose)
    world.by_admin(calls.revokeRole(calls.GUARDIAN_ROLE().call(), world.guardian.address))
    world.by_admin(calls.grantRole(calls.TREASURER_ROLE().call(), world.guardian.address))
    world.node.pass_time(DELAY)
    with world.refused("SecondPersonNeeded"):
        world.send(world.guardian, execute)
    world.node.pass_time(WINDOW + 1)
    with world.refused("TooLate"):
        world.send(world.treasurer, execute)


def test_blocked_property_is_not_seized_again(world: World):
    until = world.node.now() + DAY
    world.send(world.guardian, world.escrow.functions.freezeAccount(world.blocked, CASE, until))
    with world.refused("InvalidAddress"):
        world.send(world.guardian, world.escrow.functions.proposeAccountSeizure(world.blocked, CASE))


def test_an_accounts_proposal_can_be_cancelled(world: World):
    calls, payee = world.escrow.functions, world.payee.address
    world.freeze_account(world.payee, 90 * DAY)
    world.send(world.guardian, calls.proposeAccountSeizure(payee, CASE))
    receipt = world.send(world.treasurer, calls.cancelSeizure(target_of(payee)))
    assert world.events(receipt, "SeizureCancelled") == [{"target": target_of(payee), "caseRef": CASE}]
