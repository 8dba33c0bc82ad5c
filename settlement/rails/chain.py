"""The one place that talks to an EVM node. Everything here is a network call; none is allowed in a transaction."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import requests
from django.conf import settings
from eth_typing import ChecksumAddress, HexStr
from eth_utils.address import is_checksum_address, to_checksum_address
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.exceptions import BlockNotFound, ContractCustomError, ContractLogicError, TransactionNotFound, Web3Exception
from web3.types import BlockData, FilterParams, LogReceipt, TxParams

from compliance.base.errors import Refusal
from settlement.rails.chain_contracts import ANCHOR, ESCROW, TOKEN, abi, error_name
from settlement.rails.outside import require_no_transaction

TIMEOUT_SECONDS = 10
DEPLOYMENT_FILE = "chain.json"
ANCHORS_PER_CALL = 500


class ChainUnavailable(Refusal):
    """The node does not answer, or answers nonsense."""

    code = "chain_unavailable"
    http_status: ClassVar[int] = 503
    default_message = "The blockchain node does not answer. Nothing was changed; try again shortly."


class ChainNotConfigured(Refusal):
    """No node, no contracts, or contracts on another chain."""

    code = "chain_not_configured"
    http_status: ClassVar[int] = 503
    default_message = "Escrow on chain is not set up here. Nothing was changed; pay by card, or ask the operator."


class CallRefused(Refusal):
    """The contract would refuse the call; `error` names its custom error."""

    code = "chain_call_refused"
    http_status: ClassVar[int] = 409
    default_message = "The contract refuses this. Nothing was changed."

    def __init__(self, error: str) -> None:
        super().__init__(f"The contract refuses this: {error}. Nothing was changed.", error=error)
        self.error = error


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts stand. `block` is the first that can hold an event of theirs; `anchor` is empty for none."""

    chain_id: int
    escrow: str
    token: str
    block: int = 0
    anchor: str = ""

    def address_of(self, contract: str) -> str:
        """Where the contract stands. Raises ChainNotConfigured."""
        found = {ESCROW: self.escrow, TOKEN: self.token, ANCHOR: self.anchor}[contract]
        if not found:
            raise ChainNotConfigured(f"There is no {contract} here. Nothing was changed; deploy it first.")
        return found


@dataclass(frozen=True, slots=True)
class AnchoredRoot:
    """The first `size` links of an account's log have this root, says the chain; `anchored_at` in unix seconds."""

    size: int
    root: bytes
    anchored_at: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block's place in the chain; `timestamp` in unix seconds."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class EscrowLog:
    """An event of the escrow contract, decoded; bytes are 0x-prefixed hex."""

    block_number: int
    block_hash: str
    transaction_hash: str
    log_index: int
    name: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a transaction ended."""

    succeeded: bool
    block_number: int
    block_hash: str
    contract_address: str | None = None


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers, in wei per gas."""

    max_fee: int
    priority_fee: int


