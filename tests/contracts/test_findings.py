"""Slither's findings are held against the committed answers: one without the other is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from settlement.contracts.findings import ANSWERS, differences

ANSWERED = [(check, finding) for check, entry in json.loads(ANSWERS.read_text()).items() for finding in entry["found"]]
CLOCK = "Vault.withdraw: block.timestamp < _accounts[account].frozenUntil"


def _report(tmp_path: Path, found: list[tuple[str, str]]) -> Path:
    """A report as slither writes it: the function or variable first, then the expressions within."""
    path = tmp_path / "findings.json"
    detectors = [{"check": check, "elements": _elements(finding)} for check, finding in found]
    path.write_text(json.dumps({"success": True, "results": {"detectors": detectors}}))
    return path


def _elements(finding: str) -> list[dict[str, Any]]:
    place, _, code = finding.partition(": ")
    parent, _, name = place.rpartition(".")
    nodes = [{"type": "node", "name": text} for text in code.split("; ") if text]
    return [{"type": "function", "name": name, "type_specific_fields": {"parent": {"name": parent}}}, *nodes]


def test_a_report_that_is_answered_wholly_is_clean(tmp_path: Path):
    assert differences(_report(tmp_path, ANSWERED)) == []


def test_a_new_finding_and_an_answer_to_none_are_told(tmp_path: Path):
    found = [*ANSWERED[1:], ("reentrancy-eth", "Vault.withdraw")]
    check, finding = ANSWERED[0]
    assert differences(_report(tmp_path, found)) == [
        "not answered: reentrancy-eth in Vault.withdraw",
        f"answered in vain: {check} in {finding}",
    ]


def test_another_finding_in_a_function_that_has_an_answer_is_told(tmp_path: Path):
    assert ("timestamp", CLOCK) in ANSWERED
    more = f"{CLOCK}; block.timestamp % 2 == 0"
    replaced = [item for item in ANSWERED if item[1] != CLOCK]
    assert differences(_report(tmp_path, [*replaced, ("timestamp", more)])) == [
        f"not answered: timestamp in {more}",
        f"answered in vain: timestamp in {CLOCK}",
    ]
    beside = ("timestamp", "Vault.withdraw: block.timestamp % 2 == 0")
    assert differences(_report(tmp_path, [*ANSWERED, beside])) == [f"not answered: timestamp in {beside[1]}"]


def test_the_same_code_once_more_needs_an_answer_of_its_own(tmp_path: Path):
    check, finding = ANSWERED[0]
    twice = _report(tmp_path, [*ANSWERED, (check, finding)])
    assert differences(twice) == [f"not answered: {check} in {finding}"]


def test_a_report_of_a_failure_is_no_clean_report(tmp_path: Path):
    path = tmp_path / "findings.json"
    path.write_text(json.dumps({"success": False, "error": "no compiler", "results": {}}))
    with pytest.raises(ValueError, match="no compiler"):
        differences(path)


def test_every_answer_says_why():
    for entry in json.loads(ANSWERS.read_text()).values():
        assert len(entry["answer"]) > 60
