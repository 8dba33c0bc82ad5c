"""Golden decisions of a pack: `python -m tests.compliance.engine.write_golden 2026-11-27` adds what its file lacks.

What stands in a file stays: test_replay.py holds the engine to it for ever. Of a pack that is still open the file is
removed and written anew after each change, since the pack's hash is in every decision.
"""

import json
import sys
from pathlib import Path

from compliance.engine.cases import load_cases
from compliance.engine.codec import canonical_bytes
from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.outcome import Outcome
from compliance.engine.packs import GRIDCLEAR, load_pack

GOLDEN = Path(__file__).parent / "golden"


def add_golden(version: str) -> int:
    """The file shows each rule that trips, and each outcome of each purpose, in the pack's cases; how many came."""
    pack, path = load_pack(GRIDCLEAR / version), GOLDEN / f"gridclear@{version}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    stored = [Facts.from_json(json.loads(line)["facts"]) for line in lines]
    shown = set().union(*(shown_by(facts, decide(facts, pack)) for facts in stored))
    for case in load_cases(GRIDCLEAR / version):
        outcome = decide(case.facts, pack)
        if shown_by(case.facts, outcome) <= shown:
            continue
        shown |= shown_by(case.facts, outcome)
        lines.append(canonical_bytes(golden(case.facts, outcome)).decode())
    path.write_text("\n".join(lines) + "\n")
    return len(lines) - len(stored)


def golden(facts: Facts, outcome: Outcome) -> dict[str, object]:
    """The decision as it is stored."""
    return {
        "facts": facts.to_json(),
        "facts_digest": facts.digest(),
        "outcome": outcome.outcome,
        "digest": outcome.digest(),
    }


def shown_by(facts: Facts, outcome: Outcome) -> set[str]:
    """The codes of its reasons, and the outcome with the purpose."""
    return {f"{facts.purpose}: {outcome.outcome}", *(reason.code for reason in outcome.reasons)}


if __name__ == "__main__":
    sys.stdout.write(f"{add_golden(sys.argv[1])} added\n")
