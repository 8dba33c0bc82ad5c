"""What every importer gives, and how it refuses."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path


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
    """One listed party, whatever the format. Countries are ISO 3166-1 alpha-2; birth dates YYYY, YYYY-MM or -DD."""

    external_id: str
    kind: str  # person | entity | vessel | aircraft
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
    """The entries as they come.

    Raises `NotAList` for an id that stands twice, a party without a name or born in the future, or no entry at all.
    """
    seen: set[str] = set()
    for entry in entries:
        if not entry.external_id or not any(_is_seen(each.name) for each in entry.names):
            raise NotAList(f"an entry has no {'name' if entry.external_id else 'id'}; the list was not loaded")
        if entry.external_id in seen:
            raise NotAList(f"the entry {entry.external_id} stands twice; the list was not loaded")
        # Text compares as dates do: the shorter of two that agree is not the later.
        if any(birth > today.isoformat() for birth in entry.birth_dates):
            raise NotAList(f"the entry {entry.external_id} is born in the future; the list was not loaded")
        seen.add(entry.external_id)
        yield entry
    if not seen:
        raise NotAList("the file holds no entries; the list was not loaded")
