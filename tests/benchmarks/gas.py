"""What the escrow contract costs, measured by transactions on anvil, beside what a comparable contract publishes."""

from tests.contracts.anvil import running_anvil
from tests.contracts.gas import BATCH, BOUNDS, COMMERCE_PAYMENTS, Gas, measure_gas
from tests.contracts.world import build_world


def measure_contract() -> Gas:
    """Everything was measured on a fresh node and a fresh contract."""
    with running_anvil() as node:
        return measure_gas(build_world(node))


def render_gas(gas: Gas, at: str) -> str:
    """The section about the contract's gas."""
    rows = [
        ("The very first deposit (allowance)", gas.deposit_cold, "deposit_cold", ""),
        ("A deposit (allowance)", gas.deposit_warm, "deposit_warm", ""),
        ("A deposit with a permit, no approval before it", gas.deposit_permit, "", ""),
        ("A deposit with an authorization, no approval before it", gas.deposit_authorization, "", "authorize"),
        ("One charge", gas.settle_warm, "settle_warm", "capture"),
        (f"A charge, in a batch of {BATCH}", round(gas.batch_line), "batch_line", ""),
        (f"A stale charge, in a batch of {BATCH}", round(gas.stale_line), "stale_line", ""),
        ("Closing a lease, with its last charge", gas.close, "", ""),
        ("Reclaiming after expiry", gas.reclaim, "", "reclaim"),
        ("Withdrawing", gas.withdraw, "", ""),
    ]
    table = "\n".join(_row(*row) for row in rows)
    return PAGE.format(at=at, table=table)


def _row(what: str, gas: int, bound: str, peer: str) -> str:
    most = f"{BOUNDS[bound]:,}" if bound else ""
    other = f"{peer}: {COMMERCE_PAYMENTS[peer]:,}" if peer else ""
    return f"| {what} | {gas:,} | {most} | {other} |"


PAGE = """## Gas of the escrow contract

Measured by `make bench` on {at}: gas used by whole transactions on anvil, each transaction's own 21,000 and its
calldata included; a batch line is its share. The test token stands for USDC, whose proxy and blocklist add to every
transfer.

| Deed | Gas | At most | Base commerce-payments |
|---|---|---|---|
{table}

The bounds are held by `tests/contracts/test_gas.py`. Commerce-payments is the nearest contract in use: its figures are
its own, from `.gas-snapshot-benchmarks` of 2025-08-01, measured inside one call, so without the 21,000 and the
calldata; its authorize takes an EIP-3009 authorization, its capture pays out at once.
"""
