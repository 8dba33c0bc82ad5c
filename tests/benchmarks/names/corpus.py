"""The real data: every list that lies in shared/data, labelled pairs, people who are on no list."""

import bz2
import csv
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from compliance.engine.country_names import country_code
from compliance.engine.screening import EntryFacts, ListedEntry
from compliance.sources.base import ListEntry
from compliance.sources.catalogue import read_list
from marketplace.config.settings.environment import ROOT

DATA = ROOT.parent / "shared" / "data"
PUBLIC_SETS = "opensanctions/nomenklatura@502208c"  # of which shared/data has a random half
SDN = ("ofac_sdn_advanced_2025-12-04.xml.bz2", "ofac_advanced_xml", "OFAC SDN, advanced XML, 2025-12-04")
LISTS = (
    SDN,
    ("ofac_nonsdn_cons_prim.csv", "ofac_cons_csv", "OFAC non-SDN"),
    ("un_consolidated_watchman.xml", "un_xml", "UN"),
    ("us_csl_sample.csv", "us_csl_csv", "US Consolidated Screening List, excerpt"),
    ("us_csl_watchman_test.csv", "us_csl_csv", "US Consolidated Screening List, excerpt 2"),
    ("bis_dpl_2022.txt", "bis_dpl_txt", "BIS Denied Persons"),
)
# An older edition of the first: nobody loads both, so that it counts only where the question is how many entries.
OLDER = ("ofac_sdn_2022.csv", "ofac_csv", "OFAC SDN, legacy CSV, 2022")


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


def all_entries(lists: Iterable[tuple[str, str, str]] = LISTS) -> Iterator[ListedEntry]:
    """The entries of all these lists, ready to be indexed."""
    for file, format, _ in lists:
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


def unseen_pairs() -> dict[str, list[dict[str, Any]]]:
    """The halves of the same public sets that the rules never saw, from a checkout of nomenklatura at `PUBLIC_SETS`.

    `UNSEEN_PAIRS` names its folder; nothing without it. No rule may be tuned by what comes of them.
    """
    folder = os.environ.get("UNSEEN_PAIRS")
    if not folder:
        return {}
    with (Path(folder) / "contrib/name_bench/cases.csv").open(encoding="utf-8", newline="") as file:
        named = [
            {
                "schema": row["schema"],
                "query": {"name": row["name1"]},
                "candidate": {"name": row["name2"]},
                "should_match": row["is_match"].casefold() in ("true", "1"),
            }
            for row in csv.DictReader(file)
        ]
    checks = yaml.safe_load((Path(folder) / "contrib/entity_bench/checks.yml").read_text())["checks"]
    told = [{**row, "should_match": row["match"]} for row in json.loads(json.dumps(checks, default=str))]
    seen = {name: Counter(map(_what_is_asked, rows)) for name, rows in labelled_pairs().items()}
    return {
        f"{name}, unseen half": list(_without(rows, seen[name]))
        for name, rows in (("name pairs", named), ("entity pairs", told))
    }


def _without(rows: Iterable[dict[str, Any]], seen: Counter[str]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if seen[_what_is_asked(row)] > 0:
            seen[_what_is_asked(row)] -= 1
        else:
            yield row


def _what_is_asked(row: Mapping[str, Any]) -> str:
    return json.dumps([row[each] for each in ("schema", "query", "candidate", "should_match")], sort_keys=True)


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
