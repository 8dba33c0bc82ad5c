"""The UN Security Council's consolidated list in XML."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from compliance.engine.country_names import country_code
from compliance.sources.base import ListedName, ListEntry
from compliance.sources.dates import birth_dates, years
from compliance.sources.xml import subtrees, text_of

ROOT = "CONSOLIDATED_LIST"
_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")


def read_un(path: Path) -> Iterator[ListEntry]:
    """Every individual and entity of the list. Raises `NotAList`."""
    for element in subtrees(path, ROOT, {"INDIVIDUAL", "ENTITY"}):
        yield _entry(element)


def _entry(element: ET.Element) -> ListEntry:
    kind = element.tag
    places = [element.findall("NATIONALITY/VALUE"), element.findall(f"{kind}_ADDRESS/COUNTRY")]
    codes = (country_code(each.text or "") for found in places for each in found)
    return ListEntry(
        external_id=text_of(element, "REFERENCE_NUMBER") or text_of(element, "DATAID"),
        kind="person" if kind == "INDIVIDUAL" else "entity",
        names=tuple(_names(element, kind)),
        authority="UN",
        blocked=True,
        countries=tuple(dict.fromkeys(code for code in codes if code)),
        birth_dates=birth_dates(*_births(element)),
        programmes=tuple(each for each in [text_of(element, "UN_LIST_TYPE")] if each),
        identifiers=tuple(_documents(element)),
        remarks=text_of(element, "COMMENTS1"),
    )


def _names(element: ET.Element, kind: str) -> Iterator[ListedName]:
    seen = set()
    primary = " ".join(text for part in _PARTS if (text := text_of(element, part)))
    if primary:
        seen.add(primary)
        yield ListedName(primary, "strong", "", True)
    original = text_of(element, "NAME_ORIGINAL_SCRIPT")
    if original and original not in seen:
        seen.add(original)
        yield ListedName(original)
    for alias in element.findall(f"{kind}_ALIAS"):
        name = text_of(alias, "ALIAS_NAME")
        if name and name not in seen:
            seen.add(name)
            yield ListedName(name, "weak" if text_of(alias, "QUALITY") == "Low" else "strong")


def _births(element: ET.Element) -> Iterator[str]:
    for birth in element.findall("INDIVIDUAL_DATE_OF_BIRTH"):
        if date := text_of(birth, "DATE"):
            yield date
        else:
            between = years(text_of(birth, "FROM_YEAR"), text_of(birth, "TO_YEAR"))
            yield from (text for text in (text_of(birth, "YEAR"), between) if text)


def _documents(element: ET.Element) -> Iterator[str]:
    for document in element.findall("INDIVIDUAL_DOCUMENT"):
        if number := text_of(document, "NUMBER"):
            issuer = country_code(text_of(document, "ISSUING_COUNTRY"))
            told = f"{text_of(document, 'TYPE_OF_DOCUMENT')} {number}".strip()
            yield f"{told} ({issuer})" if issuer else told
