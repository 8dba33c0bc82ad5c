"""Slither's findings against the answers that are committed: each finding is answered, and each answer still needed.

A finding is known by its detector, by where it is, and by the code that it points to: another of the same detector in
the same function is another finding, and so is the same one once its code has changed. Not by line numbers, which move.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from settlement.contracts.toolchain import CONTRACTS

ANSWERS = CONTRACTS / "slither-answers.json"


def differences(report: Path) -> list[str]:
    """What the report says and nobody answered, and what was answered and the report does not say; sorted.

    Two findings that read alike need two answers. Raises ValueError when slither did not finish.
    """
    found = _found(json.loads(report.read_text(encoding="utf-8")))
    answered = Counter(
        (detector, finding)
        for detector, entry in json.loads(ANSWERS.read_text(encoding="utf-8")).items()
        for finding in entry["found"]
    )
    return [
        *(f"not answered: {detector} in {finding}" for detector, finding in sorted((found - answered).elements())),
        *(f"answered in vain: {detector} in {finding}" for detector, finding in sorted((answered - found).elements())),
    ]


def _found(report: dict[str, Any]) -> Counter[tuple[str, str]]:
    if not report.get("success"):
        raise ValueError(f"slither failed: {report.get('error')}")
    return Counter((item["check"], _finding(item["elements"])) for item in report["results"].get("detectors", []))


def _finding(elements: list[dict[str, Any]]) -> str:
    """Where it is, and the expressions that it is about: `Vault.withdraw: block.timestamp < …`."""
    code = [" ".join(element["name"].split()) for element in elements if element["type"] == "node"]
    return ": ".join([_place(elements[0]), *(["; ".join(code)] if code else [])])


def _place(element: dict[str, Any]) -> str:
    parent = element.get("type_specific_fields", {}).get("parent", {}).get("name", "")
    return f"{parent}.{element['name']}" if parent else str(element["name"])
