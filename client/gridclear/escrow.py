"""The escrow contract seen from a renter's own wallet: no server of the marketplace is asked, only an EVM node.

What a renter deposited and did not spend is its own after the lease's expiry and the contract's grace, with nobody's
consent: `reclaim` ends the lease, `withdraw` pays the wallet. The terms that this takes are in the contract's own
`Deposited` events.
"""

import re
import time
from dataclasses import dataclass
from typing import Any

import httpx
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_utils.address import is_checksum_address, to_checksum_address
from eth_utils.crypto import keccak

from gridclear.errors import AgentError

TERMS = "(bytes32,address,address,uint256,uint256,uint16,uint64)"
_DEPOSITED = "0x" + keccak(text="Deposited(bytes32,address,address,bytes32,uint256,uint256,uint16,uint64)").hex()
OPEN = 1
STATUS = ("unknown", "open", "closed", "revoked")
TIMEOUT_SECONDS = 30
RECEIPT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class EscrowLease:
    """A lease as the contract has it; amounts in token units, times in unix seconds."""

    lease_id: str
    terms: tuple[Any, ...]
    settled: int
    frozen_until: int
    status: int
    reclaimable_at: int

    @property
    def rest(self) -> int:
        """What is not charged."""
        return int(self.terms[3]) - self.settled


