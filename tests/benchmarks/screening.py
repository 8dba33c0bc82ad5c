"""How long one name takes against the lists: the loaded ones, and OFAC's whole list where the real data lie by."""

import bz2
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from compliance.engine.screening import EntryFacts, ListedEntry, NameIndex, NameQuery
from compliance.sources.base import ListEntry
from compliance.sources.catalogue import KNOWN_LISTS, read_list
from tests.benchmarks.measure import Timing, time_each

REAL_SDN = Path(__file__).resolve().parents[3] / "shared" / "data" / "lists" / "ofac_sdn_advanced_2025-12-04.xml.bz2"
# Honest names, among them common ones that resemble many listed ones.
HONEST = (
    ("Lim Hui Min", "person"),
    ("Mohammed Ali Hassan", "person"),
    ("Jürgen Brandt", "person"),
    ("Hélène Marchand", "person"),
    ("Wang Wei", "person"),
    ("Lion City Labs Pte. Ltd.", "entity"),
    ("Universität Zürichberg", "entity"),
    ("Southern Cross Compute Pty Ltd", "entity"),
    ("Global Trading International Company Limited", "entity"),
    ("Fjordlys Animasjon AS", "entity"),
)


@dataclass(frozen=True)
class ScreeningTimes:
    """One corpus: how many names it has, how long its index takes to build, how long a name takes."""

    corpus: str
    names: int
    build_seconds: float
    honest: Timing
    listed: Timing


def measure_screening(rounds: int) -> list[ScreeningTimes]:
    """The hand-written lists, then OFAC's whole list if it is there."""
    small = [entry for known in KNOWN_LISTS for entry in read_list(known.sample, known.format)]
    found = [_measure("the repository's sample lists", small, rounds)]
    if REAL_SDN.exists():
        with tempfile.NamedTemporaryFile(suffix=".xml") as unpacked:
            with bz2.open(REAL_SDN) as packed:
                shutil.copyfileobj(packed, unpacked)
            unpacked.flush()
            entries = list(read_list(Path(unpacked.name), "ofac_advanced_xml"))
        found.append(_measure("OFAC's whole SDN list (2025-12-04)", entries, rounds))
    return found


def _measure(corpus: str, entries: Iterable[ListEntry], rounds: int) -> ScreeningTimes:
    listed_entries = [
        ListedEntry(
            f"{entry.authority}:{entry.external_id}",
            entry.kind,
            tuple((name.name, name.strength == "weak") for name in entry.names),
            EntryFacts(entry.birth_dates, entry.countries, entry.identifiers),
        )
        for entry in entries
    ]
    began = time.perf_counter()
    index = NameIndex.build(listed_entries)
    built = time.perf_counter() - began
    asked = [
        NameQuery(name, each.kind)
        for each in listed_entries
        if each.kind in ("person", "entity")
        for name, _ in each.names
    ]
    step = max(1, len(asked) // rounds)
    listed = asked[::step]
    honest = [NameQuery(name, kind) for name, kind in HONEST]
    return ScreeningTimes(
        corpus,
        len(index),
        built,
        time_each(lambda number: index.search(honest[number % len(honest)]), rounds),
        time_each(lambda number: index.search(listed[number % len(listed)]), rounds),
    )
