"""The cast of the contract tests: a fresh token, a fresh escrow, and one key for each role."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak, to_checksum_address
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.types import TxReceipt

from settlement.contracts.compile import compile_sources
from settlement.contracts.toolchain import ARTIFACTS, CONTRACTS
from tests.contracts.anvil import CHAIN_ID, Anvil

CENT = 10_000  # minor units of the token
DOLLAR = 100 * CENT
HOUR = 3600
GRACE = 3 * 24 * HOUR
FEE_BPS = 500
MAX_FEE_BPS = 2000
LEASE = keccak(text="a lease")
CASE = keccak(text="a case")

CLEARANCE_FIELDS = (
    ("leaseId", "bytes32"),
    ("payer", "address"),
    ("payee", "address"),
    ("cap", "uint256"),
    ("ratePerHour", "uint256"),
    ("feeBps", "uint16"),
    ("validUntil", "uint64"),
    ("leaseExpiry", "uint64"),
    ("nonce", "uint256"),
    ("epoch", "uint64"),
)


def key(name: str) -> LocalAccount:
    """The same key for the same name, always."""
    return Account.from_key(keccak(text=f"gridclear test key: {name}"))


@cache
def artifact(name: str) -> dict[str, Any]:
    """A committed ABI and bytecode."""
    return json.loads((ARTIFACTS / f"{name}.json").read_text())


@cache
def mocks() -> dict[str, dict[str, Any]]:
    """The misbehaving contracts, compiled once for the session."""
    path: Path = CONTRACTS / "test" / "Mocks.sol"
    return compile_sources({"test/Mocks.sol": path}, ("BadToken", "ContractPayer"))


@dataclass
class World:
    """One escrow of one token, and who is who."""

    node: Anvil
    token: Contract
    escrow: Contract
    payer: LocalAccount = field(default_factory=lambda: key("payer"))
    payee: LocalAccount = field(default_factory=lambda: key("payee"))
    signer: LocalAccount = field(default_factory=lambda: key("signer"))
    settler: LocalAccount = field(default_factory=lambda: key("settler"))
    guardian: LocalAccount = field(default_factory=lambda: key("guardian"))
    treasurer: LocalAccount = field(default_factory=lambda: key("treasurer"))
    stranger: LocalAccount = field(default_factory=lambda: key("stranger"))
    quarantine: str = field(default_factory=lambda: key("quarantine").address)

    # -- clearances ------------------------------------------------------------------------------------

    def clearance(self, **terms: Any) -> dict[str, Any]:
        """Good terms, but for what is overridden."""
        now = self.node.now()
        good = {
            "leaseId": LEASE,
            "payer": self.payer.address,
            "payee": self.payee.address,
            "cap": 10 * DOLLAR,
            "ratePerHour": 5 * DOLLAR,
            "feeBps": FEE_BPS,
            "validUntil": now + 900,
            "leaseExpiry": now + 2 * HOUR,
            "nonce": 1,
            "epoch": 0,
        }
        assert terms.keys() <= good.keys()
        return good | terms

    def sign(
        self, clearance: dict[str, Any], *, by: LocalAccount | None = None, chain_id: int = CHAIN_ID, contract: str = ""
    ) -> bytes:
        """The EIP-712 signature, written from the standard and not from our own production code."""
        signed = Account.sign_typed_data(
            (by or self.signer).key,
            domain_data={
                "name": "Gridclear Escrow",
                "version": "1",
                "chainId": chain_id,
                "verifyingContract": contract or self.escrow.address,
            },
            message_types={"Clearance": [{"name": name, "type": type_} for name, type_ in CLEARANCE_FIELDS]},
            message_data=clearance,
        )
        return bytes(signed.signature)

    # -- deeds -----------------------------------------------------------------------------------------

    def send(self, by: LocalAccount, call: Any) -> TxReceipt:
        """The call stood in a block. Raises ContractCustomError when it is refused."""
        web3 = self.node.web3
        transaction = call.build_transaction(
            {"from": by.address, "nonce": web3.eth.get_transaction_count(by.address), "gas": 3_000_000}
        )
        call.call({"from": by.address}, "pending")  # names the custom error, which a receipt does not
        sent = web3.eth.send_raw_transaction(by.sign_transaction(transaction).raw_transaction)
        receipt = web3.eth.wait_for_transaction_receipt(sent, timeout=10)
        assert receipt["status"] == 1
        return receipt

    def approve(self, amount: int, by: LocalAccount | None = None) -> None:
        self.send(by or self.payer, self.token.functions.approve(self.escrow.address, amount))

    def deposit(
        self, clearance: dict[str, Any] | None = None, signature: bytes | None = None, **changes: Any
    ) -> TxReceipt:
        """A deposit with the payer's allowance; terms and signature are good unless given."""
        terms = clearance or self.clearance(**changes)
        self.approve(terms["cap"])
        signed = self.sign(terms) if signature is None else signature
        return self.send(self.payer, self.escrow.functions.deposit(as_tuple(terms), signed))

    def settle(self, cumulative: int, lease: bytes = LEASE) -> TxReceipt:
        return self.send(self.settler, self.escrow.functions.settle(lease, cumulative))

    def close(self, cumulative: int, lease: bytes = LEASE) -> TxReceipt:
        return self.send(self.settler, self.escrow.functions.close(lease, cumulative))

    def freeze(self, seconds: int = HOUR, lease: bytes = LEASE) -> TxReceipt:
        return self.send(self.guardian, self.escrow.functions.freeze(lease, CASE, self.node.now() + seconds))

    def withdraw(self, account: LocalAccount) -> TxReceipt:
        return self.send(account, self.escrow.functions.withdraw(account.address))

    # -- readings --------------------------------------------------------------------------------------

    def balance(self, account: LocalAccount | str) -> int:
        address = account if isinstance(account, str) else account.address
        return self.token.functions.balanceOf(address).call()

    def entitlement(self, account: LocalAccount) -> int:
        return self.escrow.functions.entitlementOf(account.address).call()

    def stands(self, lease: bytes = LEASE) -> dict[str, Any]:
        """The escrow of the lease by field name."""
        names = [part["name"] for part in artifact_output("escrowOf")]
        return dict(zip(names, self.escrow.functions.escrowOf(lease).call(), strict=True))

    def events(self, receipt: TxReceipt, name: str) -> list[dict[str, Any]]:
        """The arguments of each such event in the receipt."""
        found = []
        for log in receipt["logs"]:
            with contextlib.suppress(Exception):
                found.append(dict(self.escrow.events[name]().process_log(log)["args"]))
        return found

    def untouched(self) -> tuple[int, ...]:
        """What no refusal may change."""
        reads = self.escrow.functions
        return (
            self.balance(self.payer),
            self.balance(self.payee),
            self.balance(self.escrow.address),
            reads.accounted().call(),
            reads.feesAccrued().call(),
            self.entitlement(self.payer),
            self.entitlement(self.payee),
        )

    @contextlib.contextmanager
    def refused(self, error: str) -> Iterator[None]:
        """The block is refused with the named custom error, and nothing has changed."""
        before = self.untouched()
        with pytest.raises(ContractCustomError) as caught:
            yield
        assert error_name(str(caught.value.data)) == error
        assert self.untouched() == before