class Escrow:
    """The contract at an address, by way of a node at a URL."""

    def __init__(self, rpc_url: str, contract: str) -> None:
        if not is_checksum_address(contract):
            raise AgentError("bad_address", f"{contract} is no contract address with a valid checksum.")
        self._http = httpx.Client(base_url=rpc_url, timeout=TIMEOUT_SECONDS)
        self._contract = contract

    @staticmethod
    def address_of(private_key: str) -> str:
        """The wallet of the key."""
        return str(Account.from_key(private_key).address)

    # -- reading -------------------------------------------------------------------------------------------

    def leases(self, payer: str, from_block: int = 0) -> list[EscrowLease]:
        """Every lease that the wallet ever deposited for, oldest first. Raises AgentError."""
        wanted = {
            "address": self._contract,
            "fromBlock": hex(from_block),
            "toBlock": "latest",
            "topics": [_DEPOSITED, None, "0x" + to_checksum_address(payer)[2:].lower().rjust(64, "0")],
        }
        grace = int(self._call("GRACE()", [], "uint40"))
        return [self._lease(log, grace) for log in self._rpc("eth_getLogs", [wanted])]

    def entitlement(self, account: str) -> int:
        """What the wallet may withdraw now. Raises AgentError."""
        return int(self._call("entitlementOf(address)", [account], "uint256"))

    def chain_id(self) -> int:
        """The chain that the node is on. Raises AgentError."""
        return int(self._rpc("eth_chainId", []), 16)

    def now(self) -> int:
        """The time of the latest block, in unix seconds. Raises AgentError."""
        return int(self._rpc("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)

    def permit_nonce(self, token: str, owner: str) -> int:
        """The nonce of the owner's next permit. Raises AgentError."""
        return int(decode(["uint256"], self._raw_call("nonces(address)", [owner], to=token))[0])

    def _lease(self, log: dict[str, Any], grace: int) -> EscrowLease:
        _, lease_id, payer, payee = log["topics"]
        data = bytes.fromhex(log["data"][2:])
        ref, cap, rate, fee_bps, expiry = decode(["bytes32", "uint256", "uint256", "uint16", "uint64"], data)
        terms = (ref, _address(payer), _address(payee), cap, rate, fee_bps, expiry)
        state = self._raw_call("leaseOf(bytes32)", [bytes.fromhex(lease_id[2:])])
        settled, _, frozen_until, status = decode(["uint96", "uint40", "uint40", "uint8"], state)
        return EscrowLease(lease_id, terms, settled, frozen_until, status, expiry + grace + 1)

    # -- deeds ---------------------------------------------------------------------------------------------

    def reclaim(self, lease: EscrowLease, private_key: str) -> str:
        """The lease is closed and its rest the wallet's to withdraw; returns the hash. Raises AgentError."""
        if lease.status != OPEN:
            raise AgentError("not_open", f"This lease is {STATUS[lease.status]}: there is nothing to reclaim.")
        now = self.now()
        if now < lease.frozen_until:
            raise AgentError("frozen", f"Compliance froze this lease until {_when(lease.frozen_until)}.")
        if now < lease.reclaimable_at:
            raise AgentError("too_early", f"This lease can be reclaimed from {_when(lease.reclaimable_at)} on.")
        return self.send(f"reclaim({TERMS})", [lease.terms], private_key)

    def withdraw(self, private_key: str) -> str:
        """The contract paid the wallet all that it owes it; returns the transaction's hash. Raises AgentError."""
        account = Account.from_key(private_key).address
        if self.entitlement(account) == 0:
            raise AgentError("nothing_to_withdraw", "The contract owes this wallet nothing.")
        return self.send("withdraw(address)", [account], private_key)

    def send(self, signature: str, values: list[Any], private_key: str, *, to: str = "") -> str:
        """The call of the contract (or of `to`) is in a block; returns the transaction's hash. Raises AgentError."""
        account, to = Account.from_key(private_key), to or self._contract
        data = _calldata(signature, values)
        call = {"from": account.address, "to": to, "data": data}
        tip = int(self._rpc("eth_maxPriorityFeePerGas", []), 16)
        base = int(self._rpc("eth_getBlockByNumber", ["latest", False])["baseFeePerGas"], 16)
        unsigned = {
            "type": 2,
            "chainId": self.chain_id(),
            "nonce": int(self._rpc("eth_getTransactionCount", [account.address, "pending"]), 16),
            "to": to,
            "value": 0,
            "data": data,
            "gas": int(self._rpc("eth_estimateGas", [call]), 16) * 6 // 5,
            "maxFeePerGas": 2 * base + tip,
            "maxPriorityFeePerGas": tip,
        }
        raw = account.sign_transaction(unsigned).raw_transaction
        return self._mined(str(self._rpc("eth_sendRawTransaction", [raw.to_0x_hex()])))

    def _mined(self, transaction_hash: str) -> str:
        deadline = time.monotonic() + RECEIPT_SECONDS
        while time.monotonic() < deadline:
            receipt = self._rpc("eth_getTransactionReceipt", [transaction_hash])
            if receipt is not None:
                if int(receipt["status"], 16) != 1:
                    raise AgentError("reverted", f"The contract refused {transaction_hash}.")
                return transaction_hash
            time.sleep(0.5)
        raise AgentError("not_mined", f"{transaction_hash} was sent and is in no block yet: look again later.")

    # -- the node ------------------------------------------------------------------------------------------

    def _call(self, signature: str, values: list[Any], result: str) -> Any:
        return decode([result], self._raw_call(signature, values))[0]

    def _raw_call(self, signature: str, values: list[Any], *, to: str = "") -> bytes:
        call = {"to": to or self._contract, "data": _calldata(signature, values)}
        return bytes.fromhex(self._rpc("eth_call", [call, "latest"])[2:])

    def _rpc(self, method: str, params: list[Any]) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            answer = self._http.post("", json=request).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            # Not the URL: it may carry a key of the node's operator.
            raise AgentError("no_node", f"The node does not answer ({type(error).__name__}).") from None
        if "error" in answer:
            raise AgentError("node_refused", f"The node refused: {answer['error'].get('message', 'no reason given')}.")
        return answer["result"]


def _calldata(signature: str, values: list[Any]) -> str:
    """The call's data. The arguments' types are those of the signature, tuples whole."""
    arguments = signature[signature.index("(") + 1 : -1]
    types = re.findall(r"\([^()]*\)|[^,()]+", arguments)
    return "0x" + (keccak(text=signature)[:4] + encode(types, values)).hex()


def _address(topic: str) -> str:
    return to_checksum_address("0x" + topic[-40:])


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
