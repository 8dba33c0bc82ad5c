"""Several nodes as one: what is read is believed when enough of them say the same, and what is sent goes to all.

A node that lies, stalls, lags or sits on a fork is outvoted; when too few agree, nothing is believed. "The latest
block" is the highest that enough nodes have reached, so that every answer is about one and the same block.
"""

import json
import logging
import statistics
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from settlement.rails.chain_types import ChainDisagrees

logger = logging.getLogger(__name__)

FAULTS_KEPT = 100
ALL_NODES = "all nodes"
# What of an answer counts: clients differ in what else they tell.
_ESSENCE: dict[str, tuple[str, ...]] = {
    "eth_getBlockByNumber": ("number", "hash", "parentHash", "timestamp", "baseFeePerGas"),
    "eth_getTransactionReceipt": ("transactionHash", "blockHash", "blockNumber", "status", "contractAddress"),
    "eth_getLogs": ("address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex", "removed"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What was wrong with a node; `node` is its place in the list and its host, never its whole URL."""

    node: str
    what: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a node said, and what of it must agree; `essence` is empty for a node's own trouble."""

    node: str
    response: RPCResponse
    essence: str


class QuorumProvider(JSONBaseProvider):
    """A web3 provider over several; `quorum` is how many must say the same."""

    def __init__(self, nodes: Sequence[tuple[str, JSONBaseProvider]], quorum: int) -> None:
        super().__init__()
        self._nodes = [(f"{place}: {urlsplit(url).hostname}", node) for place, (url, node) in enumerate(nodes, 1)]
        self._quorum = quorum
        # A node that stalls holds a thread until its own time-out.
        self._threads = ThreadPoolExecutor(4 * len(nodes), thread_name_prefix="chain-rpc")
        self._faults: deque[Fault] = deque(maxlen=FAULTS_KEPT)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """What enough nodes say. Raises ChainDisagrees."""
        special = _SPECIAL.get(method)
        if special is not None:
            return special(self, method, params)
        return self._agreed(method, self._pinned(params))

    def take_faults(self) -> list[Fault]:
        """What was wrong with single nodes since the last call."""
        found = list(dict.fromkeys(self._faults))
        self._faults.clear()
        return found

    # -- reading -------------------------------------------------------------------------------------------

    def _pinned(self, params: Any) -> Any:
        """The parameters with "latest" and "pending" replaced by the height that enough nodes have reached."""
        if not any(param in ("latest", "pending") for param in params if isinstance(param, str)):
            return params
        height = hex(self._height())
        return [height if param in ("latest", "pending") else param for param in params]

    def _height(self) -> int:
        heights = sorted(self._numbers("eth_blockNumber", self._voices("eth_blockNumber", [])), reverse=True)
        if len(heights) < self._quorum:
            raise self._refused("eth_blockNumber", f"only {len(heights)} of {len(self._nodes)} nodes answer")
        return heights[self._quorum - 1]

    def _agreed(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        votes: dict[str, list[_Answer]] = defaultdict(list)
        for answer in self._voices(method, params):
            votes[answer.essence].append(answer)
            if len(votes[answer.essence]) >= self._quorum:
                self._note_minority(method, votes, answer.essence)
                return answer.response
        said = f"{sum(map(len, votes.values()))} of {len(self._nodes)} nodes answer, in {len(votes)} ways"
        raise self._refused(method, said)

    def _note_minority(self, method: str, votes: dict[str, list[_Answer]], believed: str) -> None:
        for essence, answers in votes.items():
            # A node that has less than the others may only be late.
            if essence not in (believed, "null", "[]"):
                for answer in answers:
                    self._fault(answer.node, f"another answer to {method} than most")

    def _refused(self, method: str, what: str) -> ChainDisagrees:
        self._fault(ALL_NODES, f"no agreement on {method}: {what}")
        return ChainDisagrees()

    # -- what nodes may rightly differ in ------------------------------------------------------------------

    def _block_number(self, _method: RPCEndpoint, _params: Any) -> RPCResponse:
        return {"jsonrpc": "2.0", "id": 0, "result": hex(self._height())}

    def _median(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Of the tips that nodes suggest, the middle one: a single node cannot make us pay too much."""
        values = self._numbers(method, self._voices(method, params))
        if len(values) < self._quorum:
            raise self._refused(method, f"only {len(values)} of {len(self._nodes)} nodes answer")
        return {"jsonrpc": "2.0", "id": 0, "result": hex(statistics.median_low(values))}

    def _most(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """The second-highest estimate of gas at quorum two, and so on; refusals are believed when enough agree."""
        answers = list(self._voices(method, self._pinned(params)))
        values = sorted(self._numbers(method, answers), reverse=True)
        if len(values) >= self._quorum:
            return {"jsonrpc": "2.0", "id": 0, "result": hex(values[self._quorum - 1])}
        refusals: dict[str, list[_Answer]] = defaultdict(list)
        for answer in answers:
            refusals[answer.essence].append(answer)
        for same in refusals.values():
            if len(same) >= self._quorum and "error" in same[0].response:
                return same[0].response
        raise self._refused(method, f"{len(values)} estimates, {len(answers) - len(values)} refusals")

    def _send(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Sent to all nodes; one that takes it is enough, since each passes it on."""
        answers = [answer.response for answer in self._answers(method, params)]
        if not answers:
            raise self._refused(method, "no node answers")
        taken = [response for response in answers if "error" not in response]
        known = [response for response in answers if is_known(str(response.get("error")))]
        return (taken or known or answers)[0]

    def _any(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        for answer in self._answers(method, params):
            return answer.response
        raise self._refused(method, "no node answers")

    # -- asking --------------------------------------------------------------------------------------------

    def _voices(self, method: str, params: Any) -> Iterator[_Answer]:
        """What each node says about the chain; a node's own trouble is a fault and left out."""
        for answer in self._answers(method, params):
            if answer.essence:
                yield answer
            else:
                self._fault(answer.node, f"an error to {method}")

    def _answers(self, method: str, params: Any) -> Iterator[_Answer]:
        """What each node says, the quickest first; a node that says nothing is a fault and left out."""
        asked: dict[Future[RPCResponse], str] = {
            self._threads.submit(node.make_request, RPCEndpoint(method), params): name for name, node in self._nodes
        }
        for future in as_completed(asked):
            try:
                response = future.result()
                yield _Answer(asked[future], response, _essence(method, response))
            except Exception as error:  # whatever a node's answer does to the client, the node is to blame
                self._fault(asked[future], f"no answer to {method}: {type(error).__name__}")

    def _numbers(self, method: str, answers: Iterable[_Answer]) -> list[int]:
        """The numbers among the answers; what should be one and is not is a fault."""
        found = []
        for answer in answers:
            if "result" in answer.response:
                try:
                    found.append(int(str(answer.response["result"]), 16))
                except ValueError:
                    self._fault(answer.node, f"no number to {method}")
        return found

    def _fault(self, node: str, what: str) -> None:
        self._faults.append(Fault(node, what))
        logger.warning("chain node %s: %s", node, what)


_SPECIAL: dict[str, Callable[[QuorumProvider, RPCEndpoint, Any], RPCResponse]] = {
    "eth_blockNumber": QuorumProvider._block_number,
    "eth_gasPrice": QuorumProvider._median,
    "eth_maxPriorityFeePerGas": QuorumProvider._median,
    "eth_estimateGas": QuorumProvider._most,
    "eth_sendRawTransaction": QuorumProvider._send,
    "web3_clientVersion": QuorumProvider._any,
}


def _essence(method: str, response: RPCResponse) -> str:
    """What of the answer must agree; empty for an error that says nothing about the chain."""
    if "error" in response:
        return _refusal(response["error"])
    result, fields = response["result"], _ESSENCE.get(method)
    if fields is None or result is None:
        return json.dumps(result, sort_keys=True).lower()
    if isinstance(result, list):
        return json.dumps(sorted([str(item.get(name)).lower() for name in fields] for item in result))
    return json.dumps([str(result.get(name)).lower() for name in fields])


def _refusal(error: Any) -> str:
    """A contract's refusal is an answer like any other; a node's own trouble (limits, time-outs) is none."""
    if not isinstance(error, dict):
        return ""
    data, message = error.get("data"), str(error.get("message", "")).lower()
    if not (isinstance(data, str) and data.startswith("0x")) and "revert" not in message:
        return ""
    return f"refused: {data if isinstance(data, str) else message}"


def is_known(error: str) -> bool:
    """Whether a node says that it has this very transaction, or one of its nonce: the receipt tells which."""
    return any(words in error.lower() for words in ("already known", "already imported", "nonce too low"))
