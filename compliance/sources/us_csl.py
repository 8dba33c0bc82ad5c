"""The US Consolidated Screening List, as CSV or JSON: lists of Commerce, State and the Treasury in one file."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compliance.engine.country_names import country_code
from compliance.sources.base import ListedName, ListEntry, NotAList
from compliance.sources.dates import birth_dates
from compliance.sources.files import table_rows
from compliance.sources.json_files import objects_under
from compliance.sources.wallets import wallets_in

_NEEDED = ("source", "entity_number", "type", "programs", "name", "addresses", "alt_names", "dates_of_birth", "ids")
# "… (CAP) - Treasury Department", "… (NS-MBS List) - Treasury Department", "… (MEU) List - Bureau of …"
_TAG = re.compile(r"\((?:NS-)?([A-Z]+)(?: List)?\)")
_WHOLE = re.compile(r"\(?,?;? ?and any successor, sub-unit, or subsidiary thereof\)?$", re.IGNORECASE)
# Which list a row comes from, who keeps it, and whether it blocks property.
_LISTS = {
    "SDN": ("OFAC", True),
    "SSI": ("OFAC", False),
    "FSE": ("OFAC", False),
    "PLC": ("OFAC", False),
    "ISA": ("OFAC", False),
    "CAP": ("OFAC", False),
    "MBS": ("OFAC", False),
    "CMIC": ("OFAC", False),
    "EL": ("BIS", False),
    "MEU": ("BIS", False),
    "DPL": ("BIS", False),
    "UVL": ("BIS", False),
    "ISN": ("STATE", False),
    "DTC": ("STATE", False),
    "AECA": ("STATE", False),
}
_KINDS = {"individual": "person", "entity": "entity", "vessel": "vessel", "aircraft": "aircraft"}


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, whichever of the two formats it came in; `where` names it in messages."""

    where: str
    source: str
    number: str
    type: str
    name: str
    alt_names: Sequence[str]
    programs: Sequence[str]
    addresses: Sequence[str]
    address_countries: Sequence[str]
    nationalities: Sequence[str]
    birth_texts: Sequence[str]
    ids: Sequence[str]
    notice: str
    start_date: str
    remarks: str
    url: str


def read_us_csl(path: Path) -> Iterator[ListEntry]:
    """Every row of the list in CSV. Raises `NotAList`, also for a row of a list that is not known."""
    yield from _entries(_csv_row(row, f"row {number}") for number, row in table_rows(path, _NEEDED))


def read_us_csl_json(path: Path) -> Iterator[ListEntry]:
    """Every result of the list in JSON. Raises `NotAList`, also for a result of a list that is not known."""
    results = objects_under(path, "results")
    yield from _entries(_json_row(row, f"result {number}") for number, row in enumerate(results, 1))


def _csv_row(row: Mapping[str, str], where: str) -> _Row:
    addresses = _split(row["addresses"])
    return _Row(
        where=where,
        source=row["source"],
        number=row["entity_number"],
        type=row["type"],
        name=row["name"],
        alt_names=_split(row["alt_names"]),
        programs=_split(row["programs"]),
        addresses=addresses,
        address_countries=[each.rpartition(",")[2] for each in addresses],
        nationalities=[*_split(row.get("nationalities", "")), *_split(row.get("citizenships", ""))],
        birth_texts=_split(row["dates_of_birth"]),
        ids=[_paper(each) for each in _split(row["ids"])],
        notice=row.get("federal_register_notice", ""),
        start_date=row.get("start_date", ""),
        remarks=row.get("remarks", ""),
        url=row.get("source_list_url", ""),
    )


