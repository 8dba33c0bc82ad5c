"""Charges are cumulative and bounded by the terms; what is left goes back, on the payer's own word at the end."""

import pytest
from eth_utils import keccak

from tests.contracts.world import DOLLAR, GRACE, HOUR, Terms, World, as_tuple, selector

pytestmark = pytest.mark.chain

RATE = 5 * DOLLAR


def _running(world: World, **changes: object) -> Terms:
    """A lease that has run for an hour."""
    terms = world.terms(**changes)
    world.deposit(terms)
    world.node.pass_time(HOUR)
    return terms


# -- settle ------------------------------------------------------------------------------------------------


def test_a_charge_is_split_between_payee_and_fee(world: World):
    terms = _running(world)
    receipt = world.settle(terms, 4 * DOLLAR)
    assert world.entitlement(world.payee) == 380 * DOLLAR // 100
    assert world.escrow.functions.feesAccrued().call() == 20 * DOLLAR // 100
    assert world.stands(terms)["settled"] == 4 * DOLLAR
    assert world.events(receipt, "Settled") == [
        {
            "leaseId": world.lease_id(terms),
            "cumulative": 4 * DOLLAR,
            "payeeAmount": 380 * DOLLAR // 100,
            "feeAmount": 20 * DOLLAR // 100,
        }
    ]


def test_many_small_charges_cost_what_one_large_one_does(world: World):
    terms = _running(world)
    totals = [7, 19, 20, 39, 41, 1_000_003]
    for total in totals:
        world.settle(terms, total)
    assert world.escrow.functions.feesAccrued().call() == totals[-1] * 500 // 10_000
    assert world.entitlement(world.payee) == totals[-1] - totals[-1] * 500 // 10_000


def test_a_replayed_or_reordered_total_does_nothing(world: World):
    terms = _running(world)
    world.settle(terms, 2 * DOLLAR)
    before = world.untouched()
    for stale in (2 * DOLLAR, DOLLAR, 0):
        assert world.settle(terms, stale)["logs"] == []
        assert world.untouched() == before


def test_time_bounds_the_charge_to_the_second(world: World):
    terms = world.terms()
    world.deposit(terms)
    deposited_at = world.stands(terms)["depositedAt"]
    world.node.pass_time(deposited_at + 719 - world.node.now())
    bound = RATE * 720 // 3600
    with world.refused("AboveBound"):
        world.settle(terms, bound + 1)
    world.settle(terms, bound)
    assert world.node.now() == deposited_at + 720
    assert world.stands(terms)["settled"] == bound == world.escrow.functions.boundOf(as_tuple(terms)).call()


def test_the_deposit_bounds_the_charge(world: World):
    terms = _running(world, cap=3 * DOLLAR)
    with world.refused("AboveBound"):
        world.settle(terms, 3 * DOLLAR + 1)
    with world.refused("AboveBound"):
        world.settle(terms, 2**256 - 1)
    world.settle(terms, 3 * DOLLAR)


