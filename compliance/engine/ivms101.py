"""The message about who sends to whom, in the fields of IVMS101.2023 (interVASP Messaging Standard). Pure.

Each name stands whole as the primary identifier, as the standard allows where it cannot be told apart; an address as
lines, beside its country.
"""

import re
from dataclasses import dataclass
from typing import Any

VERSION = "101.2023"
LINE = 70
_LINES = 7
_FULL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Somebody:
    """A natural or legal person at one end of a transfer. `customer_id` is by what we know them."""

    is_entity: bool
    name: str
    country: str = ""
    address: str = ""
    birth_date: str = ""
    registration_number: str = ""
    lei: str = ""
    customer_id: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Who sends from which address to whom at which; the providers at either end, where there is one."""

    originator: Somebody
    beneficiary: Somebody
    from_address: str
    to_address: str
    originating_vasp: Somebody | None = None
    beneficiary_vasp: Somebody | None = None


def message(transfer: Transfer) -> dict[str, Any]:
    """The message as JSON values; what is not known is left out."""
    found: dict[str, Any] = {
        "originator": {
            "originatorPerson": [person(transfer.originator)],
            "accountNumber": [transfer.from_address],
        },
        "beneficiary": {
            "beneficiaryPerson": [person(transfer.beneficiary)],
            "accountNumber": [transfer.to_address],
        },
    }
    if transfer.originating_vasp is not None:
        found["originatingVASP"] = person(transfer.originating_vasp)
    if transfer.beneficiary_vasp is not None:
        found["beneficiaryVASP"] = person(transfer.beneficiary_vasp)
    return found | {"payloadMetadata": {"payloadVersion": VERSION}}


def missing(transfer: Transfer) -> list[str]:
    """The fields without an answer of all that the rules ask for together, as paths of the message.

    Of the originator: name, address with its country, for a natural person the day of birth, for a legal person its
    LEI or number in a register (Regulation (EU) 2023/1113, Article 14(1)). Of the beneficiary: name (Article 14(2)).
    """
    one, other = transfer.originator, transfer.beneficiary
    found = {
        "originator.name": one.name,
        "originator.accountNumber": transfer.from_address,
        "originator.geographicAddress": one.address and one.country,
        "beneficiary.name": other.name,
        "beneficiary.accountNumber": transfer.to_address,
    }
    if one.is_entity:
        found["originator.nationalIdentification"] = one.lei or one.registration_number
    else:
        found["originator.dateOfBirth"] = (_FULL_DATE.fullmatch(one.birth_date) and one.birth_date) or ""
    return [path for path, answer in found.items() if not str(answer).strip()]


def person(who: Somebody) -> dict[str, Any]:
    """The person as the standard has it: `legalPerson` or `naturalPerson`."""
    body: dict[str, Any] = {"name": {"nameIdentifier": [_name(who)]}}
    if who.address and who.country:
        kind = "GEOG" if who.is_entity else "HOME"
        body["geographicAddress"] = [{"addressType": kind, "addressLine": _lines(who.address), "country": who.country}]
    if who.customer_id:
        body["customerIdentification"] = who.customer_id
    if who.is_entity:
        return {"legalPerson": body | _registered(who)}
    return {"naturalPerson": body | ({"countryOfResidence": who.country} if who.country else {})}


def _name(who: Somebody) -> dict[str, str]:
    if who.is_entity:
        return {"legalPersonName": who.name, "legalPersonNameIdentifierType": "LEGL"}
    return {"primaryIdentifier": who.name, "naturalPersonNameIdentifierType": "LEGL"}


def _registered(who: Somebody) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if who.lei:
        found["nationalIdentification"] = {"nationalIdentifier": who.lei, "nationalIdentifierType": "LEIX"}
    elif who.registration_number:
        number = {"nationalIdentifier": who.registration_number, "nationalIdentifierType": "RAID"}
        found["nationalIdentification"] = number
    return found | ({"countryOfRegistration": who.country} if who.country else {})


def _lines(address: str) -> list[str]:
    """The address in lines of at most seventy characters, seven at most, broken between words where it can be."""
    lines: list[str] = []
    for word in address.split():
        if lines and len(lines[-1]) + 1 + len(word) <= LINE:
            lines[-1] += f" {word}"
        else:
            lines += [word[start : start + LINE] for start in range(0, len(word), LINE)]
    return lines[:_LINES]