def artifact_output(function: str) -> list[dict[str, Any]]:
    """The components of what a function returns."""
    (entry,) = [e for e in artifact("GridclearEscrow")["abi"] if e.get("name") == function]
    return entry["outputs"][0]["components"]


@cache
def _errors() -> dict[str, str]:
    """Selector to name, for the escrow, the token and the errors of OpenZeppelin that reach the caller."""
    found = {}
    for name in ("GridclearEscrow", "TestUSDC"):
        for entry in artifact(name)["abi"]:
            if entry["type"] == "error":
                signature = f"{entry['name']}({','.join(i['type'] for i in entry['inputs'])})"
                found["0x" + keccak(text=signature)[:4].hex()] = entry["name"]
    return found


def error_name(data: str) -> str:
    """The name of the custom error in revert data."""
    return _errors().get(data[:10], data)


def selector(error: str) -> bytes:
    """The four bytes of a custom error without arguments or with."""
    (found,) = [code for code, name in _errors().items() if name == error]
    return bytes.fromhex(found[2:])


def as_tuple(clearance: dict[str, Any]) -> tuple[Any, ...]:
    """The terms in the order of the struct."""
    return tuple(clearance[name] for name, _ in CLEARANCE_FIELDS)


def deploy(node: Anvil, compiled: dict[str, Any], *arguments: Any) -> Contract:
    """A contract stands, deployed by anvil's first account."""
    web3 = node.web3
    factory = web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    sent = factory.constructor(*arguments).transact({"from": web3.eth.accounts[0]})
    receipt = web3.eth.wait_for_transaction_receipt(sent, timeout=10)
    return web3.eth.contract(address=to_checksum_address(receipt["contractAddress"]), abi=compiled["abi"])


def escrow_arguments(token: str, admin: str, /, **changes: Any) -> tuple[Any, ...]:
    """Good constructor arguments, but for what is overridden."""
    good = {
        "token": token,
        "admin": admin,
        "adminDelay": 2 * 24 * HOUR,
        "clearanceSigner": key("signer").address,
        "settler": key("settler").address,
        "guardian": key("guardian").address,
        "treasurer": key("treasurer").address,
        "quarantine": key("quarantine").address,
        "maxFeeBps": MAX_FEE_BPS,
        "grace": GRACE,
    }
    assert changes.keys() <= good.keys()
    return tuple((good | changes).values())


def build_world(node: Anvil, token: Contract | None = None) -> World:
    """Token and escrow are deployed, everyone has gas, the payer has 1,000 dollars."""
    admin = node.web3.eth.accounts[0]
    coin = token or deploy(node, artifact("TestUSDC"))
    escrow = deploy(node, artifact("GridclearEscrow"), *escrow_arguments(coin.address, admin))
    world = World(node, coin, escrow)
    for who in (world.payer, world.payee, world.settler, world.guardian, world.treasurer, world.stranger, world.signer):
        node.rpc("anvil_setBalance", who.address, hex(10**20))
    coin.functions.mint(world.payer.address, 1000 * DOLLAR).transact({"from": admin})
    return world
