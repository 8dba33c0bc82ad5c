"""Compiles the contracts to `artifacts/`, byte for byte the same on every machine.

`python -m settlement.contracts.compile` writes them; with `--check` it only compares and exits 1 on a difference.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from settlement.contracts.toolchain import ARTIFACTS, CONTRACTS, node_binary, solc_script

CONTRACT_NAMES = ("GridclearAnchor", "GridclearEscrow", "TestUSDC")

# `cancun` is the oldest EVM with transient storage, which the reentrancy guard uses; every chain of note has it.
# No metadata hash: it would make the bytecode depend on comments and paths.
SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": 10_000},
    "viaIR": True,
    "evmVersion": "cancun",
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
}


class CompilationFailed(RuntimeError):
    """The compiler reported errors or warnings; the message holds them."""


def compile_sources(sources: dict[str, Path], names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """ABI and creation bytecode of each named contract, from sources given by their unit names.

    Raises CompilationFailed on any error or warning in our sources, ToolMissing without Node or solc.
    """
    wanted = {name: ["abi", "evm.bytecode.object"] for name in names}
    request = {
        "language": "Solidity",
        "sources": {unit: {"content": path.read_text(encoding="utf-8")} for unit, path in sources.items()},
        "settings": SETTINGS | {"outputSelection": {"*": wanted}},
    }
    answer = _solc(json.dumps(request))
    if faults := [e["formattedMessage"] for e in answer.get("errors", ()) if _is_fault(e)]:
        raise CompilationFailed("\n".join(faults))
    compiled: dict[str, dict[str, Any]] = {}
    for contracts in answer["contracts"].values():
        for name, output in contracts.items():
            if name in names:
                compiled[name] = {"abi": output["abi"], "bytecode": "0x" + output["evm"]["bytecode"]["object"]}
    return compiled


def _is_fault(notice: dict[str, Any]) -> bool:
    """Any error; a warning only in our own sources (OpenZeppelin's transient guard brings a notice of its own)."""
    ours: bool = notice.get("sourceLocation", {}).get("file", "").startswith(("src/", "test/"))
    severity: str = notice["severity"]
    return severity == "error" or (severity == "warning" and ours)


def _solc(request: str) -> dict[str, Any]:
    command = [str(node_binary()), str(solc_script()), "--standard-json", "--base-path", ".", "--include-path"]
    # A file and not a pipe: solc-js ends before a pipe has taken more than 64 KiB.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        subprocess.run(
            [*command, "node_modules"],
            cwd=CONTRACTS,
            input=request,
            stdout=output,
            text=True,
            check=True,
            timeout=300,
        )
        output.seek(0)
        text = output.read()
    # It may print a notice of its SMT solver before the JSON.
    answer: dict[str, Any] = json.loads(text[text.index("{") :])
    return answer


def artifact_texts() -> dict[Path, str]:
    """What each committed artifact must contain, compiled afresh."""
    sources = {f"src/{name}.sol": CONTRACTS / "src" / f"{name}.sol" for name in CONTRACT_NAMES}
    compiled = compile_sources(sources, CONTRACT_NAMES)
    return {ARTIFACTS / f"{name}.json": json.dumps(compiled[name], indent=1) + "\n" for name in CONTRACT_NAMES}


def main() -> int:
    """Artifacts are written, or compared; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 when an artifact differs")
    check = parser.parse_args().check
    stale = []
    for path, text in artifact_texts().items():
        if check:
            stale += [path.name] if not path.is_file() or path.read_text(encoding="utf-8") != text else []
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name} does not match its source: run `python -m settlement.contracts.compile`.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
