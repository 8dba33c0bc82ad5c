"""GLEIF's JSON, of its golden copies and of its API, as rows under the golden copy's column names."""

from collections.abc import Iterator, Mapping
from typing import Any

from compliance.engine.codec import Malformed

GOLDEN_KEYS = ("records", "relations", "exceptions")


def golden_row(item: Mapping[str, Any]) -> dict[str, str]:
    """One record of a golden copy's JSON, in which a text stands as {"$": text}."""
    flat = dict(_flattened(item.get("RelationshipRecord", item), ""))
    renamed = {}
    for name, value in flat.items():
        short = name.replace("Relationship.RelationshipPeriods.RelationshipPeriod.", "Relationship.Period.")
        for long, told in (("StartDate", "startDate"), ("EndDate", "endDate"), ("PeriodType", "periodType")):
            if short.startswith("Relationship.Period.") and short.endswith(long):
                # A single period stands without a number.
                number = short.removeprefix("Relationship.Period.").removesuffix(long).strip(".") or "1"
                short = f"Relationship.Period.{number}.{told}"
        if short.startswith("Exception") and "." not in short:
            short = f"Exception.{short.removeprefix('Exception')}"
        if short == "Exception.Reason":
            short = "Exception.Reason.1"
        renamed[short.replace("ExceptionReason.", "Exception.Reason.")] = value
    return renamed


def api_rows(data: Any) -> Iterator[dict[str, str]]:
    """The records of an answer of GLEIF's API. Raises `Malformed`."""
    for item in data if isinstance(data, list) else [data]:
        attributes = item.get("attributes") if isinstance(item, dict) else None
        if not isinstance(attributes, dict):
            raise Malformed("an entry of the answer has no attributes")
        yield _RECORDS.get(str(item.get("type")), _entity)(attributes)


def _entity(told: Mapping[str, Any]) -> dict[str, str]:
    entity = told.get("entity")
    others = _at(entity, "otherNames")
    return {
        "LEI": str(told.get("lei") or ""),
        "Entity.LegalName": _text(_at(entity, "legalName"), "name"),
        "Entity.LegalJurisdiction": _text(entity, "jurisdiction"),
        "Entity.LegalAddress.Country": _text(_at(entity, "legalAddress"), "country"),
        "Entity.HeadquartersAddress.Country": _text(_at(entity, "headquartersAddress"), "country"),
        "Entity.RegistrationAuthority.RegistrationAuthorityEntityID": _text(entity, "registeredAs"),
        "Entity.EntityCategory": _text(entity, "category"),
        **{
            f"Entity.OtherEntityNames.OtherEntityName.{number}": _text(each, "name")
            for number, each in enumerate(others if isinstance(others, list) else (), 1)
        },
    }


def _relation(told: Mapping[str, Any]) -> dict[str, str]:
    relation, registration = told.get("relationship"), told.get("registration")
    row = {
        "Relationship.StartNode.NodeID": _text(_at(relation, "startNode"), "id"),
        "Relationship.EndNode.NodeID": _text(_at(relation, "endNode"), "id"),
        "Relationship.RelationshipType": _text(relation, "type"),
        "Relationship.RelationshipStatus": _text(relation, "status") or "ACTIVE",
        "Registration.RegistrationStatus": _text(registration, "status"),
    }
    periods = _at(relation, "periods")
    for number, each in enumerate(periods if isinstance(periods, list) else (), 1):
        for ours, theirs in (("startDate", "startDate"), ("endDate", "endDate"), ("periodType", "type")):
            row[f"Relationship.Period.{number}.{ours}"] = _text(each, theirs)
    return row


def _exception(told: Mapping[str, Any]) -> dict[str, str]:
    return {
        "LEI": _text(told, "lei"),
        "Exception.Category": _text(told, "category"),
        "Exception.Reason.1": _text(told, "reason"),
    }


_RECORDS = {"relationship-records": _relation, "reporting-exceptions": _exception}


def _flattened(value: Any, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flattened(each, prefix if key == "$" else f"{prefix}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _flattened(each, f"{prefix}.{number}")
    elif isinstance(value, str):
        yield prefix, value.strip()


def _at(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _text(value: Any, key: str) -> str:
    found = _at(value, key)
    return found.strip() if isinstance(found, str) else ""
