"""The UK Sanctions List of the FCDO, as XML or CSV.

Since 2026-01-28 it is the only one: OFSI's consolidated list was closed on that day and must not be loaded any more.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from compliance.engine.country_names import country_code
from compliance.sources.base import ListedName, ListEntry
from compliance.sources.dates import birth_dates
from compliance.sources.files import table_rows
from compliance.sources.xml import subtrees, text_of

ROOT = "Designations"
_KINDS = {"individual": "person", "entity": "entity", "ship": "vessel"}
_FREEZE = "asset freeze"
_ID, _TYPE, _REGIME = "Unique ID", "Designation Type", "Regime Name"
_NEEDED = (_ID, _TYPE, _REGIME, "Name 6", "Name type", "Alias strength", "Name non-latin script", "Sanctions Imposed")
_PAPERS = {
    "Passport number": "Passport",
    "National Identifier number": "National ID",
    "Business registration number (s)": "Registration ID",
    "IMO number": "IMO",
}
_PLACES = ("Nationality(/ies)", "Address Country", "Current believed flag of ship")


@dataclass(slots=True)
class _Designation:
    """What the lines about one designation say, gathered."""

    id: str
    type: str
    names: dict[str, tuple[str, bool]] = field(default_factory=dict)  # name -> (type, weak)
    places: dict[str, None] = field(default_factory=dict)
    births: dict[str, None] = field(default_factory=dict)
    papers: dict[str, None] = field(default_factory=dict)
    regimes: dict[str, None] = field(default_factory=dict)
    imposed: str = ""
    remarks: str = ""

    def add_name(self, name: str, kind: str, strength: str) -> None:
        """The name is one of its own; what one line calls strong stays so."""
        name = " ".join(name.split())
        weak = strength.casefold().startswith("low")
        if name and (name not in self.names or not weak):
            self.names[name] = (kind.casefold(), weak)


def read_uk(path: Path) -> Iterator[ListEntry]:
    """Every designation of the list in XML. Raises `NotAList`."""
    for element in subtrees(path, ROOT, {"Designation"}):
        yield _entry(_from_xml(element))


def read_uk_csv(path: Path) -> Iterator[ListEntry]:
    """Every designation of the list in CSV, which has a line for each name and address. Raises `NotAList`."""
    found: dict[str, _Designation] = {}
    for _, row in table_rows(path, _NEEDED, preamble="Report Date"):
        _add(found.setdefault(row[_ID], _Designation(row[_ID], row[_TYPE])), row)
    yield from map(_entry, found.values())


def _from_xml(element: ET.Element) -> _Designation:
    found = _Designation(text_of(element, "UniqueID"), text_of(element, "IndividualEntityShip"))
    for name in element.iterfind("Names/Name"):
        whole = " ".join(text_of(name, f"Name{number}") for number in range(1, 7))
        found.add_name(whole, text_of(name, "NameType"), text_of(name, "AliasStrength"))
    for name in element.iterfind("NonLatinNames/NonLatinName"):
        found.add_name(text_of(name, "NameNonLatinScript"), "alias", "")
    found.places = _texts(element, "Nationality", "AddressCountry", "CurrentBelievedFlagOfShip")
    found.births = _texts(element, "DOB")
    for tag, kind in (
        ("PassportNumber", "Passport"),
        ("NationalIdentifierNumber", "National ID"),
        ("BusinessRegistrationNumber", "Registration ID"),
        ("IMONumber", "IMO"),
    ):
        found.papers |= {f"{kind} {number}": None for number in _texts(element, tag)}
    found.regimes = _texts(element, "RegimeName")
    frozen = text_of(element, "SanctionsImposedIndicators/AssetFreeze").casefold() == "true"
    found.imposed = f"{text_of(element, 'SanctionsImposed')}{'|Asset freeze' if frozen else ''}"
    found.remarks = text_of(element, "OtherInformation")
    return found


def _add(designation: _Designation, row: dict[str, str]) -> None:
    whole = " ".join(row.get(f"Name {number}", "") for number in range(1, 7))
    designation.add_name(whole, row["Name type"], row["Alias strength"])
    designation.add_name(row["Name non-latin script"], "alias", "")
    designation.places |= {row[column]: None for column in _PLACES if row.get(column)}
    designation.regimes |= {row[_REGIME]: None} if row[_REGIME] else {}
    if born := row.get("D.O.B", ""):
        designation.births[born] = None
    designation.papers |= {f"{kind} {row[column]}": None for column, kind in _PAPERS.items() if row.get(column)}
    designation.imposed = row["Sanctions Imposed"] or designation.imposed
    designation.remarks = row.get("Other Information", "") or designation.remarks


def _entry(found: _Designation) -> ListEntry:
    codes = (country_code(each) for text in found.places for each in text.replace("|", ";").split(";"))
    primary = next((name for name, (kind, _) in found.names.items() if kind == "primary name"), None)
    filed = primary or next(iter(found.names), "")
    return ListEntry(
        external_id=found.id,
        kind=_KINDS.get(found.type.casefold(), "unknown"),
        names=tuple(
            ListedName(name, "weak" if weak else "strong", "", name == filed) for name, (_, weak) in found.names.items()
        ),
        authority="UK",
        # A travel ban or a trade measure alone freezes nothing.
        blocked=_FREEZE in found.imposed.casefold(),
        countries=tuple(dict.fromkeys(each for each in codes if each)),
        birth_dates=birth_dates(*found.births),
        programmes=tuple(found.regimes),
        identifiers=tuple(found.papers),
        remarks=found.remarks,
    )


def _texts(element: ET.Element, *tags: str) -> dict[str, None]:
    """The texts of the elements of these names, however deep, each once."""
    return {text: None for tag in tags for each in element.iter(tag) if (text := (each.text or "").strip())}
