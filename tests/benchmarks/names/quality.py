"""How well names are told apart: on pairs that people labelled, and on the aliases of OFAC's own entries."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from compliance.engine.batch.pairs import compared
from compliance.engine.naming.text import readable
from compliance.engine.screening import NameIndex
from tests.benchmarks.names import corpus
from tests.benchmarks.names.reference import LOGIC_THRESHOLD, LogicV2

Verdicts = Sequence[tuple[bool, bool]]  # whether it was held to match, and whether it does

ALIASES = 1_000  # pairs of each kind, of persons and of entities
RESAMPLED = 1_000
SEED = 20261125


@dataclass(frozen=True)
class Quality:
    """Right and wrong answers of one scorer on one set; `low` and `high` bound its F1 in 95 of 100 resamplings."""

    precision: float
    recall: float
    f1: float
    false_positive_rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """One set of pairs: how many, and how both scorers did on it."""

    name: str
    pairs: int
    ours: Quality
    logic: Quality | None


def measure_quality(logic: LogicV2 | None) -> list[Compared]:
    """Both scorers have answered every pair, ours as `manage.py compare` does."""
    sets = {**corpus.labelled_pairs(), **corpus.unseen_pairs(), **alias_pairs()}
    today = date.today()
    found = []
    for name, rows in sets.items():
        ours = [(compared(row, today)["match"], row["should_match"]) for row in rows]
        theirs = [
            (logic.score(row["schema"], row["query"], row["candidate"]) >= LOGIC_THRESHOLD, row["should_match"])
            for row in rows
            if logic
        ]
        found.append(Compared(name, len(rows), quality(ours), quality(theirs) if theirs else None))
    return found


def alias_pairs() -> dict[str, list[dict[str, Any]]]:
    """A listed name and another strong name of the same entry; and the likest name of another entry, by the index.

    Names that no door takes, for signs in them that nobody sees, are left out.
    """
    draw = random.Random(SEED)
    file, format, _ = corpus.SDN
    entries = [entry for entry in corpus.read(file, format) if entry.kind in ("person", "entity")]
    by_key = {corpus.listed(entry, file).key: entry for entry in entries}
    index = NameIndex.build(corpus.listed(entry, file) for entry in entries)
    draw.shuffle(entries)
    sets: dict[str, list[dict[str, Any]]] = {"aliases of persons": [], "aliases of entities": []}
    for entry in entries:
        rows = sets["aliases of persons" if entry.kind == "person" else "aliases of entities"]
        others = [
            name.name
            for name in entry.names
            if name.strength != "weak" and name.name != entry.primary_name and readable(name.name)
        ]
        if not others or len(rows) >= 2 * ALIASES:
            continue
        key = corpus.listed(entry, file).key
        near = [
            name
            for other, name in index.shortlist(entry.primary_name)
            if other != key and by_key[other].kind == entry.kind and readable(name)
        ]
        if near:
            rows += [_row(entry, draw.choice(others), True), _row(entry, draw.choice(near[:6]), False)]
    return sets


def _row(entry: Any, other: str, should_match: bool) -> dict[str, Any]:
    schema = "Person" if entry.kind == "person" else "Organization"
    names = {"query": {"name": other}, "candidate": {"name": entry.primary_name}}
    return {"schema": schema, "should_match": should_match, **names}


def quality(verdicts: Verdicts) -> Quality:
    """What the answers come to."""
    draw = random.Random(SEED)
    again = sorted(f1_of(draw.choices(verdicts, k=len(verdicts))) for _ in range(RESAMPLED))
    hits, alarms, missed = _counts(verdicts)
    strangers = sum(not true for _, true in verdicts)
    return Quality(
        precision=hits / max(hits + alarms, 1),
        recall=hits / max(hits + missed, 1),
        f1=f1_of(verdicts),
        false_positive_rate=alarms / max(strangers, 1),
        low=again[int(RESAMPLED * 0.025)],
        high=again[int(RESAMPLED * 0.975)],
    )


def f1_of(verdicts: Verdicts) -> float:
    """The harmonic mean of precision and recall."""
    hits, alarms, missed = _counts(verdicts)
    return 2 * hits / max(2 * hits + alarms + missed, 1)


def _counts(verdicts: Verdicts) -> tuple[int, int, int]:
    hits = sum(said and true for said, true in verdicts)
    return hits, sum(said and not true for said, true in verdicts), sum(true and not said for said, true in verdicts)
