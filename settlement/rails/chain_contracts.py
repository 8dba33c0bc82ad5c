"""The committed ABI and bytecode of the contracts, and calldata made from them. No network."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak
from web3 import Web3

ARTIFACTS = Path(__file__).resolve().parent.parent / "contracts" / "artifacts"
ESCROW, TOKEN, ANCHOR = "GridclearEscrow", "TestUSDC", "GridclearAnchor"

# An instance without a provider: encoding needs no chain.
_OFFLINE = Web3()


@cache
def abi(name: str) -> list[dict[str, Any]]:
    """The ABI of a contract of ours."""
    found: list[dict[str, Any]] = _artifact(name)["abi"]
    return found


@cache
def bytecode(name: str) -> str:
    """The creation bytecode of a contract of ours, 0x-prefixed."""
    found: str = _artifact(name)["bytecode"]
    return found


@cache
def _artifact(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def calldata(name: str, function: str, *arguments: Any) -> str:
    """What a transaction carries to call the function, 0x-prefixed."""
    return str(_OFFLINE.eth.contract(abi=abi(name)).encode_abi(function, args=list(arguments)))


@cache
def _error_names() -> dict[str, str]:
    found = {}
    for name in (ESCROW, TOKEN, ANCHOR):
        for entry in abi(name):
            if entry["type"] == "error":
                signature = f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})"
                found["0x" + keccak(text=signature)[:4].hex()] = entry["name"]
    return found


def error_name(data: str) -> str:
    """The name of the custom error in revert data, or the data's first bytes when it is none of ours."""
    return _error_names().get(data[:10], data[:10])
