"""Lists at their real size: the largest one imported in little memory, and parties held against what one changed."""

import bz2
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import psutil
from django.db import connection

from compliance.base import clock
from compliance.base.actor import system
from compliance.models import Party, Screening, WatchlistVersion
from compliance.selectors.watchlists import current_versions
from compliance.services import party_keys, rescreening, watchlists
from compliance.services.index_files import reader
from compliance.sources.base import ListedName, ListEntry
from compliance.sources.catalogue import SAMPLES, read_list

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
REAL_SDN = SHARED / "lists" / "ofac_sdn_advanced_2025-12-04.xml.bz2"
PEOPLE = SHARED / "fixtures" / "yente_negatives_us.csv"
ACTOR = system("benchmark")
MEMORY_TARGET_MIB = 500
SECONDS_TARGET = 5.0
PARTIES = 10_000
HITS = 10
DELTAS = (10, 100, 1_000)
TARGET_DELTA = 100
LISTS = (2_000, 18_000)


@dataclass(frozen=True)
class Import:
    """One list in a process of its own: seconds and the peak of its memory in MiB, read alone and loaded whole."""

    source: str
    megabytes: float
    entries: int
    names: int
    read_seconds: float
    read_mib: float
    load_seconds: float
    load_mib: float


@dataclass(frozen=True)
class Change:
    """One change of a list held against all parties: seconds of one core (ours and the server's) and of the clock."""

    entries: int
    changed: int
    parties: int
    hits: int
    delta_seconds: float
    core_seconds: float
    seconds: float


@dataclass(frozen=True)
class WatchlistTimes:
    """All figures of the section."""

    imports: list[Import]
    key_milliseconds: float
    changes: list[Change]


def measure_watchlists() -> WatchlistTimes:
    """The largest list was imported packed and unpacked, and changes of three sizes met ten thousand parties."""
    imports = list(_imports())
    entries = _entries()
    _make_parties(entries)
    began = time.process_time()
    written = party_keys.write_missing_keys(PARTIES)
    each = 1000 * (time.process_time() - began) / written
    return WatchlistTimes(imports, each, list(_changes(entries)))


def _imports() -> Iterator[Import]:
    if not REAL_SDN.exists():
        yield _import_in_a_process(
            SAMPLES / "ofac_sdn_advanced.xml", "the repository's sample (the real list is absent)"
        )
        return
    yield _import_in_a_process(REAL_SDN, "OFAC's SDN list of 2025-11-19, packed with bzip2")
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / "sdn.xml"
        with bz2.open(REAL_SDN) as packed, unpacked.open("wb") as out:
            shutil.copyfileobj(packed, out)
        yield _import_in_a_process(unpacked, "the same, unpacked")


def _import_in_a_process(path: Path, source: str) -> Import:
    names = connection.settings_dict
    environment = os.environ | {"BENCHMARK_DATABASE": names["NAME"], "DATABASE_URL": _url()}
    command = [sys.executable, "-m", "tests.benchmarks.watchlist_import", "ofac_sdn", str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return Import(source, path.stat().st_size / 1e6, **json.loads(done.stdout.splitlines()[-1]))


def _url() -> str:
    found = connection.settings_dict
    host, port = found["HOST"], found["PORT"]
    at = f"?host={host}" if str(host).startswith("/") else ""
    server = "" if at else f"{host}{f':{port}' if port else ''}"
    login = f"{found['USER']}{':' + found['PASSWORD'] if found['PASSWORD'] else ''}@" if found["USER"] else ""
    return os.environ.get("DATABASE_URL") or f"postgresql://{login}{server}/{found['NAME']}{at}"


def _changes(entries: Sequence[ListEntry]) -> Iterator[Change]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.jsonl"
        for size in LISTS:
            # A list of its own: what another one was, does not count as a loss.
            WatchlistVersion.objects.filter(watchlist="opensanctions").update(state="superseded")
            present = entries[:size]
            _load(path, present)
            _hold_everybody_against_it()
            for changed in DELTAS:
                present = _altered(present, changed)
                yield _measure_change(path, present, changed)


def _measure_change(path: Path, entries: Sequence[ListEntry], changed: int) -> Change:
    version, delta_seconds = _timed(lambda: _load(path, entries))
    assert version.changed == changed
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0])
    ours, theirs = time.process_time(), sum(server.cpu_times()[:2])
    done, seconds = _timed(lambda: rescreening.rescreen_after_list_changes(actor=ACTOR))
    core = time.process_time() - ours + sum(server.cpu_times()[:2]) - theirs
    parties = Party.objects.count()
    return Change(len(entries), changed, parties, done.hits, delta_seconds, core, seconds)


def _entries() -> list[ListEntry]:
    if REAL_SDN.exists():
        return list(islice(read_list(REAL_SDN, "ofac_advanced_xml"), max(LISTS)))
    chance = random.Random(7)
    syllables = [f"{a}{b}" for a in "bcdfgklmnprstvz" for b in ("a", "e", "i", "o", "u")]

    def name() -> str:
        return " ".join("".join(chance.choices(syllables, k=3)).capitalize() for _ in range(3))

    return [
        ListEntry(str(number), "person", (ListedName(name(), "strong", "Latn", True),), "OFAC", True)
        for number in range(max(LISTS))
    ]


def _make_parties(entries: Sequence[ListEntry]) -> None:
    """Ten thousand people, ten of whom bear names that a change will touch."""
    people = [{"name": each.primary_name} for each in entries[: HITS * 50 : 50]]
    if PEOPLE.exists():
        with PEOPLE.open(newline="", encoding="utf-8") as file:
            rows = islice(csv.DictReader(file), PARTIES - len(people))
            people += [{"name": row["full_name"], "birth_date": row["date_of_birth"]} for row in rows]
    else:
        people += [{"name": f"Person Number {number} Quillfeather"} for number in range(PARTIES - len(people))]
    Party.objects.bulk_create([Party(kind="person", country="US", **each) for each in people], batch_size=1000)


