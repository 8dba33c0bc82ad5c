"""A node with our contracts. Everything here is a network call; none is allowed in a transaction."""

import contextlib
from collections.abc import Iterator
from typing import Any

import requests
from eth_typing import HexStr
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import BlockNotFound, ContractCustomError, ContractLogicError, TransactionNotFound, Web3Exception
from web3.types import BlockData, FilterParams, LogReceipt, TxParams

from settlement.rails.chain_contracts import ANCHOR, ESCROW, TOKEN, abi, error_name
from settlement.rails.chain_quorum import Fault, QuorumProvider, is_known
from settlement.rails.chain_types import (
    AnchoredRoot,
    Block,
    CallRefused,
    ChainUnavailable,
    Deployment,
    EscrowLog,
    EscrowState,
    Fees,
    Outcome,
    checked_address,
)
from settlement.rails.outside import require_no_transaction

ANCHORS_PER_CALL = 500
# Gas of the first word in a slot that is empty and was not touched before (EIP-2929, EIP-2200).
FRESH_SLOT = 22_100


@contextlib.contextmanager
def asking() -> Iterator[None]:
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
        self._escrow = web3.eth.contract(address=checked_address(deployment.escrow), abi=abi(ESCROW))
        self._token_names: tuple[str, str] | None = None
        self._token = web3.eth.contract(address=checked_address(deployment.token), abi=abi(TOKEN))

    def take_faults(self) -> list[Fault]:
        """What was wrong with single nodes since the last call; nothing where there is but one."""
        provider = self._web3.provider
        return provider.take_faults() if isinstance(provider, QuorumProvider) else []

    # -- blocks and logs -----------------------------------------------------------------------------------

    def head(self) -> Block:
        """The latest block."""
        with asking():
            return _block(self._web3.eth.get_block("latest"))

    def block(self, number: int) -> Block | None:
        """The block of that height, None when the chain does not reach it."""
        with asking():
            try:
                return _block(self._web3.eth.get_block(number))
            except BlockNotFound:
                return None

    def logs(self, first: int, last: int) -> list[EscrowLog]:
        """The escrow's events in blocks `first` to `last`, in order of the chain."""
        wanted: FilterParams = {
            "address": checked_address(self.deployment.escrow),
            "fromBlock": first,
            "toBlock": last,
        }
        with asking():
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
        return self._read("entitlementOf", checked_address(account))

    def account_frozen_until(self, account: str) -> int:
        """Until when the account cannot withdraw, in unix seconds."""
        return self._read("accountFrozenUntil", checked_address(account))

    def has_role(self, role: str, account: str) -> bool:
        """Whether the account holds the role, named as in the contract without `_ROLE`."""
        return bool(self._read("hasRole", Web3.keccak(text=f"{role.upper()}_ROLE"), checked_address(account)))

    def escrow(self, lease_key: str) -> EscrowState:
        """How the lease stands as of the latest block."""
        with asking():
            return EscrowState(*self._escrow.functions.leaseOf(HexBytes(lease_key)).call())

    def token_balance(self, account: str, token: str = "") -> int:
        """The account's tokens, in units of the escrow's token unless another is named."""
        address = checked_address(token or self.deployment.token)
        with asking():
            return int(
                self._web3.eth.contract(address, abi=abi(TOKEN)).functions.balanceOf(checked_address(account)).call()
            )

    def token_names(self) -> tuple[str, str]:
        """The token's name and version, as its EIP-712 domain has them; fixed, so they are asked for once."""
        if self._token_names is None:
            with asking():
                calls = self._token.functions
                self._token_names = str(calls.name().call()), str(calls.version().call())
        return self._token_names

    def anchors_of(self, author: str) -> list[AnchoredRoot]:
        """Every root that the account ever anchored, oldest first. Raises ChainNotConfigured without the contract."""
        contract = self._web3.eth.contract(address=checked_address(self.deployment.address_of(ANCHOR)), abi=abi(ANCHOR))
        found: list[AnchoredRoot] = []
        with asking():
            count = int(contract.functions.count(checked_address(author)).call())
            while len(found) < count:
                page = contract.functions.anchorsOf(checked_address(author), len(found), ANCHORS_PER_CALL).call()
                found += [AnchoredRoot(size, bytes(root), at) for root, size, at in page]
        return found

    def _read(self, function: str, *arguments: Any) -> int:
        with asking():
            return int(self._escrow.functions[function](*arguments).call())

    # -- transactions --------------------------------------------------------------------------------------

    def next_nonce(self, account: str) -> int:
        """The nonce after all transactions of the account that the node knows, waiting ones too."""
        with asking():
            return int(self._web3.eth.get_transaction_count(checked_address(account), "pending"))

    def final_nonce(self, account: str, depth: int) -> int:
        """How many transactions of the account lie so many blocks deep."""
        with asking():
            height = max(0, self._web3.eth.block_number - depth)
            return int(self._web3.eth.get_transaction_count(checked_address(account), height))

    def fees(self) -> Fees:
        """Fees that outlive several full blocks: twice the base fee, and the suggested tip."""
        with asking():
            base = int(self._web3.eth.get_block("latest")["baseFeePerGas"])
            tip = int(self._web3.eth.max_priority_fee)
        return Fees(2 * base + tip, tip)

    def gas_for(self, sender: str, to: str | None, data: str) -> int:
        """The gas of the transaction, with a fifth and two slots to spare. Raises CallRefused when it would be refused.

        What waits before it in the queue may empty a slot that it finds filled now: a freeze behind a release does.
        """
        request: TxParams = {"from": checked_address(sender), "data": HexStr(data), "value": Web3.to_wei(0, "wei")}
        if to is not None:
            request["to"] = checked_address(to)
        with asking():
            return int(self._web3.eth.estimate_gas(request)) * 6 // 5 + 2 * FRESH_SLOT

    def broadcast(self, raw: str) -> None:
        """The node has the signed transaction; one that it already has, or already mined, is no fault."""
        with asking():
            answer = self._web3.provider.make_request("eth_sendRawTransaction", [raw])  # type: ignore[arg-type]
        if "error" in answer and not is_known(str(answer["error"])):
            raise ChainUnavailable(f"The node refused a transaction: {str(answer['error'])[:200]}.")

    def outcome(self, transaction_hash: str) -> Outcome | None:
        """How the transaction ended, None while no block holds it."""
        with asking():
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


def _block(data: BlockData) -> Block:
    return Block(data["number"], data["hash"].to_0x_hex(), data["parentHash"].to_0x_hex(), data["timestamp"])


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value
