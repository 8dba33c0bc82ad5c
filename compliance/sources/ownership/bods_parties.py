"""Persons and entities as BODS statements describe them."""

from collections.abc import Iterable, Mapping
from typing import Any

from compliance.engine.identifiers import is_lei
from compliance.sources.ownership.told import ToldParty, undisclosed

_UNNAMED = {"anonymousPerson", "unknownPerson", "anonymousEntity", "unknownEntity"}


def party_of(record: str, kind: str, details: Mapping[str, Any]) -> ToldParty:
    """The party that an entity or person record describes. A person's nationality is not read."""
    return _person(record, details) if kind == "person" else _entity(record, details)


def _entity(record: str, details: Mapping[str, Any]) -> ToldParty:
    kind = details.get("entityType")
    entity_type = text_of(kind, "type")
    if entity_type in _UNNAMED:
        return undisclosed(record, "entity", reason_of(details.get("unspecifiedEntityDetails")) or entity_type)
    name = text_of(details, "name")
    if not name:
        return undisclosed(record, "entity", "unknown")
    place = text_of(details.get("jurisdiction"), "code").upper()
    registered = _address(details, "registered")
    numbers = _identifiers(details)
    lei = next((number for scheme, number in numbers if "LEI" in scheme and is_lei(number)), "")
    listing = details.get("publicListing")
    return ToldParty(
        key=record,
        kind="entity",
        name=name,
        country=place[:2] or _country(registered),
        region=place if "-" in place else "",
        headquarters_country=_country(_address(details, "business")),
        address=text_of(registered, "address")[:400],
        registration_number=next((number for _, number in numbers if number != lei), "")[:64],
        aliases=_texts(details.get("alternateNames")),
        lei=lei,
        entity_type=entity_type[:20],
        publicly_traded=isinstance(listing, dict) and listing.get("hasPublicListing") is True,
    )


def _person(record: str, details: Mapping[str, Any]) -> ToldParty:
    person_type = str(details.get("personType") or "")
    names = [each for each in _list(details.get("names")) if isinstance(each, dict)]
    names.sort(key=lambda each: each.get("type") != "legal")  # stable: the legal name first
    told = [each for each in map(_full_name, names) if each]
    if person_type in _UNNAMED or not told:
        return undisclosed(
            record, "person", reason_of(details.get("unspecifiedPersonDetails")) or person_type or "unknown"
        )
    residences = [text_of(each, "code") for each in _list(details.get("taxResidencies")) if isinstance(each, dict)]
    home = _address(details, "residence")
    return ToldParty(
        key=record,
        kind="person",
        name=told[0],
        # Where a person lives; of several countries of residence for tax none is taken for the one.
        country=_country(home) or (residences[0].upper() if len(residences) == 1 else ""),
        address=text_of(home, "address")[:400],
        birth_date=text_of(details, "birthDate")[:10],
        aliases=tuple(told[1:]),
    )


def _full_name(name: Mapping[str, Any]) -> str:
    return text_of(name, "fullName") or f"{text_of(name, 'givenName')} {text_of(name, 'familyName')}".strip()


def reason_of(told: Any) -> str:
    """Why somebody is not specified; "" when it does not say."""
    return text_of(told, "reason")


def _address(details: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found = [each for each in _list(details.get("addresses")) if isinstance(each, dict) and each.get("type") == kind]
    return found[0] if found else {}


def _country(address: Mapping[str, Any]) -> str:
    return text_of(address.get("country"), "code").upper()[:2]


def _identifiers(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [each for each in _list(details.get("identifiers")) if isinstance(each, dict)]
    told = [(text_of(each, "scheme") or text_of(each, "schemeName"), text_of(each, "id")) for each in rows]
    return [(scheme, number) for scheme, number in told if number]


def text_of(value: Any, key: str) -> str:
    """The member of the object, a text without surrounding space; "" when it is none."""
    found = value.get(key) if isinstance(value, Mapping) else None
    return " ".join(found.split()) if isinstance(found, str) else ""


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(each.strip() for each in _list(values) if isinstance(each, str) and each.strip())


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()
