"""Nothing of the contracts' ABI is forgotten: every function, error and event is met in the tests, found by its name.

A test meets what it names and what the helpers that it calls name. A function that changes something is met by a test
in which something is refused, too.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

from settlement.contracts.toolchain import CONTRACTS as SOURCES
from tests.contracts.world import artifact

HERE = Path(__file__).parent
CONTRACTS = ("GridclearEscrow", "GridclearAnchor")
CALLED_ON = {"calls", "functions", "read", "reads"}
REFUSALS = {"refused", "raises"}
# Errors of OpenZeppelin's that no call can meet.
UNREACHABLE = {
    "InvalidShortString": "the domain's name and version are fixed and short",
    "StringTooLong": "the domain's name and version are fixed and short",
    "SafeCastOverflowedUintDowncast": "of the block's time, in some nine million years",
}
NEVER_SENT = {
    "EIP712DomainChanged": "the domain is fixed",
    "RoleAdminChanged": "the one admin has every role, which nothing changes",
}


class Names(ast.NodeVisitor):
    """What a piece of code names: functions of contracts, words in quotation marks, helpers."""

    def __init__(self) -> None:
        self.entries: set[str] = set()
        self.words: set[str] = set()
        self.helpers: set[str] = set()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        on = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        (self.entries if on in CALLED_ON else self.helpers).add(node.attr)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.helpers.add(node.id)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.words.add(node.value)


def _names(node: ast.AST) -> Names:
    found = Names()
    found.visit(node)
    return found


def _pieces(path: Path) -> dict[str, ast.AST]:
    """Functions, methods and module-level values of a file, by name."""
    found: dict[str, ast.AST] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, node.value)
    return found


@cache
def met() -> dict[str, Names]:
    """Every contract test, with all that it reaches."""
    shared = {name: _names(node) for name, node in _pieces(HERE / "world.py").items()}
    found = {}
    # But for this file, whose own words would hide what it looks for.
    for path in set(HERE.glob("test_*.py")) - {Path(__file__)}:
        pieces = shared | {name: _names(node) for name, node in _pieces(path).items()}
        for name in (name for name in pieces if name.startswith("test_")):
            found[f"{path.name}::{name}"] = _reach(name, pieces)
    return found


def _reach(name: str, pieces: dict[str, Names]) -> Names:
    reached, waiting, seen = Names(), [name], set[str]()
    while waiting:
        now = waiting.pop()
        if now in seen or now not in pieces:
            continue
        seen.add(now)
        piece = pieces[now]
        reached.entries |= piece.entries
        reached.words |= piece.words
        reached.helpers |= piece.helpers
        waiting += piece.helpers
    return reached


def _abi(kind: str) -> dict[str, bool]:
    """Names of that kind in the ABIs, and whether each changes something."""
    entries = [entry for name in CONTRACTS for entry in artifact(name)["abi"] if entry["type"] == kind]
    return {entry["name"]: _changes(entry) for entry in entries}


def _changes(entry: dict[str, Any]) -> bool:
    return entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")


def _met_words(*, refusing: bool = False) -> set[str]:
    tests = [test for test in met().values() if test.helpers & REFUSALS or not refusing]
    return set().union(*(test.words for test in tests))


def test_every_function_is_met_by_a_test():
    called = set().union(*(test.entries for test in met().values()))
    assert _abi("function").keys() - called == set()


def test_every_function_that_changes_something_is_met_where_something_is_refused():
    called = set().union(*(test.entries for test in met().values() if test.helpers & REFUSALS))
    assert {name for name, changes in _abi("function").items() if changes} - called == set()


def test_every_error_is_met_by_a_test_or_can_be_met_by_none():
    assert _abi("error").keys() - _met_words(refusing=True) == UNREACHABLE.keys()


def test_every_event_is_met_by_a_test_or_is_never_sent():
    # The anchor's is read as an attribute.
    assert _abi("event").keys() - _met_words() - {"Anchored"} == NEVER_SENT.keys()


def test_the_fuzzers_strangers_try_every_entry():
    tried = set(re.findall(r"escrow\.(\w+)", (SOURCES / "test" / "Strangers.sol").read_text()))
    changing = {entry["name"] for entry in artifact("GridclearEscrow")["abi"] if _changes(entry)}
    assert changing - tried == set()