@dataclass(frozen=True, slots=True)
class EscrowState:
    """One lease's money as the contract has it; amounts in token units, times in unix seconds."""

    payer: str
    payee: str
    cap: int
    settled: int
    deposited_at: int
    lease_expiry: int
    frozen_until: int
    status: int

    NONE: ClassVar[int] = 0
    OPEN: ClassVar[int] = 1
    CLOSED: ClassVar[int] = 2


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Faults of the network become ChainUnavailable, refusals of a contract CallRefused."""
    require_no_transaction()
    try:
        yield
    except ContractCustomError as error:
        raise CallRefused(error_name(str(error.data))) from error
    except ContractLogicError as error:
        raise CallRefused(error.message or "no reason given") from error
    except (requests.RequestException, Web3Exception, OSError) as error:
        raise ChainUnavailable from error


class Chain:
    """A node, and the escrow and token contracts on its chain."""

    def __init__(self, web3: Web3, deployment: Deployment) -> None:
        self._web3 = web3
        self.deployment = deployment
        self._escrow = web3.eth.contract(address=_address(deployment.escrow), abi=abi(ESCROW))
        self._token = web3.eth.contract(address=_address(deployment.token), abi=abi(TOKEN))

    # -- blocks and logs -----------------------------------------------------------------------------------

    def head(self) -> Block:
        """The latest block."""
        with _asking():
            return _block(self._web3.eth.get_block("latest"))

    def block(self, number: int) -> Block | None:
        """The block of that height, None when the chain does not reach it."""
        with _asking():
            try:
                return _block(self._web3.eth.get_block(number))
            except BlockNotFound:
                return None

    def logs(self, first: int, last: int) -> list[EscrowLog]:
        """The escrow's events in blocks `first` to `last`, in order of the chain."""
        wanted: FilterParams = {
            "address": _address(self.deployment.escrow),
            "fromBlock": first,
            "toBlock": last,
        }
        with _asking():
            found = self._web3.eth.get_logs(wanted)
        return sorted((self._decoded(log) for log in found), key=lambda log: (log.block_number, log.log_index))

    def _decoded(self, log: LogReceipt) -> EscrowLog:
        event = self._escrow.get_event_by_topic(HexStr(log["topics"][0].to_0x_hex()))
        args = dict(event.process_log(log)["args"])
        return EscrowLog(
            block_number=log["blockNumber"],
            block_hash=log["blockHash"].to_0x_hex(),
            transaction_hash=log["transactionHash"].to_0x_hex(),
            log_index=log["logIndex"],
            name=event.event_name,
            args={name: _plain(value) for name, value in args.items()},
        )

    # -- readings ------------------------------------------------------------------------------------------

    def epoch(self) -> int:
        """The epoch in which clearances are taken."""
        return self._read("epoch")

    def accounted(self) -> int:
        """All that the contract owes, in token units."""
        return self._read("accounted")

    def fees_accrued(self) -> int:
        """Fees charged and not yet taken, in token units."""
        return self._read("feesAccrued")

    def entitlement(self, account: str) -> int:
        """What the account may withdraw, in token units."""
        return self._read("entitlementOf", _address(account))

    def account_frozen_until(self, account: str) -> int:
        """Until when the account cannot withdraw, in unix seconds."""
        return self._read("accountFrozenUntil", _address(account))

    def has_role(self, role: str, account: str) -> bool:
        """Whether the account holds the role, named as in the contract without `_ROLE`."""
        return bool(self._read("hasRole", Web3.keccak(text=f"{role.upper()}_ROLE"), _address(account)))

    def escrow(self, lease_key: str) -> EscrowState:
        """The lease's money as of the latest block."""
        with _asking():
            found = self._escrow.functions.escrowOf(HexBytes(lease_key)).call()
        payer, deposited_at, lease_expiry, _, payee, _, cap, settled, frozen_until, status = found
        return EscrowState(payer, payee, cap, settled, deposited_at, lease_expiry, frozen_until, status)

    def token_balance(self, account: str) -> int:
        """The account's tokens, in token units."""
        with _asking():
            return int(self._token.functions.balanceOf(_address(account)).call())

    def anchors_of(self, author: str) -> list[AnchoredRoot]:
        """Every root that the account ever anchored, oldest first. Raises ChainNotConfigured without the contract."""
        contract = self._web3.eth.contract(address=_address(self.deployment.address_of(ANCHOR)), abi=abi(ANCHOR))
        found: list[AnchoredRoot] = []
        with _asking():
            count = int(contract.functions.count(_address(author)).call())
            while len(found) < count:
                page = contract.functions.anchorsOf(_address(author), len(found), ANCHORS_PER_CALL).call()
                found += [AnchoredRoot(size, bytes(root), at) for root, size, at in page]
        return found

    def _read(self, function: str, *arguments: Any) -> int:
        with _asking():
            return int(self._escrow.functions[function](*arguments).call())

    # -- transactions --------------------------------------------------------------------------------------

    def next_nonce(self, account: str) -> int:
        """The nonce after all transactions of the account that the node knows, waiting ones too."""
        with _asking():
            return int(self._web3.eth.get_transaction_count(_address(account), "pending"))

    def fees(self) -> Fees:
        """Fees that outlive several full blocks: twice the base fee, and the suggested tip."""
        with _asking():
            base = int(self._web3.eth.get_block("latest")["baseFeePerGas"])
            tip = int(self._web3.eth.max_priority_fee)
        return Fees(2 * base + tip, tip)

    def gas_for(self, sender: str, to: str | None, data: str) -> int:
        """The gas of the transaction, with a fifth to spare. Raises CallRefused when it would be refused."""
        request: TxParams = {"from": _address(sender), "data": HexStr(data), "value": Web3.to_wei(0, "wei")}
        if to is not None:
            request["to"] = _address(to)
        with _asking():
            return int(self._web3.eth.estimate_gas(request)) * 6 // 5

    def broadcast(self, raw: str) -> None:
        """The node has the signed transaction; one that it already has, or already mined, is no fault."""
        with _asking():
            answer = self._web3.provider.make_request("eth_sendRawTransaction", [raw])  # type: ignore[arg-type]
        if "error" in answer and not _is_known(str(answer["error"])):
            raise ChainUnavailable(f"The node refused a transaction: {str(answer['error'])[:200]}.")

    def outcome(self, transaction_hash: str) -> Outcome | None:
        """How the transaction ended, None while no block holds it."""
        with _asking():
            try:
                receipt = self._web3.eth.get_transaction_receipt(HexStr(transaction_hash))
            except TransactionNotFound:
                return None
        return Outcome(
            succeeded=receipt["status"] == 1,
            block_number=receipt["blockNumber"],
            block_hash=receipt["blockHash"].to_0x_hex(),
            contract_address=receipt["contractAddress"],
        )


