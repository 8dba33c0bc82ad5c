"""Slither's findings against the answers that are committed: each finding is answered, and each answer still needed."""

import json
from pathlib import Path
from typing import Any

from settlement.contracts.toolchain import CONTRACTS

ANSWERS = CONTRACTS / "slither-answers.json"


def differences(report: Path) -> list[str]:
    """What the report says and nobody answered, and what was answered and the report does not say; sorted."""
    found = _found(json.loads(report.read_text(encoding="utf-8")))
    answered = {
        (detector, place)
        for detector, entry in json.loads(ANSWERS.read_text(encoding="utf-8")).items()
        for place in entry["found"]
    }
    return [
        *(f"not answered: {detector} in {place}" for detector, place in sorted(found - answered)),
        *(f"answered in vain: {detector} in {place}" for detector, place in sorted(answered - found)),
    ]


def _found(report: dict[str, Any]) -> set[tuple[str, str]]:
    """Detector and place of each finding. Raises ValueError when slither did not finish."""
    if not report.get("success"):
        raise ValueError(f"slither failed: {report.get('error')}")
    return {(item["check"], _place(item["elements"][0])) for item in report["results"].get("detectors", [])}


def _place(element: dict[str, Any]) -> str:
    parent = element.get("type_specific_fields", {}).get("parent", {}).get("name", "")
    return f"{parent}.{element['name']}" if parent else str(element["name"])
