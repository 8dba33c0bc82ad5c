"""The sanctions oracle of Chainalysis: a contract that says of an address whether a designation names it.

The same code lies at the same address on Ethereum, Polygon, BNB Chain, Avalanche, Optimism, Arbitrum, Fantom and Celo.
It is asked over JSON-RPC of a node that the operator trusts. It is a vendor's statement and late at times, so it comes
beside the lists of the authorities and never instead of them.
"""

import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from compliance.base.outside import require_no_transaction

# The library tells every address that it asks at INFO, and that of a node may hold a key.
logging.getLogger("httpx").setLevel(logging.WARNING)

MAINNET = "0x40C57923924B5c5c5455c48D93317139ADDaC8fb"
_TIMEOUT = httpx.Timeout(5.0, connect=3.0)
# A node that sends a byte now and then keeps within that; the whole answer has to come within this.
_ANSWER_WITHIN = 8.0  # seconds
_LONGEST_ANSWER = 32 * 1024 * 1024  # bytes
_IS_SANCTIONED = keccak(text="isSanctioned(address)")[:4].hex()
_ADDED = "0x" + keccak(text="SanctionedAddressesAdded(address[])").hex()
_REMOVED = "0x" + keccak(text="SanctionedAddressesRemoved(address[])").hex()
_WORD = 64  # hex digits of 32 bytes
# More addresses than any block could carry in one event.
_MOST_IN_ONE = 20_000


class OracleSilent(RuntimeError):
    """The node or the contract did not answer, or not with what such a contract answers."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest block of the chain that the oracle lies on."""

    chain_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Listed:
    """Addresses that the oracle took in or took off at one block, EIP-55 checksummed."""

    block: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WalletOracle:
    """The contract at an address, asked through a node. Each question may raise OracleSilent."""

    rpc_url: str
    address: str

    def head(self) -> Head:
        """The newest block."""
        return Head(self._number("eth_chainId", []), self._number("eth_blockNumber", []))

    def is_sanctioned(self, wallet: str, block: int) -> bool:
        """Whether the oracle names the address, as of the block."""
        data = "0x" + _IS_SANCTIONED + wallet.removeprefix("0x").lower().rjust(_WORD, "0")
        answer = self._ask("eth_call", [{"to": self.address, "data": data}, hex(block)])
        word = str(answer).removeprefix("0x")
        # An address without code answers with nothing, which must not pass for “no”.
        if len(word) != _WORD or int(word, 16) not in (0, 1):
            raise OracleSilent("the contract does not answer as the oracle does")
        return int(word, 16) == 1

    def listed_between(self, first: int, last: int) -> list[Listed]:
        """What was taken in or off in these blocks, both included, in the order of the chain."""
        wanted = {
            "address": self.address,
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "topics": [[_ADDED, _REMOVED]],
        }
        logs = self._ask("eth_getLogs", [wanted])
        if not isinstance(logs, list):
            raise OracleSilent("the node does not answer with events")
        return [_listed(log) for log in logs]

    def _number(self, method: str, params: list[Any]) -> int:
        try:
            return int(str(self._ask(method, params)), 16)
        except ValueError as error:
            raise OracleSilent("the node does not answer with a number") from error

    def _ask(self, method: str, params: list[Any]) -> Any:
        require_no_transaction()
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            body = json.loads(_posted(self.rpc_url, question))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # The address of the node may hold a key, so it is not told.
            raise OracleSilent(f"the node did not answer: {type(error).__name__}") from None
        if not isinstance(body, dict) or "error" in body or "result" not in body:
            raise OracleSilent("the node refused the question")
        return body["result"]


def _posted(url: str, question: dict[str, Any]) -> bytes:
    """What the node answers. Raises httpx.HTTPError, also when it takes too long over it, and OracleSilent."""
    until = time.monotonic() + _ANSWER_WITHIN
    parts, size = [], 0
    with (
        httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", url, json=question) as answer,
    ):
        answer.raise_for_status()
        for part in answer.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > _LONGEST_ANSWER or time.monotonic() > until:
                raise OracleSilent("the node did not come to the end of its answer")
    return b"".join(parts)


def evm_addresses(wallets: Iterable[str]) -> list[str]:
    """Those of the wallets that the oracle can be asked about, EIP-55 checksummed, each once."""
    return sorted({to_checksum_address(each) for each in wallets if each.startswith("0x") and is_address(each)})


def _listed(log: Any) -> Listed:
    try:
        data, topic = str(log["data"]).removeprefix("0x"), log["topics"][0]
        count = int(data[_WORD : 2 * _WORD], 16)
        words = [data[(2 + each) * _WORD : (3 + each) * _WORD] for each in range(min(count, _MOST_IN_ONE))]
        if int(data[:_WORD], 16) != 32 or len(words) != count or any(len(word) != _WORD for word in words):
            raise ValueError("no list of addresses")
        found = tuple(to_checksum_address("0x" + word[-40:]) for word in words)
        block = int(log["blockNumber"], 16)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise OracleSilent("the node answers with an event that the oracle does not have") from error
    return Listed(block, added=found) if topic == _ADDED else Listed(block, removed=found)