def is_configured() -> bool:
    """Whether the settings, or what `deploy_contracts` wrote, say where the contracts are; asks no node."""
    named = bool(settings.CHAIN_ESCROW_ADDRESS and settings.CHAIN_TOKEN_ADDRESS)
    return bool(settings.CHAIN_RPC_URL) and (named or (Path(settings.STATE_DIR) / DEPLOYMENT_FILE).is_file())


def anchors() -> bool:
    """Whether an anchor contract is named by the settings or by what `deploy_contracts` wrote; asks no node."""
    if not settings.CHAIN_RPC_URL:
        return False
    if settings.CHAIN_ANCHOR_ADDRESS or settings.CHAIN_ESCROW_ADDRESS:
        return bool(settings.CHAIN_ANCHOR_ADDRESS)
    file = Path(settings.STATE_DIR) / DEPLOYMENT_FILE
    return file.is_file() and bool(json.loads(file.read_text(encoding="utf-8")).get("anchor"))


def connect() -> Chain:
    """The chain of the settings, its contracts found and on the chain that they were deployed to.

    Addresses come from CHAIN_ESCROW_ADDRESS and CHAIN_TOKEN_ADDRESS, else from what `deploy_contracts` wrote.
    Raises ChainNotConfigured, ChainUnavailable.
    """
    if not settings.CHAIN_RPC_URL:
        raise ChainNotConfigured
    file = Path(settings.STATE_DIR) / DEPLOYMENT_FILE
    changed = file.stat().st_mtime_ns if file.is_file() else 0
    named = (settings.CHAIN_ESCROW_ADDRESS, settings.CHAIN_TOKEN_ADDRESS, settings.CHAIN_ANCHOR_ADDRESS)
    return _connected(settings.CHAIN_RPC_URL, named, str(file), changed)


@lru_cache(maxsize=4)
def _connected(url: str, named: tuple[str, str, str], file: str, _changed: int) -> Chain:
    web3 = open_node(url)
    with _asking():
        chain_id = int(web3.eth.chain_id)
    escrow, token, anchor = named
    if escrow and token:
        deployment = Deployment(chain_id, escrow, token, settings.CHAIN_START_BLOCK, anchor)
    elif Path(file).is_file():
        written = Deployment(**json.loads(Path(file).read_text(encoding="utf-8")))
        deployment = replace(written, anchor=anchor or written.anchor)
    else:
        raise ChainNotConfigured("The contracts are not deployed: run `manage.py deploy_contracts`.")
    if deployment.chain_id != chain_id:
        raise ChainNotConfigured(f"The contracts are on chain {deployment.chain_id}, the node is on {chain_id}.")
    with _asking():
        if not web3.eth.get_code(_address(deployment.escrow)):
            raise ChainNotConfigured("There is no contract at the escrow's address: run `manage.py deploy_contracts`.")
    return Chain(web3, deployment)


def open_node(url: str) -> Web3:
    """A client of the node at the URL; nothing is sent yet."""
    return Web3(HTTPProvider(url, request_kwargs={"timeout": TIMEOUT_SECONDS}))


def _address(text: str) -> ChecksumAddress:
    if not is_checksum_address(text):
        raise ChainNotConfigured(f"{text!r} is not an address with a valid checksum.")
    return to_checksum_address(text)


def _block(data: BlockData) -> Block:
    return Block(data["number"], data["hash"].to_0x_hex(), data["parentHash"].to_0x_hex(), data["timestamp"])


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _is_known(error: str) -> bool:
    """Whether the node says that it has this very transaction, or one of its nonce: the receipt tells which."""
    return any(words in error.lower() for words in ("already known", "already imported", "nonce too low"))
