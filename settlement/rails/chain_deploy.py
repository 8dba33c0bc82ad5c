"""Deploys the contracts, and gives gas on development chains. Network; signs with the deployer's own key."""

import time
from typing import Any

from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import TransactionNotFound
from web3.types import RPCEndpoint, TxReceipt

from compliance.services.chain_signer import (
    ANCHORER,
    CLEARANCE_SIGNER,
    DEPLOYER,
    GUARDIAN,
    ROLES,
    SETTLER,
    TREASURER,
    Signer,
    signer_for,
)
from settlement.rails.chain import Deployment
from settlement.rails.chain_contracts import ANCHOR, ESCROW, TOKEN, abi, bytecode

MAX_FEE_BPS = 2000
GRACE_SECONDS = 3 * 24 * 3600
ADMIN_DELAY_SECONDS = 2 * 24 * 3600
RECEIPT_SECONDS = 60
DEVELOPMENT_ETHER = 10**21


class NoDevelopmentChain(RuntimeError):
    """The node is not anvil: gas and test tokens cannot be made from nothing there."""


def is_development_node(web3: Web3) -> bool:
    """Whether the node is an anvil, where ether is made from nothing."""
    return web3.client_version.lower().startswith("anvil")


def give_gas(web3: Web3, *accounts: str) -> None:
    """Each account has 1,000 ether. Raises NoDevelopmentChain elsewhere than on anvil."""
    if not is_development_node(web3):
        raise NoDevelopmentChain(f"{web3.client_version} is no development node")
    for account in accounts:
        web3.provider.make_request(RPCEndpoint("anvil_setBalance"), [account, hex(DEVELOPMENT_ETHER)])


def deploy(web3: Web3, *, token: str = "", quarantine: str = "", blocked_property: str = "") -> Deployment:
    """Escrow and, unless one is named, test token stand on the node's chain, with a key for each role.

    Strays go to `quarantine`, seized money to `blocked_property`, by default both to the treasurer.

    The deployer is the token's owner and the escrow's admin, whose handing on takes two days.
    """
    if is_development_node(web3):
        give_gas(web3, *(signer_for(role).address for role in ROLES))
    deployer = signer_for(DEPLOYER)
    first = web3.eth.block_number
    coin = token or _create(web3, deployer, TOKEN)
    treasurer = signer_for(TREASURER).address
    setup = (
        coin,
        deployer.address,
        ADMIN_DELAY_SECONDS,
        *(signer_for(role).address for role in (CLEARANCE_SIGNER, SETTLER, GUARDIAN)),
        treasurer,
        quarantine or treasurer,
        blocked_property or treasurer,
        MAX_FEE_BPS,
        GRACE_SECONDS,
    )
    return Deployment(web3.eth.chain_id, _create(web3, deployer, ESCROW, setup), coin, first)


def deploy_anchor(web3: Web3) -> str:
    """The anchor contract stands on the node's chain; returns its address. It has no owner and no roles."""
    if is_development_node(web3):
        give_gas(web3, signer_for(DEPLOYER).address, signer_for(ANCHORER).address)
    return _create(web3, signer_for(DEPLOYER), ANCHOR)


def mint(web3: Web3, token: str, account: str, amount_minor: int) -> str:
    """The account has so many test tokens more, in units of 1e-6; returns the transaction's hash."""
    contract = web3.eth.contract(address=to_checksum_address(token), abi=abi(TOKEN))
    data = contract.encode_abi("mint", args=[to_checksum_address(account), amount_minor])
    receipt = _send(web3, signer_for(DEPLOYER), {"to": to_checksum_address(token), "data": data})
    return receipt["transactionHash"].to_0x_hex()


def _create(web3: Web3, deployer: Signer, name: str, *arguments: Any) -> str:
    factory = web3.eth.contract(abi=abi(name), bytecode=bytecode(name))
    receipt = _send(web3, deployer, {"data": factory.constructor(*arguments).data_in_transaction})
    created = receipt["contractAddress"]
    if created is None:
        raise RuntimeError(f"{name} was not created")
    return str(created)


def _send(web3: Web3, signer: Signer, request: dict[str, Any]) -> TxReceipt:
    """The transaction is in a block, and succeeded. Raises RuntimeError otherwise."""
    tip = web3.eth.max_priority_fee
    unsigned = {
        "type": 2,
        "chainId": web3.eth.chain_id,
        "nonce": web3.eth.get_transaction_count(to_checksum_address(signer.address), "pending"),
        "value": 0,
        "gas": web3.eth.estimate_gas({"from": to_checksum_address(signer.address), **request}) * 6 // 5,  # type: ignore[typeddict-item]
        "maxFeePerGas": 2 * web3.eth.get_block("latest")["baseFeePerGas"] + tip,
        "maxPriorityFeePerGas": tip,
        **request,
    }
    raw = signer.sign_transaction(unsigned)
    return _receipt(web3, web3.eth.send_raw_transaction(HexBytes(raw)))


def _receipt(web3: Web3, transaction_hash: HexBytes) -> TxReceipt:
    deadline = time.monotonic() + RECEIPT_SECONDS
    while time.monotonic() < deadline:
        try:
            receipt = web3.eth.get_transaction_receipt(transaction_hash)
        except TransactionNotFound:
            time.sleep(0.1)
            continue
        if receipt["status"] != 1:
            raise RuntimeError(f"transaction {transaction_hash.to_0x_hex()} was reverted")
        return receipt
    raise RuntimeError(f"transaction {transaction_hash.to_0x_hex()} is in no block after {RECEIPT_SECONDS} s")