def _hold_everybody_against_it() -> None:
    """As after the run that a first version brings: noted as done, and each party screened once before."""
    WatchlistVersion.objects.filter(state="current").update(rescreened_at=clock.now())
    versions = {version.watchlist_id: str(version.pk) for version in current_versions()}
    rows = [
        Screening(
            party=party,
            subject_hash=party.subject_hash,
            list_versions=versions,
            trigger="scheduled",
            compared_by=reader(),
        )
        for party in Party.objects.iterator(chunk_size=1000)
    ]
    Screening.objects.bulk_create(rows, batch_size=1000)


def _altered(entries: Sequence[ListEntry], count: int) -> list[ListEntry]:
    """So many entries say something else than before; the ten that parties bear are among them."""
    step = max(1, len(entries) // count)
    touched = {*range(0, HITS * 50, 50)}
    touched |= set(islice((n for n in range(0, len(entries), step) if n not in touched), max(0, count - len(touched))))
    rest = (n for n in range(len(entries)) if n not in touched)
    touched |= set(islice(rest, count - len(touched)))
    return [
        replace(entry, remarks=f"{entry.remarks} Changed with {count}.") if number in touched else entry
        for number, entry in enumerate(entries)
    ]


def _load(path: Path, entries: Sequence[ListEntry]) -> WatchlistVersion:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(_line(entry)) + "\n" for entry in entries)
    return watchlists.load_watchlist("opensanctions", str(path), actor=ACTOR)


def _line(entry: ListEntry) -> dict[str, object]:
    names = [each.name for each in entry.names]
    schema = "Person" if entry.kind == "person" else "Organization"
    properties = {
        "name": names[:1],
        "alias": names[1:],
        "birthDate": list(entry.birth_dates),
        "country": [code.lower() for code in entry.countries],
        "notes": [entry.remarks],
        "topics": ["sanction"],
    }
    return {"id": entry.external_id, "schema": schema, "datasets": ["us_ofac_sdn"], "properties": properties}


def _timed(call: Callable[[], object]) -> tuple[object, float]:  # type: ignore[type-arg]
    began = time.perf_counter()
    found = call()
    return found, time.perf_counter() - began


def render_watchlists(found: WatchlistTimes, at: str, machine: str, server: str) -> str:
    """The section about watchlists."""
    imports = "\n".join(
        f"| {each.source} | {each.megabytes:.1f} MB | {each.entries:,} | {each.names:,} | {each.read_seconds:.1f} s "
        f"| {each.read_mib:.0f} MiB | {each.load_seconds:.1f} s | **{each.load_mib:.0f} MiB** |"
        for each in found.imports
    )
    changes = "\n".join(
        f"| {each.entries:,} | {each.changed:,} | {each.parties:,} | {each.hits} | {each.delta_seconds:.1f} s "
        f"| **{each.core_seconds:.2f} s** | {each.seconds:.2f} s |"
        for each in found.changes
    )
    worst = max(each.load_mib for each in found.imports)
    aimed = [each for each in found.changes if each.changed == TARGET_DELTA]
    slowest = max(each.core_seconds for each in aimed)
    by_list = aimed[-1].core_seconds / aimed[0].core_seconds
    smallest = max(each.core_seconds for each in found.changes if each.changed == min(DELTAS))
    return PAGE.format(
        at=at,
        machine=machine,
        server=server,
        imports=imports,
        memory=worst,
        memory_target=MEMORY_TARGET_MIB,
        memory_met="met" if worst <= MEMORY_TARGET_MIB else "missed",
        changes=changes,
        keys=found.key_milliseconds,
        smallest=smallest,
        least=min(DELTAS),
        by_change=smallest / slowest,
        by_change_met="met" if smallest <= slowest / 2 else "missed",
        slowest=slowest,
        target=SECONDS_TARGET,
        delta=TARGET_DELTA,
        met="met" if slowest <= SECONDS_TARGET else "missed",
        longer=LISTS[-1] / LISTS[0],
        by_list=by_list,
        by_list_met="met" if by_list < 2 else "missed",
    )


PAGE = """## Watchlists

Measured by `make bench ARGS=watchlists` on {at}.
Machine: {machine}.
Server: {server}.

Each import in a process of its own, Django and all: the file is read as a stream, then loaded into the database with
names, wallets and hashes, in batches of a thousand. The memory is the process's peak.

| What | Size | Entries | Names | Read in | Peak | Loaded in | Peak |
|---|---|---|---|---|---|---|---|
{imports}

Target: within {memory_target} MiB. {memory:.0f} MiB: **{memory_met}**.

A list changes, and every party is held against the change. The seconds of one core are this process's and its
database server's together; the first column of seconds is the loading of the new version with its delta. The keys by
which parties are found lie ready, as the beat keeps them: they take {keys:.2f} ms of one core a party, once, and again
when its names change.

| Entries of the list | Changed | Parties | Hit | Loaded in | One core | By the clock |
|---|---|---|---|---|---|---|
{changes}

Target: {delta} changed entries within {target:.0f} s on one core. {slowest:.2f} s: **{met}**.

Target: the work grows with the change and not with the parties. {least} changed entries take {smallest:.2f} s,
{by_change:.2f} of the time of {delta} (at most a half): **{by_change_met}**.

Target: nor does it grow with the list. A list {longer:.0f} times as long takes {by_list:.2f} times as long (at most
2): **{by_list_met}**.
"""
