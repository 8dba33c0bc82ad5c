"""Listed entries with their names in one block, and how to read them there."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from compliance.engine.index.block import Block, Bytes, Sections, Writer
from compliance.engine.index.candidates import Candidates, write_candidates
from compliance.engine.index.names import packed, unpacked
from compliance.engine.naming.prepare import ENTITY, PERSON, PreparedName, prepare_uncached
from compliance.engine.second_facts import EntryFacts, numbers_of

_NAMES_AT_HAND = 20_000
_NUMBER = "number "


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One listed party: its names, each with whether the list itself calls it weak, and what else is known.

    `marks` are texts by which it is found exactly, such as wallets; `note` is kept for whoever made the index.
    """

    key: str
    kind: str  # person | entity | vessel | aircraft | unknown
    names: tuple[tuple[str, bool], ...]
    facts: EntryFacts = field(default_factory=EntryFacts)
    marks: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredName:
    """A name in the block, ready to be compared, and the number of its entry."""

    text: str
    prepared: PreparedName
    entry: int
    weak: bool


def entries_block(entries: Iterable[ListedEntry]) -> bytes:
    """The entries in one block; a name with nothing to compare is left out."""
    return _written(entries).block()


def _written(entries: Iterable[ListedEntry]) -> Writer:
    names: list[str] = []
    prepared: list[PreparedName] = []
    owners: list[int] = []
    weak: list[int] = []
    rows: list[str] = []
    marks: dict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(entries):
        rows.append(_row(entry))
        for mark in (*entry.marks, *number_keys(entry.facts.identifiers)):
            marks[mark].append(number)
        for name, is_weak in entry.names:
            found = prepare_uncached(name, reading_of(entry.kind))
            if found.words:
                names.append(name)
                prepared.append(found)
                owners.append(number)
                weak.append(is_weak)
    writer = Writer()
    writer.texts("names", names)
    writer.texts("prepared", map(packed, prepared))
    writer.numbers("owners", owners)
    writer.numbers("weak", weak, "B")
    writer.texts("entries", rows)
    writer.numbers("first names", _starts(owners, len(rows)))
    writer.lists("entries by mark", marks)
    write_candidates(writer, prepared)
    return writer


def reading_of(kind: str) -> str:
    """How names of the kind are read: a person's, or an entity's as all others."""
    return PERSON if kind == PERSON else ENTITY


class Entries:
    """Entries as they were written. Only read, so that threads share them, and processes those of a block."""

    def __init__(self, sections: Sections) -> None:
        self._names = sections.texts("names")
        self._prepared = sections.texts("prepared")
        self._owners = sections.numbers("owners")
        self._weak = sections.numbers("weak", "B")
        self._rows = sections.texts("entries")
        self._first_names = sections.numbers("first names")
        self._by_mark = sections.lists("entries by mark")
        self._candidates = Candidates(sections)
        self.name = lru_cache(maxsize=_NAMES_AT_HAND)(self._name)
        self.entry = lru_cache(maxsize=_NAMES_AT_HAND)(self._entry)

    @classmethod
    def opened(cls, content: Bytes) -> "Entries":
        """Those of the block. Raises `DamagedIndex`."""
        return cls(Block(content))

    @classmethod
    def held(cls, entries: Iterable[ListedEntry]) -> "Entries":
        """These, in this process's memory."""
        return cls(_written(entries).held())

    def __len__(self) -> int:
        return len(self._names)

    def keys(self) -> frozenset[int]:
        """The digests of all keys under which an entry can be found, by a name of its or by a number."""
        return frozenset((*self._candidates.keys(), *self._by_mark.keys()))

    def like(self, readings: list[PreparedName]) -> list[int]:
        """The numbers of the names that may be the asked one, in any of its readings, likeliest first."""
        return self._candidates.shortlist(readings)

    def numbered(self, identifiers: Iterable[str]) -> list[int]:
        """The numbers of all names of the entries that bear one of the identifiers."""
        entries = {each for key in number_keys(identifiers) for each in self._by_mark.get(key)}
        return [name for each in sorted(entries) for name in self._numbers_of(each)]

    def names_of(self, entry: int) -> list[StoredName]:
        """All names of the entry, as the list has them."""
        return [self.name(number) for number in self._numbers_of(entry)]

    def marked(self, mark: str) -> list[ListedEntry]:
        """The entries that bear the mark."""
        return [entry for number in self._by_mark.get(mark) if mark in (entry := self.entry(number)).marks]

    def _numbers_of(self, entry: int) -> range:
        return range(self._first_names[entry], self._first_names[entry + 1])

    def _name(self, number: int) -> StoredName:
        return StoredName(
            self._names[number], unpacked(self._prepared[number]), self._owners[number], bool(self._weak[number])
        )

    def _entry(self, number: int) -> ListedEntry:
        """The entry but for its names."""
        key, kind, births, countries, identifiers, marks, note = json.loads(self._rows[number])
        facts = EntryFacts(tuple(births), tuple(countries), tuple(identifiers))
        return ListedEntry(key, kind, (), facts, tuple(marks), note)


def number_keys(identifiers: Iterable[str]) -> Iterator[str]:
    """The keys under which entries with one of these identifiers stand."""
    return (_NUMBER + number for number in numbers_of(identifiers))


def _row(entry: ListedEntry) -> str:
    facts = entry.facts
    return json.dumps(
        [entry.key, entry.kind, facts.birth_dates, facts.countries, facts.identifiers, entry.marks, entry.note]
    )


def _starts(owners: list[int], entries: int) -> list[int]:
    """Where each entry's names begin, and where the last one's end."""
    counts = [0] * (entries + 1)
    for owner in owners:
        counts[owner + 1] += 1
    for number in range(entries):
        counts[number + 1] += counts[number]
    return counts
