"""Slither's findings are held against the committed answers: one without the other is told."""

import json
from pathlib import Path

import pytest

from settlement.contracts.findings import ANSWERS, differences


def _report(tmp_path: Path, found: list[tuple[str, str, str]]) -> Path:
    detectors = [
        {"check": check, "elements": [{"name": name, "type_specific_fields": {"parent": {"name": parent}}}]}
        for check, parent, name in found
    ]
    path = tmp_path / "findings.json"
    path.write_text(json.dumps({"success": True, "results": {"detectors": detectors}}))
    return path


def _answered() -> list[tuple[str, str, str]]:
    answers = json.loads(ANSWERS.read_text())
    return [(check, *place.split(".")) for check, entry in answers.items() for place in entry["found"]]


def test_a_report_that_is_answered_wholly_is_clean(tmp_path: Path):
    assert differences(_report(tmp_path, _answered())) == []


def test_a_new_finding_and_an_answer_to_none_are_told(tmp_path: Path):
    found = [*_answered()[1:], ("reentrancy-eth", "Vault", "withdraw")]
    (check, parent, name) = _answered()[0]
    assert differences(_report(tmp_path, found)) == [
        "not answered: reentrancy-eth in Vault.withdraw",
        f"answered in vain: {check} in {parent}.{name}",
    ]


def test_a_report_of_a_failure_is_no_clean_report(tmp_path: Path):
    path = tmp_path / "findings.json"
    path.write_text(json.dumps({"success": False, "error": "no compiler", "results": {}}))
    with pytest.raises(ValueError, match="no compiler"):
        differences(path)


def test_every_answer_says_why():
    for entry in json.loads(ANSWERS.read_text()).values():
        assert len(entry["answer"]) > 60
