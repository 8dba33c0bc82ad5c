"""OFAC's legacy CSV: the primary file, with the alternate names, addresses and longer remarks from those beside it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from compliance.engine.country_names import country_code
from compliance.sources.base import ListedName, ListEntry, NotAList
from compliance.sources.dates import birth_dates
from compliance.sources.files import csv_rows
from compliance.sources.wallets import wallets_in

_NULL = "-0-"
_COLUMNS = 12
_KINDS = ("alt", "add", "comments")
_BIRTH = re.compile(r"\bDOB\s+([^;.]+)")
_PLACES = re.compile(r"\b(?:nationality|citizen)\s+([A-Z][A-Za-z ,'()-]*?)(?=[;.]|$)")
_PAPERS = r"Passport|National ID No\.|Registration ID|Tax ID No\.|SSN|Identification Number"
_DOCUMENT = re.compile(rf"\b((?:{_PAPERS})\s+[^;]+?)(?=;|\.?$)")
_ALIAS = re.compile(r"a\.k\.a\. '([^']+)'")


def read_ofac_csv(path: Path) -> Iterator[ListEntry]:
    """Every party of SDN.CSV; its property is blocked. Raises `NotAList`."""
    return _read(path, blocked=True)


def read_ofac_consolidated_csv(path: Path) -> Iterator[ListEntry]:
    """Every party of CONS_PRIM.CSV; OFAC restricts dealings with it short of blocking. Raises `NotAList`."""
    return _read(path, blocked=False)


def companions(path: Path) -> list[Path]:
    """The files of alternate names, addresses and longer remarks that lie beside the file."""
    return [each for each in (_beside(path, kind) for kind in _KINDS) if each is not None]


def set_of_urls(url: str) -> dict[str, str]:
    """By name, the addresses of all files of which the address has the first; none for any other address.

    SDN.CSV comes with ALT.CSV, ADD.CSV and SDN_COMMENTS.CSV, CONS_PRIM.CSV with those of CONS.
    """
    parts = urlsplit(url)
    folder, _, name = parts.path.rpartition("/")
    if parts.query or name.casefold() not in ("sdn.csv", "cons_prim.csv"):
        return {}
    names = [name, *(_named_beside(name, kind)[name.isupper()] for kind in _KINDS)]
    return {each: parts._replace(path=f"{folder}/{each}").geturl() for each in names}


def refuse_without_companions(format: str, path: Path) -> None:
    """Raises `NotAList` for OFAC's CSV without its alternate names: by half of its names nobody would be found."""
    if format in ("ofac_csv", "ofac_cons_csv") and _beside(path, "alt") is None:
        raise NotAList(
            f"{path.name} lacks the file of alternate names beside it (SDN.CSV with ALT.CSV, CONS_PRIM.CSV with "
            "CONS_ALT.CSV); the list was not loaded. They come by themselves from an address that ends in one of these "
            "names. The advanced XML has all in one file"
        )


def _read(path: Path, *, blocked: bool) -> Iterator[ListEntry]:
    aliases = _aliases(path)
    countries = _addresses(path)
    remarks = _comments(path)
    for number, row in enumerate(csv_rows(path), 1):
        if len(row) != _COLUMNS or not row[0].strip().isdigit():
            raise NotAList(f"row {number} of {path.name} is no row of OFAC's CSV; the list was not loaded")
        cells = [_cell(each) for each in row]
        cells[11] = " ".join(filter(None, (cells[11], *remarks.get(cells[0], ()))))
        yield _entry(cells, aliases.get(cells[0], []), countries.get(cells[0], []), blocked=blocked)


def _entry(cells: list[str], aliases: list[str], countries: list[str], *, blocked: bool) -> ListEntry:
    person = cells[2].casefold() == "individual"
    kind = "person" if person else cells[2].casefold() or "entity"
    remarks = cells[11]
    names = [ListedName(_ordered(cells[1], person=person), "strong", "Latn", True)] if cells[1] else []
    names += [ListedName(_ordered(each, person=person), "strong", "Latn") for each in aliases]
    names += [ListedName(each, "weak", "Latn") for each in _ALIAS.findall(remarks)]
    named = [country_code(each) for each in _PLACES.findall(remarks)]
    return ListEntry(
        external_id=cells[0],
        kind=kind,
        names=tuple({each.name: each for each in reversed(names)}.values())[::-1],
        authority="OFAC",
        blocked=blocked,
        countries=tuple(dict.fromkeys(code for code in [*countries, *named] if code)),
        birth_dates=birth_dates(*_BIRTH.findall(remarks)),
        programmes=tuple(each.strip(" []") for each in re.split(r"\]\s*\[|;", cells[3]) if each.strip(" []")),
        identifiers=tuple(each.strip() for each in _DOCUMENT.findall(remarks)),
        wallets=wallets_in(remarks),
        remarks=remarks,
    )


def _cell(value: str) -> str:
    value = value.strip()
    return "" if value == _NULL else value


def _ordered(name: str, *, person: bool) -> str:
    """Given names first: OFAC files a person as "LAST, First"."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}".strip() if person and comma else name


def _beside(path: Path, kind: str) -> Path | None:
    """The companion file: sdn.csv -> alt.csv, cons_prim.csv -> cons_alt.csv, sdn_2022.csv -> alt_2022.csv."""
    found = (path.with_name(name) for name in _named_beside(path.name, kind))
    return next((each for each in found if each.is_file()), None)


def _named_beside(name: str, kind: str) -> tuple[str, ...]:
    """What the companion of the file may be called, in small letters and in capitals; nothing beside another file."""
    for mark, stem in (("cons_prim", f"cons_{kind}"), ("prim", kind), ("sdn", kind)):
        if mark in name.casefold():
            called = "sdn_comments" if (mark, kind) == ("sdn", "comments") else stem
            return tuple(re.sub(mark, each, name, flags=re.IGNORECASE) for each in (called, called.upper()))
    return ()


def _rows_beside(path: Path, kind: str, cells: int, what: str) -> Iterator[tuple[str, str]]:
    """The entry's number and the last of so many cells of each row of the companion, where there is anything."""
    companion = _beside(path, kind)
    for row in csv_rows(companion) if companion else ():
        if len(row) < cells:
            raise NotAList(f"{row[0][:20]} in {path.name}'s {what} is no whole row; the list was not loaded")
        if told := _cell(row[cells - 1]):
            yield _cell(row[0]), told


def _gathered(told: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for number, words in told:
        found[number].append(words)
    return found


def _aliases(path: Path) -> dict[str, list[str]]:
    return _gathered(_rows_beside(path, "alt", 4, "alternate names"))


def _addresses(path: Path) -> dict[str, list[str]]:
    """The countries of the addresses, as codes."""
    rows = _rows_beside(path, "add", 5, "addresses")
    return _gathered((number, code) for number, country in rows if (code := country_code(country)))


def _comments(path: Path) -> dict[str, list[str]]:
    """What of an entry's remarks its own row has no room for: dates of birth, papers and wallets among them."""
    return _gathered(_rows_beside(path, "comments", 2, "remarks"))
