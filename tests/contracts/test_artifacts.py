"""The committed ABI and bytecode are what the sources compile to."""

import json
import re

import pytest

from settlement.contracts.compile import CONTRACT_NAMES, artifact_texts
from settlement.contracts.toolchain import ARTIFACTS, CONTRACTS, ToolMissing, node_binary, solc_script


def test_the_artifacts_compile_from_their_sources_byte_for_byte():
    try:
        node_binary(), solc_script()
    except ToolMissing as missing:
        pytest.skip(f"no compiler: {missing}")
    for path, text in artifact_texts().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale"


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_the_deployed_code_fits_the_limit(name: str):
    code = json.loads((ARTIFACTS / f"{name}.json").read_text())["bytecode"]
    assert (len(code) - 2) // 2 < 24_576


def test_every_public_function_event_and_error_of_the_escrow_is_documented():
    source = (CONTRACTS / "src" / "GridclearEscrow.sol").read_text()
    declared = re.compile(r"^    (?:event|error|constructor|function (?!_)\w+)\b", re.MULTILINE)
    for found in declared.finditer(source):
        before = source[: found.start()].rstrip().splitlines()[-1].strip()
        assert before.startswith("///"), source[found.start() : found.start() + 60]


def test_the_packages_are_pinned():
    pinned = json.loads((CONTRACTS / "package.json").read_text())["devDependencies"]
    locked = json.loads((CONTRACTS / "package-lock.json").read_text())["packages"]
    for name, version in pinned.items():
        assert locked[f"node_modules/{name}"]["version"] == version


def test_the_lock_names_every_platforms_tools():
    # `npm ci` refuses a lock that lacks one; npm leaves out those that its registry does not serve.
    locked = json.loads((CONTRACTS / "package-lock.json").read_text())["packages"]
    wanted = {name for package in locked.values() for name in package.get("optionalDependencies", {})}
    assert wanted
    assert {f"node_modules/{name}" for name in wanted} <= locked.keys()
