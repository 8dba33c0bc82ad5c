"""The committed ABI and bytecode are what the sources compile to."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from settlement.contracts.compile import CONTRACT_NAMES, artifact_texts
from settlement.contracts.toolchain import ARTIFACTS, CONTRACTS, ToolMissing, node_binary, solc_script
from tests.environment import cannot_check


def test_the_artifacts_compile_from_their_sources_byte_for_byte():
    try:
        node_binary(), solc_script()
    except ToolMissing as missing:
        cannot_check(f"No compiler: {missing}")
    texts = artifact_texts()
    assert {path.stem for path in texts} == {path.stem for path in ARTIFACTS.glob("*.json")}
    for path, text in texts.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale"


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_a_compiler_it_is_skipped_at_home_and_fails_in_continuous_integration(monkeypatch, ci: str, ends):
    def missing() -> Path:
        raise ToolMissing("solc.js is not installed: run `npm ci` in settlement/contracts.")

    monkeypatch.setattr("tests.contracts.test_artifacts.solc_script", missing)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ends, match="npm ci"):
        test_the_artifacts_compile_from_their_sources_byte_for_byte()


def test_continuous_integration_says_so_and_installs_the_tools_by_the_way():
    script = (CONTRACTS.parents[1] / ".ci" / "run").read_text()
    assert re.search(r"^export CI=true", script, re.MULTILINE)
    makefile = (CONTRACTS.parents[1] / "Makefile").read_text()
    assert re.search(r"^make test\b", script, re.MULTILINE)
    # `make test` begins with `setup`, and that with the locked compiler, fuzzer and node.
    assert re.search(r"^test: setup\b", makefile, re.MULTILINE)
    assert re.search(r"^setup: .*\$\(CONTRACTS\)/node_modules/\.stamp", makefile, re.MULTILINE)


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_the_deployed_code_fits_the_limit(name: str):
    code = json.loads((ARTIFACTS / f"{name}.json").read_text())["bytecode"]
    assert (len(code) - 2) // 2 < 24_576


SOURCES = sorted((CONTRACTS / "src").rglob("*.sol"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_everything_that_others_see_is_documented(path: Path):
    source = path.read_text()
    declared = re.compile(
        r"^(?:struct|enum|library|interface|(?:abstract )?contract)\b"
        r"|^    (?:event|error|constructor|function (?!_)\w+|[\w ()=>]+ (?:public|immutable)\b[^(]*;)",
        re.MULTILINE,
    )
    assert declared.search(source)
    for found in declared.finditer(source):
        before = source[: found.start()].rstrip().splitlines()[-1].strip()
        assert before.startswith("///"), source[found.start() : found.start() + 60]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_file_holds_too_much(path: Path):
    assert len(path.read_text().splitlines()) <= 300


def test_the_escrow_cannot_be_changed_paused_or_paid_ether():
    functions = {entry["name"] for entry in _abi("GridclearEscrow") if entry["type"] == "function"}
    assert functions.isdisjoint({"upgradeTo", "upgradeToAndCall", "pause", "unpause", "initialize", "multicall"})
    assert not [e for e in _abi("GridclearEscrow") if e["type"] in ("receive", "fallback")]
    assert not [e for e in _abi("GridclearEscrow") if e.get("stateMutability") == "payable"]
    for path in SOURCES:
        assert not re.search(r"\b(delegatecall|selfdestruct|assembly|unchecked)\b[^,]", _code(path)), path.name


def _code(path: Path) -> str:
    """The source without its comments."""
    return re.sub(r"//.*", "", path.read_text())


def _abi(name: str) -> list[dict[str, Any]]:
    return json.loads((ARTIFACTS / f"{name}.json").read_text())["abi"]


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
