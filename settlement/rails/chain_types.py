"""What is said about a chain: where contracts stand, blocks, events, outcomes, and how a node can fail."""

from dataclasses import dataclass
from typing import Any, ClassVar

from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address, to_checksum_address

from compliance.base.errors import Refusal
from settlement.rails.chain_contracts import ANCHOR, ESCROW, TOKEN


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
    """What changes about a lease in the contract; `settled` in token units, times in unix seconds."""

    settled: int
    deposited_at: int
    frozen_until: int
    status: int

    NONE: ClassVar[int] = 0
    OPEN: ClassVar[int] = 1
    CLOSED: ClassVar[int] = 2
    REVOKED: ClassVar[int] = 3


class ChainDisagrees(ChainUnavailable):
    """The nodes that are asked do not agree, or too few of them answer."""

    code = "chain_disagrees"
    default_message = "The blockchain nodes do not agree. Nothing was changed; operators have been told."


def checked_address(text: str) -> ChecksumAddress:
    """The address, its checksum being right. Raises ChainNotConfigured."""
    if not is_checksum_address(text):
        raise ChainNotConfigured(f"{text!r} is not an address with a valid checksum.")
    return to_checksum_address(text)
