"""What each deed costs, in gas of a whole transaction: the 21,000 of the transaction itself are included.

"Cold" is the very first deposit into a fresh contract, which fills slots that every later deposit finds filled; "warm"
is any later one. Measured with the test token; what USDC's own rules add is the token's.
"""

from dataclasses import dataclass

from eth_utils import keccak

from tests.contracts.world import CENT, DOLLAR, HOUR, Terms, World, as_tuple

BATCH = 100


@dataclass(frozen=True)
class Gas:
    """Gas by deed; a batch line's is its share of the transaction."""

    deposit_cold: int
    deposit_warm: int
    deposit_permit: int
    deposit_authorization: int
    settle_warm: int
    batch_line: float
    stale_line: float
    close: int
    reclaim: int
    withdraw: int


# The most that each may cost.
BOUNDS = {
    "deposit_cold": 140_000,
    "deposit_warm": 91_000,
    "settle_warm": 51_000,
    "batch_line": 26_000,
    "stale_line": 12_000,
}
# https://github.com/base/commerce-payments, .gas-snapshot-benchmarks at its main branch of 2025-08-01: measured by
# forge inside one call, so without the 21,000 of a transaction and its calldata.
COMMERCE_PAYMENTS = {"authorize": 155_657, "capture": 69_915, "reclaim": 55_217}


def measure_gas(world: World) -> Gas:
    """Everything was measured on a fresh contract; afterwards its world is full of leases."""
    cold = world.deposit(ref=keccak(text="the very first"))["gasUsed"]
    warm = world.deposit(ref=keccak(text="another"))["gasUsed"]
    permit, authorization = _permit(world), _authorization(world)
    leases = _leases(world)
    world.node.pass_time(HOUR)
    world.settle(leases[0], CENT)
    settle = world.settle(leases[0], 2 * CENT)["gasUsed"]
    batch = world.escrow.functions.settleBatch([(as_tuple(terms), 3 * CENT) for terms in leases])
    line = world.send(world.settler, batch)["gasUsed"] / BATCH
    stale = world.send(world.settler, batch)["gasUsed"] / BATCH
    close = world.close(leases[1], 4 * CENT)["gasUsed"]
    withdraw = world.withdraw(world.payee)["gasUsed"]
    world.node.pass_time(leases[2]["expiry"] + 4 * 24 * HOUR - world.node.now())
    reclaim = world.reclaim(leases[2])["gasUsed"]
    return Gas(cold, warm, permit, authorization, settle, line, stale, close, reclaim, withdraw)


def _leases(world: World) -> list[Terms]:
    world.approve(BATCH * DOLLAR)
    leases = [world.terms(ref=keccak(text=f"lease {number}"), cap=DOLLAR) for number in range(BATCH)]
    for terms in leases:
        world.send_deposit(terms)
    return leases


def _permit(world: World) -> int:
    terms = world.terms(ref=keccak(text="by permit"))
    permit = world.permit(terms["cap"], world.node.now() + HOUR)
    call = world.escrow.functions.depositWithPermit(as_tuple(terms), world.clearance(terms), *permit)
    return world.send(world.payer, call)["gasUsed"]


def _authorization(world: World) -> int:
    terms = world.terms(ref=keccak(text="by authorization"))
    call = world.escrow.functions.depositWithAuthorization(
        as_tuple(terms), world.clearance(terms), world.authorization(terms)
    )
    return world.send(world.stranger, call)["gasUsed"]
