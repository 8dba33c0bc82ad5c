"""Contract wallets are asked whether a signature is theirs (ERC-1271). A network call: never in a transaction."""

from functools import lru_cache

from django.conf import settings
from eth_abi.abi import encode
from eth_typing import HexStr
from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError
from web3.types import TxParams

from settlement.rails.chain import open_nodes, rpc_urls
from settlement.rails.chain_node import asking

# isValidSignature(bytes32,bytes): its selector is also what it answers for a good signature, as bytes4.
MAGIC = bytes.fromhex("1626ba7e")
# A contract that burns more than this on a signature has none.
MOST_GAS = 1_000_000
# What nodes say of a call that the contract itself brought to an end, as against a fault of the node.
_CONTRACTS_FAULT = ("revert", "out of gas", "outofgas", "execution", "invalid opcode")


def accepts_signature(address: str, digest: bytes, signature: bytes) -> bool:
    """Whether a contract stands at the address and says that the signature of the digest is its own.

    Of several nodes enough must say so. Raises ChainNotConfigured, ChainUnavailable, ChainDisagrees.
    """
    web3 = _nodes(rpc_urls(), settings.CHAIN_RPC_QUORUM)
    at = to_checksum_address(address)
    call = MAGIC + encode(["bytes32", "bytes"], [digest, signature])
    with asking():
        return bool(web3.eth.get_code(at)) and _answer(web3, {"to": at, "data": HexStr(f"0x{call.hex()}")})


def _answer(web3: Web3, request: TxParams) -> bool:
    try:
        answer = bytes(web3.eth.call({**request, "gas": MOST_GAS}))
    except (ContractCustomError, ContractLogicError):
        return False
    except Web3RPCError as error:
        if any(words in str(error).lower() for words in _CONTRACTS_FAULT):
            return False
        raise
    return answer == MAGIC.ljust(32, b"\x00")


@lru_cache(maxsize=4)
def _nodes(urls: tuple[str, ...], quorum: int) -> Web3:
    return open_nodes(urls, quorum)
