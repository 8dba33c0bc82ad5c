"""The US Consolidated Screening List as CSV: lists of Commerce, State and the Treasury in one file."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from compliance.sources.base import ListedName, ListEntry, NotAList
from compliance.sources.countries import country_code
from compliance.sources.files import csv_rows

_NEEDED = ("source", "entity_number", "type", "programs", "name", "addresses", "alt_names", "dates_of_birth", "ids")
_TAG = re.compile(r"\(([A-Z-]+)\)")
# Which list a row comes from, who keeps it, and whether it blocks property.
_LISTS = {
    "SDN": ("OFAC", True),
    "SSI": ("OFAC", False),
    "FSE": ("OFAC", False),
    "PLC": ("OFAC", False),
    "CAP": ("OFAC", False),
    "MBS": ("OFAC", False),
    "CMIC": ("OFAC", False),
    "EL": ("BIS", False),
    "MEU": ("BIS", False),
    "DPL": ("BIS", False),
    "UVL": ("BIS", False),
    "ISN": ("STATE", False),
    "DTC": ("STATE", False),
}
_KINDS = {"individual": "person", "entity": "entity", "vessel": "vessel", "aircraft": "aircraft"}


def read_us_csl(path: Path) -> Iterator[ListEntry]:
    """Every row of the list. Raises `NotAList`, also for a row of a list that is not known."""
    rows = csv_rows(path)
    header = [each.strip() for each in next(rows, [])]
    lacking = [each for each in _NEEDED if each not in header]
    if lacking:
        raise NotAList(f"{path.name} has no column {lacking[0]}; the list was not loaded")
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise NotAList(f"row {number} of {path.name} has {len(row)} columns, not {len(header)}; nothing was loaded")
        yield _entry(dict(zip(header, (each.strip() for each in row), strict=True)), number)


def _entry(row: dict[str, str], number: int) -> ListEntry:
    tag = _TAG.search(row["source"])
    if tag is None or tag.group(1) not in _LISTS:
        raise NotAList(f"row {number} names the list '{row['source'][:60]}', which is not known; nothing was loaded")
    code = tag.group(1)
    authority, blocked = _LISTS[code]
    names = [ListedName(" ".join(row["name"].split()), "strong", "", True)] if row["name"] else []
    names += [ListedName(each) for each in _split(row["alt_names"]) if each != row["name"]]
    people = [*_split(row.get("nationalities", "")), *_split(row.get("citizenships", ""))]
    places = [*_address_countries(row["addresses"]), *people]
    return ListEntry(
        external_id=_id(code, row),
        kind=_KINDS.get(row["type"].casefold(), "unknown"),
        names=tuple(names),
        authority=authority,
        blocked=blocked,
        countries=tuple(dict.fromkeys(found for each in places if (found := country_code(each)))),
        birth_dates=tuple(each for each in _split(row["dates_of_birth"]) if re.fullmatch(r"\d{4}(-\d\d){0,2}", each)),
        programmes=(code, *(each for each in _split(row["programs"]) if each != code)),
        identifiers=tuple(_split(row["ids"])),
        remarks=row.get("remarks", ""),
    )


def _id(code: str, row: dict[str, str]) -> str:
    """The list's own number where it gives one; else a digest of the row, so that an unchanged row keeps its id."""
    if row.get("entity_number"):
        return f"{code}:{row['entity_number']}"
    sealed = "\0".join(f"{key}={row[key]}" for key in sorted(row) if key != "_id")
    return f"{code}:{hashlib.sha256(sealed.encode()).hexdigest()[:20]}"


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(";") if each.strip()]


def _address_countries(text: str) -> list[str]:
    return [each.rpartition(",")[2].strip() for each in _split(text)]
