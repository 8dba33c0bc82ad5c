"""The real data: every list that lies in shared/data, labelled pairs, people who are on no list."""

import bz2
import csv
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from compliance.engine.screening import EntryFacts, ListedEntry
from compliance.sources.base import ListEntry
from compliance.sources.catalogue import read_list
from compliance.sources.countries import country_code
from marketplace.config.settings.environment import ROOT

DATA = ROOT.parent / "shared" / "data"
SDN = ("ofac_sdn_advanced_2025-12-04.xml.bz2", "ofac_advanced_xml", "OFAC SDN, advanced XML, 2025-12-04")
LISTS = (
    SDN,
    ("ofac_nonsdn_cons_prim.csv", "ofac_cons_csv", "OFAC non-SDN"),
    ("un_consolidated_watchman.xml", "un_xml", "UN"),
    ("us_csl_sample.csv", "us_csl_csv", "US Consolidated Screening List, excerpt"),
    ("us_csl_watchman_test.csv", "us_csl_csv", "US Consolidated Screening List, excerpt 2"),
    ("bis_dpl_2022.txt", "bis_dpl_txt", "BIS Denied Persons"),
)


@dataclass(frozen=True)
class Someone:
    """A person on no list. The country is a code of ISO 3166-1, or empty."""

    name: str
    birth_date: str
    country: str


@cache
def read(file: str, format: str) -> tuple[ListEntry, ...]:
    """The entries of a list of shared/data."""
    path = DATA / "lists" / file
    if path.suffix != ".bz2":
        return tuple(read_list(path, format))
    with tempfile.NamedTemporaryFile(suffix=path.stem[-4:]) as unpacked:
        with bz2.open(path) as packed:
            shutil.copyfileobj(packed, unpacked)
        unpacked.flush()
        return tuple(read_list(Path(unpacked.name), format))


def all_entries() -> Iterator[ListedEntry]:
    """The entries of all lists, ready to be indexed."""
    for file, format, _ in LISTS:
        for entry in read(file, format):
            yield listed(entry, file)


def listed(entry: ListEntry, file: str) -> ListedEntry:
    """The entry, ready to be indexed."""
    return ListedEntry(
        key=f"{file}:{entry.external_id}",
        kind=entry.kind,
        names=tuple((name.name, name.strength == "weak") for name in entry.names),
        facts=EntryFacts(entry.birth_dates, entry.countries, entry.identifiers),
        marks=tuple(address for _, address in entry.wallets),
    )


def labelled_pairs() -> dict[str, list[dict[str, Any]]]:
    """Pairs with what people hold of them, in FollowTheMoney's words."""
    names = json.loads((DATA / "cases" / "nomenklatura_name_bench.json").read_text())["cases"]
    checks = json.loads((DATA / "cases" / "nomenklatura_entity_checks.json").read_text())["cases"]
    named = [{**row, "query": {"name": row["query"]}, "candidate": {"name": row["candidate"]}} for row in names]
    return {"name pairs": named, "entity pairs": checks}


def synthetic_people() -> list[Someone]:
    """People who must not match."""
    return _people("yente_negatives_us.csv")


def members_of_congress() -> list[Someone]:
    """People who must find themselves when they are listed."""
    return _people("yente_positives_us_congress_untreated.csv")


def _people(file: str) -> list[Someone]:
    with (DATA / "fixtures" / file).open(encoding="utf-8") as rows:
        return [
            Someone(row["full_name"], row["date_of_birth"], country_code(row["nationality"]))
            for row in csv.DictReader(rows)
        ]