def test_charges_do_not_grow_past_the_expiry(world: World):
    terms = world.terms(expiry=world.node.now() + 1 + HOUR)
    world.deposit(terms)
    seconds = terms["expiry"] - world.stands(terms)["depositedAt"]
    world.node.pass_time(2 * HOUR)
    with world.refused("AboveBound"):
        world.settle(terms, RATE * seconds // 3600 + 1)
    world.settle(terms, RATE * seconds // 3600)


def test_nothing_is_charged_without_a_deposit(world: World):
    terms = world.terms()
    assert world.escrow.functions.boundOf(as_tuple(terms)).call() == 0
    for attempt in (lambda: world.settle(terms, 1), lambda: world.close(terms, 0), lambda: world.reclaim(terms)):
        with world.refused("NotOpen"):
            attempt()


@pytest.mark.parametrize(
    "change",
    [
        {"ref": keccak(text="another")},
        {"payer": "0x000000000000000000000000000000000000dEaD"},
        {"payee": "0x000000000000000000000000000000000000dEaD"},
        {"cap": 11 * DOLLAR},
        {"ratePerHour": 6 * DOLLAR},
        {"feeBps": 2000},
        {"expiry": 2**40},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nothing_is_done_under_terms_that_were_not_deposited_for(world: World, change: dict[str, object]):
    terms = _running(world)
    forged = terms | change
    for attempt in (lambda: world.settle(forged, 1), lambda: world.close(forged, 1), lambda: world.reclaim(forged)):
        with world.refused("NotOpen"):
            attempt()
    receipt = world.send(world.settler, world.escrow.functions.settleBatch([(as_tuple(forged), 1)]))
    assert [event["reason"] for event in world.events(receipt, "LineSkipped")] == [selector("NotOpen")]


@pytest.mark.parametrize("who", ["stranger", "payer", "payee", "signer", "guardian", "treasurer"])
def test_only_the_settler_charges_and_closes(world: World, who: str):
    terms = as_tuple(_running(world))
    calls = world.escrow.functions
    for call in (calls.settle(terms, 1), calls.settleBatch([(terms, 1)]), calls.close(terms, 1)):
        with world.refused("AccessControlUnauthorizedAccount"):
            world.send(getattr(world, who), call)


def test_a_batch_charges_each_line_and_leaves_out_the_bad_ones(world: World):
    one, other, frozen = (world.terms(ref=keccak(text=name)) for name in ("one", "other", "frozen"))
    for terms in (one, other, frozen):
        world.deposit(terms)
    unknown = world.terms(ref=keccak(text="unknown"))
    world.node.pass_time(HOUR)
    world.freeze(frozen)
    lines = [(one, DOLLAR), (unknown, 1), (frozen, 1), (other, 99 * DOLLAR), (other, 2 * DOLLAR), (one, DOLLAR)]
    call = world.escrow.functions.settleBatch([(as_tuple(terms), total) for terms, total in lines])
    receipt = world.send(world.settler, call)
    assert [(e["leaseId"], e["reason"]) for e in world.events(receipt, "LineSkipped")] == [
        (world.lease_id(unknown), selector("NotOpen")),
        (world.lease_id(frozen), selector("FrozenByGuardian")),
        (world.lease_id(other), selector("AboveBound")),
    ]
    assert [e["cumulative"] for e in world.events(receipt, "Settled")] == [DOLLAR, 2 * DOLLAR]
    assert world.escrow.functions.feesAccrued().call() == 3 * DOLLAR * 500 // 10_000


def test_an_empty_batch_does_nothing(world: World):
    assert world.send(world.settler, world.escrow.functions.settleBatch([]))["logs"] == []


# -- close and reclaim -----------------------------------------------------------------------------------------


def test_closing_charges_the_last_time_and_returns_the_rest(world: World):
    terms = _running(world)
    world.settle(terms, DOLLAR)
    receipt = world.close(terms, 4 * DOLLAR)
    assert world.events(receipt, "Closed") == [
        {"leaseId": world.lease_id(terms), "settled": 4 * DOLLAR, "refunded": 6 * DOLLAR}
    ]
    assert world.entitlement(world.payer) == 6 * DOLLAR
    for attempt in (world.settle, world.close):
        with world.refused("NotOpen"):
            attempt(terms, 5 * DOLLAR)


def test_closing_takes_back_nothing_that_was_charged(world: World):
    terms = _running(world)
    world.settle(terms, 3 * DOLLAR)
    world.close(terms, DOLLAR)
    assert world.stands(terms)["settled"] == 3 * DOLLAR
    assert world.entitlement(world.payer) == 7 * DOLLAR


def test_closing_cannot_charge_above_the_bound(world: World):
    terms = world.terms()
    world.deposit(terms)
    with world.refused("AboveBound"):
        world.close(terms, 10 * DOLLAR)


def test_the_payer_reclaims_after_grace_with_nobodys_consent(world: World):
    terms = _running(world)
    world.settle(terms, DOLLAR)
    world.node.pass_time(terms["expiry"] + GRACE - world.node.now() - 1)
    with world.node.undone(), world.refused("TooEarly"):
        world.reclaim(terms)
    world.node.mine()
    for other in (world.payee, world.settler, world.stranger):
        with world.refused("NotPayer"):
            world.reclaim(terms, by=other)
    receipt = world.reclaim(terms)
    assert world.events(receipt, "Reclaimed") == [
        {"leaseId": world.lease_id(terms), "settled": DOLLAR, "refunded": 9 * DOLLAR}
    ]
    world.withdraw(world.payer)
    assert world.balance(world.payer) == 999 * DOLLAR
    with world.refused("NotOpen"):
        world.reclaim(terms)
    assert world.escrow.functions.GRACE().call() == GRACE
