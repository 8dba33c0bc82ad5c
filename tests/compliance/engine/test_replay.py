"""Decisions stored under a released pack replay to the same bytes for ever, whatever the engine has learnt since."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from compliance.engine.cases import load_cases
from compliance.engine.codec import canonical_bytes, from_plain, later, to_plain
from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.outcome import Outcome
from compliance.engine.packs import GRIDCLEAR, pack_labelled
from tests.compliance.engine.world import PACKS
from tests.compliance.engine.write_golden import shown_by

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
STORED = [(path.stem, json.loads(line)) for path in GOLDEN for line in path.read_text().splitlines()]


@cache
def replayed(at: int) -> tuple[Facts, Outcome]:
    label, stored = STORED[at]
    facts = Facts.from_json(stored["facts"])
    return facts, decide(facts, pack_labelled(label, PACKS))


@pytest.mark.parametrize("at", range(len(STORED)), ids=[f"{label}-{at}" for at, (label, _) in enumerate(STORED)])
def test_a_stored_decision_replays_to_the_same_bytes(at):
    (_, stored), (facts, again) = STORED[at], replayed(at)
    assert facts.to_json() == stored["facts"]
    assert facts.digest() == stored["facts_digest"]
    assert (again.outcome, again.digest()) == (stored["outcome"], stored["digest"])


def test_every_pack_has_stored_ones_that_show_every_outcome_and_every_rule_of_its_cases():
    """A pack that is released from now on fails here until it has its own: see write_golden.py."""
    for pack in PACKS:
        shown = set().union(*(shown_by(*replayed(at)) for at, (label, _) in enumerate(STORED) if label == pack.label))
        cases = load_cases(GRIDCLEAR / pack.version)
        assert shown >= {"lease: ALLOW", "lease: REVIEW", "lease: DENY"}, pack.label
        assert shown >= {code for case in cases for code in case.reasons}, pack.label


@dataclass(frozen=True)
class Grown:
    old: str
    new: str = later("")
    more: tuple[str, ...] = later(())


def test_a_field_that_came_later_is_told_only_when_it_says_something():
    assert canonical_bytes(Grown("a")) == b'{"old":"a"}'
    assert to_plain(Grown("a", more=("x",))) == {"old": "a", "more": ["x"]}
    for each in (Grown("a"), Grown("a", "b"), Grown("a", "b", ("c",))):
        assert from_plain(Grown, to_plain(each)) == each
