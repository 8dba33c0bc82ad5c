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
from eth_account.datastructures import SignedMessage
from eth_account.messages import SignableMessage, encode_typed_data
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
DAY = 24 * HOUR
GRACE = 3 * DAY
FEE_BPS = 500
MAX_FEE_BPS = 2000
REF = keccak(text="a lease")
CASE = keccak(text="a case")

TERMS_FIELDS = (
    ("ref", "bytes32"),
    ("payer", "address"),
    ("payee", "address"),
    ("cap", "uint256"),
    ("ratePerHour", "uint256"),
    ("feeBps", "uint16"),
    ("expiry", "uint64"),
)
PERMIT_FIELDS = (
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)
AUTHORIZATION_FIELDS = (
    ("from", "address"),
    ("to", "address"),
    ("value", "uint256"),
    ("validAfter", "uint256"),
    ("validBefore", "uint256"),
    ("nonce", "bytes32"),
)
Terms = dict[str, Any]


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
    blocked: str = field(default_factory=lambda: key("blocked property").address)

    # -- terms and clearances --------------------------------------------------------------------------

    def terms(self, **changes: Any) -> Terms:
        """Good terms, but for what is overridden."""
        good = {
            "ref": REF,
            "payer": self.payer.address,
            "payee": self.payee.address,
            "cap": 10 * DOLLAR,
            "ratePerHour": 5 * DOLLAR,
            "feeBps": FEE_BPS,
            "expiry": self.node.now() + 2 * HOUR,
        }
        assert changes.keys() <= good.keys()
        return good | changes

    def lease_id(self, terms: Terms) -> bytes:
        """The lease's id, reckoned from the standard and not from the contract."""
        return _digest(encode_typed_data(**self._typed(terms_message(terms), "LeaseTerms")))

    def clearance(
        self,
        terms: Terms,
        *,
        by: LocalAccount | None = None,
        valid_until: int | None = None,
        epoch: int = 0,
        chain_id: int = CHAIN_ID,
        contract: str = "",
    ) -> tuple[int, int, bytes]:
        """The clearance for the terms, signed by the compliance signer unless told otherwise."""
        until = self.node.now() + 900 if valid_until is None else valid_until
        message = {"terms": terms_message(terms), "validUntil": until, "epoch": epoch}
        typed = self._typed(message, "Clearance", chain_id=chain_id, contract=contract)
        signed = Account.sign_typed_data((by or self.signer).key, **typed)
        return until, epoch, bytes(signed.signature)

    def _typed(self, message: Any, kind: str, *, chain_id: int = CHAIN_ID, contract: str = "") -> dict[str, Any]:
        types = {"LeaseTerms": [{"name": name, "type": type_} for name, type_ in TERMS_FIELDS]}
        if kind == "Clearance":
            types["Clearance"] = [
                {"name": "terms", "type": "LeaseTerms"},
                {"name": "validUntil", "type": "uint64"},
                {"name": "epoch", "type": "uint64"},
            ]
        return {
            "domain_data": {
                "name": "Gridclear Escrow",
                "version": "1",
                "chainId": chain_id,
                "verifyingContract": contract or self.escrow.address,
            },
            "message_types": types,
            "message_data": message,
        }

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

    @property
    def admin(self) -> str:
        """Who gives and takes roles: anvil's first account, whose key anvil has."""
        return str(self.node.web3.eth.accounts[0])

    def by_admin(self, call: Any) -> TxReceipt:
        """As `send`, by the admin."""
        sent = call.transact({"from": self.admin})
        receipt = self.node.web3.eth.wait_for_transaction_receipt(sent, timeout=10)
        assert receipt["status"] == 1
        return receipt

    def approve(self, amount: int, by: LocalAccount | None = None) -> None:
        self.send(by or self.payer, self.token.functions.approve(self.escrow.address, amount))

    def deposit(
        self, terms: Terms | None = None, clearance: tuple[int, int, bytes] | None = None, **changes: Any
    ) -> TxReceipt:
        """A deposit with the payer's allowance; terms and clearance are good unless given."""
        terms = terms or self.terms(**changes)
        self.approve(terms["cap"])
        return self.send_deposit(terms, clearance)

    def send_deposit(self, terms: Terms, clearance: tuple[int, int, bytes] | None = None) -> TxReceipt:
        """As `deposit`, with whatever allowance there is."""
        signed = self.clearance(terms) if clearance is None else clearance
        return self.send(self.payer, self.escrow.functions.deposit(as_tuple(terms), signed))

    def permit(self, value: int, deadline: int, by: LocalAccount | None = None) -> tuple[int, int, bytes, bytes]:
        """The payer's EIP-2612 permit for the escrow: deadline, v, r, s."""
        message = {
            "owner": self.payer.address,
            "spender": self.escrow.address,
            "value": value,
            "nonce": self._permit_nonce(),
            "deadline": deadline,
        }
        signed = self._sign_for_token(by or self.payer, "Permit", PERMIT_FIELDS, message)
        return deadline, signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)

    def _permit_nonce(self) -> int:
        # The misbehaving token takes any permit, and counts none.
        return self.token.functions.nonces(self.payer.address).call() if "nonces" in self.token.functions else 0

    def authorization(
        self, terms: Terms, *, by: LocalAccount | None = None, kind: str = "ReceiveWithAuthorization", **changes: Any
    ) -> tuple[int, int, int, bytes, bytes]:
        """The payer's EIP-3009 authorization, whose nonce is the lease's id: validAfter, validBefore, v, r, s."""
        message = {
            "from": terms["payer"],
            "to": self.escrow.address,
            "value": terms["cap"],
            "validAfter": 0,
            "validBefore": self.node.now() + 900,
            "nonce": self.lease_id(terms),
        } | changes
        signed = self._sign_for_token(by or self.payer, kind, AUTHORIZATION_FIELDS, message)
        times = message["validAfter"], message["validBefore"]
        return *times, signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)

    def cancellation(self, terms: Terms) -> Any:
        """The call by which the payer takes back its authorization for the terms."""
        message = {"authorizer": self.payer.address, "nonce": self.lease_id(terms)}
        fields = (("authorizer", "address"), ("nonce", "bytes32"))
        signed = self._sign_for_token(self.payer, "CancelAuthorization", fields, message)
        signature = signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)
        return self.token.functions.cancelAuthorization(self.payer.address, message["nonce"], *signature)

    def _sign_for_token(
        self, by: LocalAccount, kind: str, fields: tuple[tuple[str, str], ...], message: dict[str, Any]
    ) -> SignedMessage:
        return Account.sign_typed_data(
            by.key,
            domain_data={
                "name": "Test USDC",
                "version": "1",
                "chainId": CHAIN_ID,
                "verifyingContract": self.token.address,
            },
            message_types={kind: [{"name": name, "type": type_} for name, type_ in fields]},
            message_data=message,
        )

    def settle(self, terms: Terms, cumulative: int) -> TxReceipt:
        return self.send(self.settler, self.escrow.functions.settle(as_tuple(terms), cumulative))

    def close(self, terms: Terms, cumulative: int) -> TxReceipt:
        return self.send(self.settler, self.escrow.functions.close(as_tuple(terms), cumulative))

    def reclaim(self, terms: Terms, by: LocalAccount | None = None) -> TxReceipt:
        return self.send(by or self.payer, self.escrow.functions.reclaim(as_tuple(terms)))

    def freeze(self, terms: Terms, seconds: int = HOUR) -> TxReceipt:
        until = self.node.now() + seconds
        return self.send(self.guardian, self.escrow.functions.freeze(self.lease_id(terms), CASE, until))

    def freeze_account(self, account: LocalAccount, seconds: int = HOUR) -> TxReceipt:
        until = self.node.now() + seconds
        return self.send(self.guardian, self.escrow.functions.freezeAccount(account.address, CASE, until))

    def withdraw(self, account: LocalAccount) -> TxReceipt:
        return self.send(account, self.escrow.functions.withdraw(account.address))

    # -- readings --------------------------------------------------------------------------------------

    def balance(self, account: LocalAccount | str) -> int:
        address = account if isinstance(account, str) else account.address
        return self.token.functions.balanceOf(address).call()

    def entitlement(self, account: LocalAccount | str) -> int:
        address = account if isinstance(account, str) else account.address
        return self.escrow.functions.entitlementOf(address).call()

    def stands(self, terms: Terms) -> dict[str, Any]:
        """Where the lease stands, by field name."""
        names = [part["name"] for part in artifact_output("leaseOf")]
        return dict(zip(names, self.escrow.functions.leaseOf(self.lease_id(terms)).call(), strict=True))

    def events(self, receipt: TxReceipt, name: str) -> list[dict[str, Any]]:
        """The arguments of each such event in the receipt."""
        found = []
        for log in receipt["logs"]:
            with contextlib.suppress(Exception):
                found.append(dict(self.escrow.events[name]().process_log(log)["args"]))
        return found

    def untouched(self) -> tuple[Any, ...]:
        """What no refusal may change: all that the escrow stores, and whose tokens are whose."""
        with self.node.web3.batch_requests() as batch:
            batch.add(self.node.web3.eth.get_proof(self.escrow.address, []))
            for address in (self.payer.address, self.payee.address, self.escrow.address):
                batch.add(self.token.functions.balanceOf(address))
            proof, *balances = batch.execute()
        return bytes(proof["storageHash"]), *balances

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