def _json_row(row: Mapping[str, Any], where: str) -> _Row:
    if "source" not in row or "name" not in row:
        raise NotAList(f"{where} has no source or no name; the list was not loaded")
    addresses = [each for each in _list(row.get("addresses")) if isinstance(each, dict)]
    return _Row(
        where=where,
        source=_text(row["source"]),
        number=_text(row.get("entity_number")),
        type=_text(row.get("type")),
        name=_text(row["name"]),
        alt_names=_texts(row.get("alt_names")),
        programs=_texts(row.get("programs")),
        addresses=[_address(each) for each in addresses],
        address_countries=[_text(each.get("country")) for each in addresses],
        nationalities=[*_texts(row.get("nationalities")), *_texts(row.get("citizenships"))],
        birth_texts=_texts(row.get("dates_of_birth")),
        ids=[_document(each) for each in _list(row.get("ids")) if isinstance(each, dict) and _text(each.get("number"))],
        notice=_text(row.get("federal_register_notice")),
        start_date=_text(row.get("start_date")),
        remarks=_text(row.get("remarks")),
        url=_text(row.get("source_list_url")),
    )


def _entries(rows: Iterable[_Row]) -> Iterator[ListEntry]:
    """The rows as entries; a row without a number of its own that stands twice, word for word, is one entry."""
    without_number: set[str] = set()
    for row in rows:
        entry = _entry(row)
        if not row.number:
            if entry.external_id in without_number:
                continue
            without_number.add(entry.external_id)
        yield entry


def _entry(row: _Row) -> ListEntry:
    tag = _TAG.search(row.source)
    if tag is None or tag[1] not in _LISTS:
        raise NotAList(f"{row.where} names the list '{row.source[:60]}', which is not known; nothing was loaded")
    code = tag[1]
    authority, blocked = _LISTS[code]
    kind = _KINDS.get(row.type.casefold(), "unknown")
    told = [_name(each, person=kind == "person") for each in (row.name, *row.alt_names)]
    names = [ListedName(told[0], "strong", "", True)] if told[0] else []
    names += [ListedName(each) for each in dict.fromkeys(told[1:]) if each not in ("", told[0])]
    places = [*row.address_countries, *row.nationalities]
    return ListEntry(
        external_id=f"{code}:{row.number or _digest(row)}",
        kind=kind,
        names=tuple(names),
        authority=authority,
        blocked=blocked,
        countries=tuple(dict.fromkeys(found for each in places if (found := country_code(each)))),
        birth_dates=birth_dates(*row.birth_texts),
        programmes=tuple(dict.fromkeys([code, *row.programs])),
        identifiers=tuple(row.ids),
        wallets=wallets_in(*row.ids, row.remarks),
        remarks=row.remarks,
        source_url=row.url[:500],
    )


def _name(text: str, *, person: bool) -> str:
    """Without what the law adds, and with given names first: the Treasury files a person as "LAST, First"."""
    name = _WHOLE.sub("", " ".join(text.split())).strip(" ;,")
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}".strip() if person and comma else name


def _digest(row: _Row) -> str:
    """Stands in for the number that a row of Commerce or State lacks: an unchanged row keeps it, in either format."""
    told = [row.source, row.name, *row.addresses, row.notice, row.start_date]
    return hashlib.sha256("\0".join(" ".join(each.split()) for each in told).encode()).hexdigest()[:20]


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(";") if each.strip()]


def _address(parts: Mapping[str, Any]) -> str:
    told = (_text(parts.get(name)) for name in ("address", "city", "state", "postal_code", "country"))
    return ", ".join(each for each in told if each)


def _document(parts: Mapping[str, Any]) -> str:
    return _told(_text(parts.get("type")), _text(parts.get("number")), _text(parts.get("country")))


def _paper(text: str) -> str:
    """“Passport, A123, IR” as the JSON would have it."""
    parts = [each.strip() for each in text.split(",")]
    return _told(parts[0], parts[1], parts[2] if len(parts) > 2 else "") if len(parts) > 1 else text


def _told(kind: str, number: str, country: str) -> str:
    told, issuer = f"{kind} {number}".strip(), country_code(country)
    return f"{told} ({issuer})" if issuer else told


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    """The texts of a list, or of one text that a semicolon parts."""
    if isinstance(value, str):
        return _split(value)
    return [text for each in _list(value) if (text := _text(each))]


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""
