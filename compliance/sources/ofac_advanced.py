"""OFAC's "advanced" XML (SDN_ADVANCED.XML), in two passes: the measures first, since parties stand before them."""

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from compliance.sources.base import ListedName, ListEntry, NotAList
from compliance.sources.dates import span
from compliance.sources.xml import subtrees, text_of

ROOT = "Sanctions"
_WALLET = "Digital Currency Address - "
_COUNTRY_FEATURES = {"Location", "Nationality Country", "Citizenship Country", "Nationality of Registration"}
_LAST_NAME = "1520"
_KINDS = {"Individual": "person", "Entity": "entity"}
_SCRIPTS = {"Japanese": "Jpan", "Korean": "Kore", "Latin": "Latn", "Hebrew": "Hebr"}
_VALUES = ("Country", "Script", "FeatureType", "PartySubType", "PartyType", "IDRegDocType", "SanctionsType", "AreaCode")


@dataclass(slots=True)
class _Measures:
    programmes: list[str] = field(default_factory=list)
    blocked: bool = False


@dataclass(slots=True)
class _Tables:
    """What parties refer to by id."""

    values: dict[str, dict[str, ET.Element]] = field(default_factory=lambda: defaultdict(dict))
    location_country: dict[str, str] = field(default_factory=dict)
    documents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    measures: dict[str, _Measures] = field(default_factory=lambda: defaultdict(_Measures))

    def name(self, table: str, key: str | None) -> str:
        """The text of the reference value, "" when unknown."""
        element = self.values[table].get(key or "")
        return (element.text or "").strip() if element is not None else ""

    def country(self, key: str | None) -> str:
        """The two-letter code of the country id."""
        element = self.values["Country"].get(key or "")
        return element.get("ISO2", "") if element is not None else ""


def read_ofac_advanced(path: Path) -> Iterator[ListEntry]:
    """Every distinct party of the list. Raises `NotAList`."""
    tables = _Tables()
    for element in subtrees(path, ROOT, {"SanctionsTypeValues", "SanctionsEntry"}):
        _take_value(tables, element) if element.tag.endswith("Values") else _take_measures(tables, element)
    sets = {f"{each}Values" for each in _VALUES}
    for element in subtrees(path, ROOT, sets | {"Location", "IDRegDocument", "DistinctParty"}):
        if element.tag == "DistinctParty":
            yield _entry(tables, element)
        elif element.tag == "Location":
            _take_location(tables, element)
        elif element.tag == "IDRegDocument":
            _take_document(tables, element)
        else:
            _take_value(tables, element)


def _take_value(tables: _Tables, values: ET.Element) -> None:
    for element in values:
        tables.values[element.tag][element.get("ID", "")] = element


def _take_measures(tables: _Tables, entry: ET.Element) -> None:
    measures = tables.measures[entry.get("ProfileID", "")]
    for measure in entry.iter("SanctionsMeasure"):
        kind = tables.name("SanctionsType", measure.get("SanctionsTypeID"))
        comment = text_of(measure, "Comment")
        if kind == "Block":
            measures.blocked = True
        elif kind == "Program" and comment and comment not in measures.programmes:
            measures.programmes.append(comment)


def _take_location(tables: _Tables, location: ET.Element) -> None:
    country = location.find("LocationCountry")
    area = location.find("LocationAreaCode")
    if country is not None:
        code = tables.country(country.get("CountryID"))
    elif area is not None:
        known = tables.values["AreaCode"].get(area.get("AreaCodeID", ""))
        code = tables.country(known.get("CountryID")) if known is not None else ""
    else:
        code = ""
    if code:
        tables.location_country[location.get("ID", "")] = code


def _take_document(tables: _Tables, document: ET.Element) -> None:
    number = text_of(document, "IDRegistrationNo")
    if number:
        kind = tables.name("IDRegDocType", document.get("IDRegDocTypeID"))
        issuer = tables.country(document.get("IssuedBy-CountryID"))
        told = f"{kind} {number} ({issuer})" if issuer else f"{kind} {number}"
        tables.documents[document.get("IdentityID", "")].append(told.strip())


