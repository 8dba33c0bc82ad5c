"""`gridclear escrow`: deposits from a renter's own wallet, and its way out with nothing but a wallet and a node.

No server is asked but for `deposit`, which needs the marketplace's clearance.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gridclear.cli.market import connect
from gridclear.cli.output import console, fail, print_json, speaks_plainly
from gridclear.deposits import Deposit
from gridclear.errors import AgentError
from gridclear.escrow import STATUS, Escrow, EscrowLease

app = typer.Typer(no_args_is_help=True, help="What you deposited on chain, and how to get it back without anybody.")

Rpc = Annotated[str, typer.Option("--rpc", envvar="GRIDCLEAR_RPC_URL", help="An EVM node of your choice.")]
Contract = Annotated[str, typer.Option(envvar="GRIDCLEAR_ESCROW", help="The escrow contract's address.")]
KeyFile = Annotated[Path, typer.Option("--key-file", help="A file with the wallet's private key, in hex.")]
FromBlock = Annotated[int, typer.Option(min=0, help="Where to begin to look for deposits.")]


@app.command("list")
@speaks_plainly
def list_leases(
    rpc: Rpc,
    contract: Contract,
    wallet: Annotated[str, typer.Option(help="The depositing address.")],
    from_block: FromBlock = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The leases that a wallet deposited for, and what it may withdraw."""
    escrow = Escrow(rpc, contract)
    found, owed = escrow.leases(wallet, from_block), escrow.entitlement(wallet)
    if as_json:
        print_json({"entitlement": owed, "leases": [_plain(lease) for lease in found]})
        return
    table = Table("Lease", "Status", "Not charged", "Reclaimable from (unix)", box=None)
    for lease in found:
        table.add_row(lease.lease_id, STATUS[lease.status], str(lease.rest), str(lease.reclaimable_at))
    console.print(table)
    console.print(f"The contract owes this wallet {owed} token units. Next: gridclear escrow withdraw")


@app.command()
@speaks_plainly
def reclaim(
    lease_id: Annotated[str, typer.Argument(help="The lease's id on chain, from `gridclear escrow list`.")],
    rpc: Rpc,
    contract: Contract,
    key_file: KeyFile,
    from_block: FromBlock = 0,
) -> None:
    """Close an expired lease and have what was not charged paid to your wallet."""
    key, escrow = _key(key_file), Escrow(rpc, contract)
    mine = [lease for lease in escrow.leases(_wallet(key), from_block) if lease.lease_id == lease_id.lower()]
    if not mine:
        fail("no_such_lease", "This wallet made no deposit for that lease.")
    console.print(f"Reclaimed: {escrow.reclaim(mine[0], key)}", soft_wrap=True)
    if escrow.entitlement(_wallet(key)):
        console.print(f"Paid: {escrow.withdraw(key)}", soft_wrap=True)


@app.command()
@speaks_plainly
def withdraw(rpc: Rpc, contract: Contract, key_file: KeyFile) -> None:
    """Have all that the contract owes your wallet paid to it."""
    console.print(f"Paid: {Escrow(rpc, contract).withdraw(_key(key_file))}", soft_wrap=True)


@app.command()
@speaks_plainly
def deposit(
    lease_id: Annotated[str, typer.Argument(help="The lease that waits for its deposit.")],
    contract: Contract,
    key_file: KeyFile,
    rpc: Annotated[str, typer.Option("--rpc", envvar="GRIDCLEAR_RPC_URL", help="An EVM node of your choice.")] = "",
    permit: Annotated[bool, typer.Option("--permit", help="One transaction: the allowance is signed with it.")] = False,
    authorization: Annotated[
        bool, typer.Option("--authorization", help="Sign only; the marketplace sends it and pays the gas.")
    ] = False,
) -> None:
    """Deposit for a lease from your wallet; by default in two transactions, the allowance first."""
    key = _key(key_file)
    if permit and authorization:
        fail("two_ways", "Choose --permit or --authorization, not both.")
    if not rpc and not authorization:
        fail("no_node", "Name a node with --rpc, or sign with --authorization, which needs none.")
    with connect() as client:
        offered = Deposit.read(client.deposit(lease_id), wallet=_wallet(key), contract=contract)
        if authorization:
            sent = client.sign_deposit(lease_id, offered.authorization(key))["hash"]
        else:
            send = offered.send_with_permit if permit else offered.send
            sent = send(Escrow(rpc, contract), key)
    console.print(f"Deposited {offered.amount} token units: {sent}", soft_wrap=True)


def _key(path: Path) -> str:
    try:
        key = path.read_text(encoding="ascii").strip().removeprefix("0x")
        if len(bytes.fromhex(key)) != 32:
            raise ValueError
    except (OSError, ValueError):
        raise AgentError("no_key", f"{path} holds no private key of 64 hex digits.") from None
    return key


def _wallet(key: str) -> str:
    return Escrow.address_of(key)


def _plain(lease: EscrowLease) -> dict[str, object]:
    return {
        "lease_id": lease.lease_id,
        "status": STATUS[lease.status],
        "cap": lease.terms[3],
        "settled": lease.settled,
        "frozen_until": lease.frozen_until,
        "reclaimable_at": lease.reclaimable_at,
    }
