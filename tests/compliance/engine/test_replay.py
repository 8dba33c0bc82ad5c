"""Decisions stored under a released pack replay to the same bytes for ever, whatever the engine has learnt since."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from compliance.engine.codec import canonical_bytes, from_plain, later, to_plain
from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.packs import load_packs, pack_labelled

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
STORED = [(path.stem, json.loads(line)) for path in GOLDEN for line in path.read_text().splitlines()]


@pytest.mark.parametrize(("label", "stored"), STORED, ids=[f"{label}-{at}" for at, (label, _) in enumerate(STORED)])
def test_a_stored_decision_replays_to_the_same_bytes(label, stored):
    facts = Facts.from_json(stored["facts"])
    assert facts.to_json() == stored["facts"]
    assert facts.digest() == stored["facts_digest"]
    again = decide(facts, pack_labelled(label, load_packs()))
    assert (again.outcome, again.digest()) == (stored["outcome"], stored["digest"])


def test_the_stored_ones_show_every_outcome_and_most_rules():
    assert {each["outcome"] for _, each in STORED} == {"ALLOW", "REVIEW", "DENY"}
    assert len(STORED) > 80


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
