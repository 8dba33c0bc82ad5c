"""How long one name takes against all lists, and ten thousand, beside a full scan by logic-v2."""

import gc
import json
import random
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compliance.engine.index.entries import entries_block
from compliance.engine.screening import NameIndex, NameQuery
from tests.benchmarks.measure import Timing
from tests.benchmarks.names import corpus
from tests.benchmarks.names.reference import LogicV2

SEED = 20261125
WARM, ASKED, ROUNDS = 200, 2_000, 5
BATCH = 10_000
SCANNED = 8
SCHEMATA = {"person": "Person", "entity": "Organization"}


@dataclass(frozen=True)
class Built:
    """The index over all lists: seconds of processor time to build, seconds to open, bytes."""

    index: NameIndex
    build: float
    open: float
    size: int
    entries: int


@dataclass(frozen=True)
class Latency:
    """Single names, each asked once: on the clock, and in processor time."""

    wall: Timing
    cpu: Timing


@dataclass(frozen=True)
class Batch:
    """Processor seconds for a batch of names, and what logic-v2 would take for it, scaled from some of them."""

    names: int
    seconds: float
    scanned: int
    entities: int
    scan_seconds: float  # each

    @property
    def times_as_fast(self) -> float:
        """As the full scan."""
        return self.scan_seconds * self.names / self.seconds


@dataclass(frozen=True)
class Longer:
    """The time of single names against more entries than all lists of today have."""

    entries: int
    latency: Latency


def build_index(lists: Iterable[tuple[str, str, str]] = corpus.LISTS) -> Built:
    """All these lists in one index, as the processes of a machine share it."""
    entries = list(corpus.all_entries(lists))
    began = time.process_time()
    block = entries_block(entries)
    built = time.process_time()
    index = NameIndex.opened(block)
    return Built(index, built - began, time.process_time() - built, len(block), len(entries))


def queries(count: int, seed: int = SEED) -> list[NameQuery]:
    """Half of them people on no list, with what is known of them; half listed names of people and entities."""
    draw = random.Random(seed)
    strangers = [
        NameQuery(each.name, "person", (each.birth_date,), (each.country,) if each.country else ())
        for each in draw.sample(corpus.synthetic_people(), count // 2)
    ]
    entries = [each for each in corpus.all_entries() if each.kind in ("person", "entity")]
    listed = [NameQuery(draw.choice(each.names)[0], each.kind) for each in draw.choices(entries, k=count - count // 2)]
    found = strangers + listed
    draw.shuffle(found)
    return found


def measure_latency(index: NameIndex, seed: int = SEED) -> Latency:
    """Each name was asked once, after others that warmed the process; of a few rounds the one least disturbed."""
    asked = queries(WARM + ROUNDS * ASKED, seed)
    gc.collect()
    gc.freeze()  # the lists as read, which no server holds, are not the search's to be swept
    for query in asked[:WARM]:
        index.search(query)
    rounds = [_timed(index, asked[start : start + ASKED]) for start in range(WARM, len(asked), ASKED)]
    return min(rounds, key=lambda each: each.cpu.p95_ms)


def measure_longer() -> Longer:
    """Other names were asked of all lists and of an older edition of the longest too."""
    built = build_index((*corpus.LISTS, corpus.OLDER))
    return Longer(built.entries, measure_latency(built.index, SEED + 1))


def _timed(index: NameIndex, asked: Sequence[NameQuery]) -> Latency:
    wall, cpu = [], []
    for query in asked:
        began, spent = time.perf_counter(), time.process_time()
        index.search(query)
        cpu.append(time.process_time() - spent)
        wall.append(time.perf_counter() - began)
    return Latency(Timing(tuple(wall)), Timing(tuple(cpu)))


def measure_batch(index: NameIndex, logic: LogicV2 | None) -> Batch:
    """The batch was asked; some of its names were compared with every entity by logic-v2."""
    asked = queries(BATCH)
    began = time.process_time()
    for query in asked:
        index.search(query)
    spent = time.process_time() - began
    if logic is None:
        return Batch(BATCH, spent, 0, 0, 0.0)
    entities = _load(logic)
    scans = [
        logic.ask({"scan": {"schema": SCHEMATA[query.kind], "properties": {"name": query.name}}})
        for query in asked[: SCANNED + 1]
    ]
    seconds = [float(scan["seconds"]) for scan in scans[1:]]  # the first one loads what the others find loaded
    return Batch(BATCH, spent, SCANNED, entities, sum(seconds) / len(seconds))


def _load(logic: LogicV2) -> int:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for entry in corpus.all_entries():
            if entry.kind in SCHEMATA:
                properties = {
                    "name": [name for name, _ in entry.names],
                    "birthDate": list(entry.facts.birth_dates),
                    "country": list(entry.facts.countries),
                }
                file.write(json.dumps({"schema": SCHEMATA[entry.kind], "properties": properties}) + "\n")
        file.flush()
        return int(logic.ask({"load": file.name})["loaded"])
