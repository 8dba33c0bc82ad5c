"""The chain of the settings: one node, or several that must agree. The one place that talks to an EVM chain."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from web3 import HTTPProvider, Web3

from settlement.rails.chain_node import Chain, asking
from settlement.rails.chain_quorum import QuorumProvider
from settlement.rails.chain_types import (
    AnchoredRoot,
    Block,
    CallRefused,
    ChainDisagrees,
    ChainNotConfigured,
    ChainUnavailable,
    Deployment,
    EscrowLog,
    EscrowState,
    Fees,
    Outcome,
    checked_address,
)

__all__ = [
    "AnchoredRoot",
    "Block",
    "CallRefused",
    "Chain",
    "ChainDisagrees",
    "ChainNotConfigured",
    "ChainUnavailable",
    "Deployment",
    "EscrowLog",
    "EscrowState",
    "Fees",
    "Outcome",
    "anchors",
    "connect",
    "is_configured",
    "open_node",
]

TIMEOUT_SECONDS = 10
DEPLOYMENT_FILE = "chain.json"


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
    return _connected(rpc_urls(), settings.CHAIN_RPC_QUORUM, named, str(file), changed)


@lru_cache(maxsize=4)
def _connected(urls: tuple[str, ...], quorum: int, named: tuple[str, str, str], file: str, _changed: int) -> Chain:
    web3 = open_nodes(urls, quorum)
    with asking():
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
    with asking():
        if not web3.eth.get_code(checked_address(deployment.escrow)):
            raise ChainNotConfigured("There is no contract at the escrow's address: run `manage.py deploy_contracts`.")
    return Chain(web3, deployment)


def rpc_urls() -> tuple[str, ...]:
    """The nodes of the settings, at least one. Raises ChainNotConfigured."""
    urls = tuple(url.strip() for url in settings.CHAIN_RPC_URL.split(",") if url.strip())
    if not urls:
        raise ChainNotConfigured
    return urls


def open_node(urls: str) -> Web3:
    """A client of the (first) node; nothing is sent yet."""
    return Web3(_provider(urls.split(",")[0].strip()))


def open_nodes(urls: tuple[str, ...], quorum: int = 0) -> Web3:
    """A client of all the nodes, which believes what so many of them say; by default more than half.

    Raises ChainNotConfigured when the quorum is larger than their number, or not larger than half of it: two halves
    could then say different things.
    """
    if len(urls) == 1 and quorum in (0, 1):
        return Web3(_provider(urls[0]))
    needed = quorum or len(urls) // 2 + 1
    if not len(urls) < 2 * needed <= 2 * len(urls):
        raise ChainNotConfigured(f"CHAIN_RPC_QUORUM {needed} does not do for {len(urls)} nodes: take more than half.")
    return Web3(QuorumProvider([(url, _provider(url)) for url in urls], needed))


def _provider(url: str) -> HTTPProvider:
    # Not asked again at once: the sweep asks again, and a stalling node would stall us several times over.
    return HTTPProvider(url, request_kwargs={"timeout": TIMEOUT_SECONDS}, exception_retry_configuration=None)
