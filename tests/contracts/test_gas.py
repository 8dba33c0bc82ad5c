"""What each deed costs, so that a change that makes one dearer is seen. Gas, without the token's own rules for USDC."""

import pytest
from eth_utils import keccak

from tests.contracts.world import CENT, DOLLAR, HOUR, World, as_tuple

pytestmark = pytest.mark.chain

# Gas in one transaction, the 21,000 of the transaction itself included; a batch line's is its share.
DEPOSIT_COLD = 140_000
SETTLE_WARM = 51_000
BATCH_LINE = 26_000
STALE_LINE = 12_000


def _leases(world: World, count: int) -> list[bytes]:
    leases = [keccak(text=f"lease {number}") for number in range(count)]
    world.approve(count * DOLLAR)
    for number, lease in enumerate(leases):
        terms = world.clearance(leaseId=lease, nonce=number, cap=DOLLAR)
        world.send(world.payer, world.escrow.functions.deposit(as_tuple(terms), world.sign(terms)))
    return leases


def test_gas_stays_within_its_bounds(world: World, record_property):
    # The very first deposit fills two slots of the contract that every later one finds filled.
    world.deposit(leaseId=keccak(text="the very first"), nonce=10**6)
    cold = world.deposit(leaseId=keccak(text="a new lease"), nonce=10**6 + 1)["gasUsed"]
    leases = _leases(world, 100)
    world.node.pass_time(HOUR)
    world.settle(CENT, lease=leases[0])
    warm = world.settle(2 * CENT, lease=leases[0])["gasUsed"]
    batch = world.escrow.functions.settleBatch([(lease, 3 * CENT) for lease in leases])
    line = world.send(world.settler, batch)["gasUsed"] / 100
    stale = world.send(world.settler, batch)["gasUsed"] / 100
    figures = {"deposit": cold, "settle": warm, "batch_line": line, "stale_line": stale}
    for name, gas in figures.items():
        record_property(name, gas)
    assert cold <= DEPOSIT_COLD
    assert warm <= SETTLE_WARM
    assert line <= BATCH_LINE
    assert stale <= STALE_LINE
