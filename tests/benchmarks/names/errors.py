"""Whether people are found by names with one typing error, and how many who are on no list are held for one who is."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from compliance.engine.screening import STRONG, THRESHOLD, ListedEntry, NameIndex, NameQuery
from compliance.engine.second_facts import AGREES
from tests.benchmarks.names import corpus

SEED = 20261125
KINDS = ("insert", "delete", "substitute", "transpose")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Typos:
    """How many of so many names with one error were looked at closely, and how many were found."""

    variants: int
    people: int
    candidates: float
    found: float
    by_kind: dict[str, float]


@dataclass(frozen=True)
class Alarms:
    """How many of so many people on no list were held for somebody listed."""

    people: int
    with_facts: float
    by_name: float
    strong_with_facts: float
    strong_by_name: float


def measure_typos(index: NameIndex) -> Typos:
    """Each strong Latin name of each listed person was typed with one error; kinds in turn, places at random."""
    file, format, _ = corpus.SDN
    draw = random.Random(SEED)
    asked = looked_at = found = 0
    people = set()
    missed: Counter[str] = Counter()
    for number, (key, name) in enumerate(_names_of_people(file, format)):
        kind = KINDS[number % len(KINDS)]
        typed = mistyped(name, kind, draw)
        asked += 1
        people.add(key)
        looked_at += any(entry == key for entry, _ in index.shortlist(typed, "person"))
        hit = any(each.entry_key == key for each in index.search(NameQuery(typed, "person")))
        found += hit
        missed[kind] += not hit
    share = {kind: 1 - missed[kind] / (asked / len(KINDS)) for kind in KINDS}
    return Typos(asked, len(people), looked_at / asked, found / asked, share)


def _names_of_people(file: str, format: str) -> Iterator[tuple[str, str]]:
    for entry in corpus.read(file, format):
        if entry.kind == "person":
            key = corpus.listed(entry, file).key
            yield from ((key, name.name) for name in entry.names if name.strength != "weak" and name.script == "Latn")


def mistyped(name: str, kind: str, draw: random.Random) -> str:
    """The name with one error of the kind, at any place from the first letter to the last; never the same name."""
    while True:
        at = draw.randrange(len(name))
        letter = draw.choice(LETTERS)
        letter = letter.upper() if name[at].isupper() else letter
        if kind == "insert":
            typed = name[:at] + letter + name[at:]
        elif kind == "delete":
            typed = name[:at] + name[at + 1 :]
        elif kind == "substitute":
            typed = name[:at] + letter + name[at + 1 :]
        else:
            typed = name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
        if typed.strip() and typed != name:
            return typed


def measure_alarms(index: NameIndex) -> Alarms:
    """Each of the synthetic people was asked for, with date of birth and country, and by name alone."""
    people = corpus.synthetic_people()
    counts: Counter[str] = Counter()
    for each in people:
        # Nothing that facts could lift over the threshold is missed; for most there is nothing at all.
        near = index.search(NameQuery(each.name, "person"), threshold=THRESHOLD - AGREES)
        by_name = [found for found in near if found.score >= THRESHOLD]
        counts["name"] += bool(by_name)
        counts["strong name"] += any(found.strength == STRONG for found in by_name)
        countries = (each.country,) if each.country else ()
        known = index.search(NameQuery(each.name, "person", (each.birth_date,), countries)) if near else []
        counts["facts"] += bool(known)
        counts["strong facts"] += any(found.strength == STRONG for found in known)
    total = len(people)
    return Alarms(
        total,
        counts["facts"] / total,
        counts["name"] / total,
        counts["strong facts"] / total,
        counts["strong name"] / total,
    )


def share_that_find_themselves() -> tuple[int, float]:
    """The members of Congress, were they listed: how many, and the share that is found by name and date of birth."""
    people = corpus.members_of_congress()
    index = NameIndex.build(
        ListedEntry(str(number), "person", ((each.name, False),)) for number, each in enumerate(people)
    )
    found = sum(
        any(hit.entry_key == str(number) for hit in index.search(NameQuery(each.name, "person", (each.birth_date,))))
        for number, each in enumerate(people)
    )
    return len(people), found / len(people)
