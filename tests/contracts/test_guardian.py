"""A freeze stops a lease's or an account's money, with a case and an end."""

import pytest
from eth_utils import keccak

from tests.contracts.world import CASE, DAY, DOLLAR, GRACE, HOUR, World

pytestmark = pytest.mark.chain

NO_CASE = bytes(32)


# -- a lease -----------------------------------------------------------------------------------------------------


def test_a_frozen_lease_stays_frozen_in_every_way_and_thaws(world: World):
    terms = world.terms()
    world.deposit(terms)
    world.node.pass_time(terms["expiry"] + GRACE - world.node.now() + 1)
    receipt = world.freeze(terms, DAY)
    lease, until = world.lease_id(terms), world.stands(terms)["frozenUntil"]
    assert world.events(receipt, "Frozen") == [{"leaseId": lease, "caseRef": CASE, "until": until}]
    for attempt in (
        lambda: world.settle(terms, DOLLAR),
        lambda: world.close(terms, DOLLAR),
        lambda: world.reclaim(terms),
    ):
        with world.refused("FrozenByGuardian"):
            attempt()
    receipt = world.send(world.guardian, world.escrow.functions.unfreeze(lease, CASE))
    assert world.events(receipt, "Unfrozen") == [{"leaseId": lease, "caseRef": CASE}]
    world.reclaim(terms)


def test_a_freeze_ends_by_itself_and_can_be_renewed(world: World):
    terms = world.terms()
    world.deposit(terms)
    world.freeze(terms)
    world.node.pass_time(HOUR // 2)
    world.freeze(terms)
    world.node.pass_time(HOUR // 2 + 5)
    with world.refused("FrozenByGuardian"):
        world.settle(terms, 1)
    world.node.pass_time(HOUR // 2)
    world.settle(terms, 1)
    with world.refused("NotFrozen"):
        world.send(world.guardian, world.escrow.functions.unfreeze(world.lease_id(terms), CASE))


def test_a_freeze_has_a_case_and_an_end_in_the_future_and_within_90_days(world: World):
    terms = world.terms()
    world.deposit(terms)
    assert world.escrow.functions.MAX_FREEZE_DURATION().call() == 90 * DAY
    # The freeze's own block is one second later than the last.
    for seconds in (0, 1, 90 * DAY + 2):
        with world.refused("InvalidFreeze"):
            world.freeze(terms, seconds)
        with world.refused("InvalidFreeze"):
            world.freeze_account(world.payee, seconds)
    for seconds in (2, 90 * DAY + 1):
        with world.node.undone():
            world.freeze(terms, seconds)
        with world.node.undone():
            world.freeze_account(world.payee, seconds)
    calls, until = world.escrow.functions, world.node.now() + HOUR
    for call in (
        calls.freeze(world.lease_id(terms), NO_CASE, until),
        calls.freezeAccount(world.payee.address, NO_CASE, until),
    ):
        with world.refused("CaseMissing"):
            world.send(world.guardian, call)
    world.freeze(terms, 90 * DAY)
    world.freeze_account(world.payee, 90 * DAY)


def test_only_what_is_open_can_be_frozen(world: World):
    terms = world.terms()
    with world.refused("NotOpen"):
        world.freeze(terms)
    world.deposit(terms)
    world.close(terms, 0)
    with world.refused("NotOpen"):
        world.freeze(terms)


def test_another_lease_moves_while_one_is_frozen(world: World):
    terms, other = world.terms(), world.terms(ref=keccak(text="another lease"))
    world.deposit(terms)
    world.deposit(other)
    world.freeze(terms)
    world.settle(other, 1)


# -- an account --------------------------------------------------------------------------------------------------


def test_a_frozen_account_cannot_withdraw_and_others_can(world: World):
    terms = world.terms()
    world.deposit(terms)
    world.node.pass_time(HOUR)
    world.close(terms, DOLLAR)
    receipt = world.freeze_account(world.payee, DAY)
    until = world.escrow.functions.accountFrozenUntil(world.payee.address).call()
    payee = world.payee.address
    assert world.events(receipt, "AccountFrozen") == [{"account": payee, "caseRef": CASE, "until": until}]
    for who in (world.payee, world.stranger):
        with world.refused("FrozenByGuardian"):
            world.send(who, world.escrow.functions.withdraw(payee))
    world.withdraw(world.payer)
    with world.node.undone():
        receipt = world.send(world.guardian, world.escrow.functions.unfreezeAccount(payee, CASE))
        assert world.events(receipt, "AccountUnfrozen") == [{"account": payee, "caseRef": CASE}]
        world.withdraw(world.payee)
    world.node.pass_time(DAY)
    world.withdraw(world.payee)
    with world.refused("NotFrozen"):
        world.send(world.guardian, world.escrow.functions.unfreezeAccount(payee, CASE))


def test_a_frozen_account_still_earns(world: World):
    terms = world.terms()
    world.deposit(terms)
    world.freeze_account(world.payee, DAY)
    world.node.pass_time(HOUR)
    world.close(terms, DOLLAR)
    assert world.entitlement(world.payee) == DOLLAR * 95 // 100
    assert world.escrow.functions.accountFrozenUntil(world.payee.address).call() > world.node.now()


@pytest.mark.parametrize("who", ["stranger", "payer", "payee", "settler", "signer", "treasurer"])
def test_only_the_guardian_freezes(world: World, who: str):
    terms = world.terms()
    world.deposit(terms)
    world.freeze(terms)
    lease, until = world.lease_id(terms), world.node.now() + HOUR
    calls = world.escrow.functions
    for call in (
        calls.freeze(lease, CASE, until),
        calls.unfreeze(lease, CASE),
        calls.freezeAccount(world.payee.address, CASE, until),
        calls.unfreezeAccount(world.payee.address, CASE),
    ):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(getattr(world, who), call)
