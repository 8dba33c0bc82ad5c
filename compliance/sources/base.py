"""What every importer gives, and how it refuses."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

KINDS = frozenset({"person", "entity", "vessel", "aircraft", "unknown"})
MAX_ID, MAX_NAME = 80, 500  # characters, as they are stored: what is longer would stand there cut


class NotAList(ValueError):
    """The file is not the list it should be; the message says in one line what is wrong. Nothing was loaded."""


@dataclass(frozen=True, slots=True)
class ListedName:
    """A name of a listed party. `weak` is the list's own word for a low-quality alias; `script` is ISO 15924."""

    name: str
    strength: str = "strong"  # strong | weak
    script: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One listed party, whatever the format. Countries are ISO 3166-1 alpha-2; birth dates YYYY, YYYY-MM or -DD, or a
    span of years YYYY/YYYY."""

    external_id: str
    kind: str  # one of `KINDS`
    names: tuple[ListedName, ...]
    authority: str  # OFAC | UN | BIS | STATE | EU | UK, or OTHER where a gathered list does not say
    blocked: bool  # property is blocked, as against an export restriction only
    countries: tuple[str, ...] = ()
    birth_dates: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()  # "Passport A123 (IR)"
    wallets: tuple[tuple[str, str], ...] = ()  # (currency, address), letter case kept
    remarks: str = ""
    source_url: str = ""  # where the authority publishes the entry's own list

    @property
    def primary_name(self) -> str:
        """The name under which the list files the party."""
        return next((each.name for each in self.names if each.primary), self.names[0].name)


def _is_seen(name: str) -> bool:
    """Whether a reader sees anything of the name: zero-width marks and direction signs alone are none."""
    return any(unicodedata.category(each)[0] not in "CZM" for each in name)


Importer = Callable[[Path], Iterator[ListEntry]]


def sound(entries: Iterator[ListEntry], today: date) -> Iterator[ListEntry]:
    """The entries as they come; one of a kind that nobody knows is of an unknown kind, and an id of more than 80
    characters is its beginning with a digest of the whole.

    Raises `NotAList` for an id that stands twice, a party without a name or born in the future, what cannot be kept
    whole (a name of more than 500 characters, signs that are no text), or no entry at all.
    """
    seen: set[str] = set()
    for entry in entries:
        _refuse_unsound(entry, today)
        if entry.external_id in seen:
            raise NotAList(f"the entry {entry.external_id} stands twice; the list was not loaded")
        seen.add(entry.external_id)
        if entry.kind in KINDS and len(entry.external_id) <= MAX_ID:
            yield entry
        else:
            kind = entry.kind if entry.kind in KINDS else "unknown"
            yield replace(entry, kind=kind, external_id=_short(entry.external_id))
    if not seen:
        raise NotAList("the file holds no entries; the list was not loaded")


def _short(external_id: str) -> str:
    """What is stored whole; the digest keeps two that begin alike apart."""
    if len(external_id) <= MAX_ID:
        return external_id
    digest = hashlib.sha256(external_id.encode()).hexdigest()[:32]
    return f"{external_id[: MAX_ID - 33]}~{digest}"


def _refuse_unsound(entry: ListEntry, today: date) -> None:
    if not entry.external_id or not any(_is_seen(each.name) for each in entry.names):
        raise NotAList(f"an entry has no {'name' if entry.external_id else 'id'}; the list was not loaded")
    if not _is_text(entry):
        raise NotAList("an entry holds signs that are no text (NUL, half of a pair); the list was not loaded")
    if any(len(each.name) > MAX_NAME for each in entry.names):
        raise NotAList(f"a name of {entry.external_id} has more than {MAX_NAME} characters; the list was not loaded")
    # Text compares as dates do: the shorter of two that agree is not the later.
    if any(day > today.isoformat() for birth in entry.birth_dates for day in birth.split("/")):
        raise NotAList(f"the entry {entry.external_id} is born in the future; the list was not loaded")


def _is_text(entry: ListEntry) -> bool:
    """Whether the database takes every text of the entry: JSON can write what no UTF-8 has."""
    told = (*(each.name for each in entry.names), *entry.programmes, *entry.identifiers, *entry.birth_dates)
    wallets = (part for pair in entry.wallets for part in pair)
    try:
        whole = "".join((entry.external_id, entry.kind, entry.remarks, entry.source_url, *told, *wallets)).encode()
    except UnicodeEncodeError:
        return False
    return b"\0" not in whole
