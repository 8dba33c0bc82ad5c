"""The EVM node of development: anvil, from the npm packages of `settlement/contracts`."""

import json
from pathlib import Path

from marketplace.development.environment import CHAIN_ID
from marketplace.development.errors import DevelopmentError
from marketplace.development.ports import HOST
from settlement.contracts.toolchain import ToolMissing, anvil_binary


def anvil_command(state: Path, port: int) -> list[str]:
    """The command line of a node that mines each transaction at once and keeps its chain between starts.

    Raises DevelopmentError when there is no anvil.
    """
    folder = state / "chain"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        binary = str(anvil_binary())
    except ToolMissing as error:
        raise DevelopmentError(f"{error} Or set CHAIN_RPC_URL.") from error
    return [
        *(binary, "--host", HOST, "--port", str(port), "--chain-id", str(CHAIN_ID)),
        *("--state", str(_readable_state(folder)), "--state-interval", "5"),
        # Empty blocks come besides, so that confirmations need no one's transaction.
        *("--block-time", "2", "--mixed-mining", "--quiet"),
    ]


def _readable_state(folder: Path) -> Path:
    """The saved chain; one that a crash cut off in the middle of writing is set aside."""
    state = folder / "state.json"
    if state.exists():
        try:
            json.loads(state.read_text())
        except ValueError:
            state.rename(folder / "state.broken.json")
    return state
