"""The EU's consolidated list of financial sanctions: FSF's "xmlFullSanctionsList_1_1"."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from compliance.engine.country_names import country_code
from compliance.sources.base import ListedName, ListEntry
from compliance.sources.dates import birth_dates, years
from compliance.sources.xml import subtrees, text_of

ROOT = "export"
_KINDS = {"P": "person", "E": "entity"}
_UNKNOWN = ("", "00", "UNKNOWN")


def read_eu(path: Path) -> Iterator[ListEntry]:
    """Every person, group and entity of the list: their funds are frozen. Raises `NotAList`."""
    for element in subtrees(path, ROOT, {"sanctionEntity"}):
        yield _entry(element)


def _entry(element: ET.Element) -> ListEntry:
    places = [*element.findall("citizenship"), *element.findall("address")]
    codes = (_country(each) for each in places)
    programmes = (each.get("programme", "").strip() for each in element.findall("regulation"))
    subject = element.find("subjectType")
    code = subject.get("classificationCode", "") if subject is not None else ""
    return ListEntry(
        external_id=element.get("euReferenceNumber") or f"logical:{element.get('logicalId', '')}",
        kind=_KINDS.get(code, "unknown"),
        names=tuple(_names(element)),
        authority="EU",
        blocked=True,
        countries=tuple(dict.fromkeys(each for each in codes if each)),
        birth_dates=birth_dates(*_births(element)),
        programmes=tuple(dict.fromkeys(each for each in programmes if each)),
        identifiers=tuple(dict.fromkeys(_documents(element))),
        remarks=" ".join(text for each in element.findall("remark") if (text := (each.text or "").strip())),
    )


def _names(element: ET.Element) -> Iterator[ListedName]:
    """The first strong name is the one under which the party is filed."""
    found: dict[str, bool] = {}
    for alias in element.findall("nameAlias"):
        parts = (alias.get(part, "") for part in ("firstName", "middleName", "lastName"))
        name = " ".join((alias.get("wholeName") or " ".join(parts)).split())
        weak = alias.get("strong") == "false" or "low quality" in text_of(alias, "remark").casefold()
        if name:
            found[name] = found.get(name, True) and weak
    primary = next((name for name, weak in found.items() if not weak), next(iter(found), ""))
    for name, weak in found.items():
        yield ListedName(name, "weak" if weak else "strong", "", name == primary)


def _births(element: ET.Element) -> Iterator[str]:
    for birth in element.findall("birthdate"):
        year = birth.get("year", "")
        if whole := birth.get("birthdate"):
            yield whole
        elif year not in ("", "0"):
            parts = [int(birth.get(part) or 0) for part in ("month", "day")]
            yield "-".join([year, *(f"{part:02d}" for part in parts)])
        if between := years(birth.get("yearRangeFrom", ""), birth.get("yearRangeTo", "")):
            yield between


def _documents(element: ET.Element) -> Iterator[str]:
    for document in element.findall("identification"):
        number = (document.get("number") or document.get("latinNumber") or "").strip()
        if number:
            kind = document.get("identificationTypeDescription") or document.get("identificationTypeCode") or ""
            told, issuer = f"{kind} {number}".strip(), _country(document)
            yield f"{told} ({issuer})" if issuer else told


def _country(element: ET.Element) -> str:
    code, name = element.get("countryIso2Code", ""), element.get("countryDescription", "")
    return country_code(code) if code not in _UNKNOWN else country_code(name)