def _entry(tables: _Tables, party: ET.Element) -> ListEntry:
    profile = party.find("Profile")
    if profile is None:
        raise NotAList(f"the party {party.get('FixedRef', '')} has no profile; the list was not loaded")
    measures = tables.measures[profile.get("ID", "")]
    countries, births, wallets = _features(tables, profile)
    identities = [identity.get("ID", "") for identity in profile.iter("Identity")]
    return ListEntry(
        external_id=party.get("FixedRef", ""),
        kind=_kind(tables, profile),
        names=tuple(_names(tables, profile)),
        authority="OFAC",
        blocked=measures.blocked,
        countries=tuple(countries),
        birth_dates=tuple(births),
        programmes=tuple(measures.programmes),
        identifiers=tuple(number for each in identities for number in tables.documents.get(each, ())),
        wallets=tuple(wallets),
        remarks=text_of(party, "Comment"),
    )


def _kind(tables: _Tables, profile: ET.Element) -> str:
    subtype = tables.values["PartySubType"].get(profile.get("PartySubTypeID", ""))
    if subtype is None:
        return "unknown"
    kind = tables.name("PartyType", subtype.get("PartyTypeID"))
    if kind == "Transport":
        return (subtype.text or "").strip().lower()
    return _KINDS.get(kind, "unknown")


def _names(tables: _Tables, profile: ET.Element) -> Iterator[ListedName]:
    seen = set()
    for identity in profile.iter("Identity"):
        groups = identity.iter("NamePartGroup")
        last_names = {group.get("ID") for group in groups if group.get("NamePartTypeID") == _LAST_NAME}
        for alias in identity.iter("Alias"):
            weak = alias.get("LowQuality") == "true"
            for documented in alias.iter("DocumentedName"):
                name, script = _documented(tables, documented, last_names)
                if name and name not in seen:
                    seen.add(name)
                    primary = alias.get("Primary") == "true" and script == "Latn"
                    yield ListedName(name, "weak" if weak else "strong", script, primary)


def _documented(tables: _Tables, documented: ET.Element, last_names: set[str | None]) -> tuple[str, str]:
    """The name with given names first, and its script."""
    parts = [part for part in documented.iter("NamePartValue") if (part.text or "").strip()]
    if not parts:
        return "", ""
    first = [part for part in parts if part.get("NamePartGroupID") not in last_names]
    last = [part for part in parts if part.get("NamePartGroupID") in last_names]
    script = tables.values["Script"].get(parts[0].get("ScriptID", ""))
    code = script.get("ScriptCode", "") if script is not None else ""
    return " ".join((part.text or "").strip() for part in [*first, *last]), _SCRIPTS.get(code, code)


def _features(tables: _Tables, profile: ET.Element) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    countries: list[str] = []
    births: list[str] = []
    wallets: list[tuple[str, str]] = []
    for feature in profile.iter("Feature"):
        kind = tables.name("FeatureType", feature.get("FeatureTypeID"))
        if kind in _COUNTRY_FEATURES:
            places = (each.get("LocationID", "") for each in feature.iter("VersionLocation"))
            found = (tables.location_country.get(each, "") for each in places)
            countries.extend(code for code in found if code and code not in countries)
        elif kind == "Birthdate":
            births.extend(date for date in _dates(feature) if date not in births)
        elif kind.startswith(_WALLET):
            for detail in feature.iter("VersionDetail"):
                if (detail.text or "").strip():
                    wallets.append((kind.removeprefix(_WALLET), (detail.text or "").strip()))
    return countries, births, wallets


def _dates(feature: ET.Element) -> Iterator[str]:
    """A whole date when the period is one day; else the span of its years."""
    for period in feature.iter("DatePeriod"):
        first, last = _date(period.find("Start/From")), _date(period.find("End/To"))
        if first and first == last:
            yield first
        elif first or last:
            yield from span((first or last)[:4], (last or first)[:4])


def _date(at: ET.Element | None) -> str:
    if at is None or not text_of(at, "Year"):
        return ""
    return f"{int(text_of(at, 'Year')):04d}-{int(text_of(at, 'Month') or 1):02d}-{int(text_of(at, 'Day') or 1):02d}"