def as_tuple(terms: Terms) -> tuple[Any, ...]:
    """The terms in the order of the struct."""
    return tuple(terms[name] for name, _ in TERMS_FIELDS)


def target_of(account: str) -> bytes:
    """What a proposal to seize calls the account."""
    return bytes(12) + bytes.fromhex(account[2:])


def terms_message(terms: Terms) -> Terms:
    """The terms in the order in which they are signed."""
    return {name: terms[name] for name, _ in TERMS_FIELDS}


def _digest(message: SignableMessage) -> bytes:
    return keccak(b"\x19" + message.version + message.header + message.body)


def deploy(node: Anvil, compiled: dict[str, Any], *arguments: Any) -> Contract:
    """A contract stands, deployed by anvil's first account."""
    web3 = node.web3
    factory = web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    sent = factory.constructor(*arguments).transact({"from": web3.eth.accounts[0]})
    receipt = web3.eth.wait_for_transaction_receipt(sent, timeout=10)
    return web3.eth.contract(address=to_checksum_address(receipt["contractAddress"]), abi=compiled["abi"])


def setup(token: str, admin: str, /, **changes: Any) -> tuple[Any, ...]:
    """A good Setup for the constructor, but for what is overridden."""
    good = {
        "token": token,
        "admin": admin,
        "adminDelay": 2 * DAY,
        "clearanceSigner": key("signer").address,
        "settler": key("settler").address,
        "guardian": key("guardian").address,
        "treasurer": key("treasurer").address,
        "quarantine": key("quarantine").address,
        "blockedProperty": key("blocked property").address,
        "maxFeeBps": MAX_FEE_BPS,
        "grace": GRACE,
    }
    assert changes.keys() <= good.keys()
    return tuple((good | changes).values())


def build_world(node: Anvil, token: Contract | None = None) -> World:
    """Token and escrow are deployed, everyone has gas, the payer has 1,000 dollars."""
    admin = node.web3.eth.accounts[0]
    coin = token or deploy(node, artifact("TestUSDC"))
    escrow = deploy(node, artifact("GridclearEscrow"), setup(coin.address, admin))
    world = World(node, coin, escrow)
    for who in (world.payer, world.payee, world.settler, world.guardian, world.treasurer, world.stranger, world.signer):
        node.rpc("anvil_setBalance", who.address, hex(10**20))
    coin.functions.mint(world.payer.address, 1000 * DOLLAR).transact({"from": admin})
    return world
