"""Finding, among many listed names, those that may mean the party; every candidate says why."""

from collections.abc import Iterable
from dataclasses import dataclass

from compliance.engine.guards import doubt
from compliance.engine.index.block import Bytes
from compliance.engine.index.entries import Entries, ListedEntry, StoredName, number_keys, reading_of
from compliance.engine.index.terms import asked_keys
from compliance.engine.naming.prepare import ENTITY, PERSON, PreparedName, prepare
from compliance.engine.naming.scoring import Likeness, likeness
from compliance.engine.naming.words import TRADE
from compliance.engine.second_facts import EntryFacts, weigh_facts

__all__ = ["Candidate", "EntryFacts", "ListedEntry", "NameIndex", "NameQuery", "compare", "judge"]

WEAK, STRONG = "weak", "strong"
THRESHOLD = 0.8  # from here on it is a match to look at
STRONG_THRESHOLD = 0.94  # from here on, with nothing that speaks against it, it is taken for the same party
VESSEL, AIRCRAFT = THINGS = ("vessel", "aircraft")  # found only when asked for: parties are neither
_OTHER_KIND = 0.1
_ROUNDED = 0.0001


@dataclass(frozen=True, slots=True)
class NameQuery:
    """Whom to look for. `kind` is person, entity, vessel, aircraft or "" (unsaid); dates are YYYY, YYYY-MM or -DD."""

    name: str
    kind: str = ""
    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be the one looked for: score from 0 to 1, weak or strong, and the reasons in sentences."""

    entry_key: str
    name: str
    score: float
    threshold: float
    strength: str
    features: tuple[str, ...]
    note: str = ""  # of the entry, for whoever made the index

    @property
    def rank(self) -> tuple[bool, float, str]:
        """Smaller for the better of two."""
        return self.strength != STRONG, -self.score, self.entry_key


class NameIndex:
    """Listed names ready to be searched, with what else is known of their entries. Only read once built."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    @classmethod
    def opened(cls, content: Bytes) -> "NameIndex":
        """The index that `entries_block` wrote. Raises `DamagedIndex`."""
        return cls(Entries.opened(content))

    @classmethod
    def build(cls, entries: Iterable[ListedEntry]) -> "NameIndex":
        """An index over the entries, in this process's memory."""
        return cls(Entries.held(entries))

    def __len__(self) -> int:
        return len(self._entries)

    def search(self, query: NameQuery, *, threshold: float = THRESHOLD) -> list[Candidate]:
        """The entries that may be the one looked for, the best name of each, best first."""
        best: dict[int, Candidate] = {}
        numbers = (
            *self._entries.numbered(query.identifiers),
            *self._entries.like(_asked_readings(query.name, query.kind)),
        )
        for name in map(self._entries.name, dict.fromkeys(numbers)):
            entry = self._entries.entry(name.entry)
            things_apart = entry.kind != query.kind and not {entry.kind, query.kind}.isdisjoint(THINGS)
            if things_apart or name.entry in best or not (found := _judged(query, name, entry, threshold)):
                continue
            best[name.entry] = _likest(query, self._entries.names_of(name.entry), entry, found)
        return sorted(best.values(), key=lambda each: each.rank)

    def keys(self) -> frozenset[int]:
        """The digests of all keys under which an entry can be found: a search whose `query_keys` meet none is empty."""
        return self._entries.keys()

    def shortlist(self, name: str, kind: str = "") -> list[tuple[str, str]]:
        """The entries' keys and the names that are compared closely with this one, likeliest first."""
        names = map(self._entries.name, self._entries.like(_asked_readings(name, kind)))
        return [(self._entries.entry(each.entry).key, each.text) for each in names]

    def marked(self, mark: str) -> list[ListedEntry]:
        """The entries that bear the mark, without their names."""
        return self._entries.marked(mark)


def query_keys(query: NameQuery) -> set[str]:
    """Every key by which a search finds an entry; no other fact of the query adds one."""
    readings = _asked_readings(query.name, query.kind)
    return {*number_keys(query.identifiers), *(key for each in readings for key in asked_keys(each))}


def judge(query: NameQuery, listed: ListedEntry) -> Candidate:
    """How like the query the entry's likest name is, by the steps of a search, whatever the score."""
    names = [StoredName(name, prepare(name, reading_of(listed.kind)), 0, weak) for name, weak in listed.names]
    telling = [name for name in names if name.prepared.words] or names
    found = [each for name in telling if (each := _judged(query, name, listed, THRESHOLD, least=0.0))]
    return min(found, key=lambda each: _before(query, each))


def compare(first: str, second: str, kind: str) -> float:
    """How alike two names are, from 0 to 1, with nothing else known."""
    return likeness(prepare(first, kind), prepare(second, kind), kind).score


def _likest(query: NameQuery, names: Iterable[StoredName], entry: ListedEntry, found: Candidate) -> Candidate:
    """The best candidate among the entry's names, of which one was found; what cannot be better is not looked into."""
    for name in names:
        least = found.score if found.strength == STRONG else min(found.score, STRONG_THRESHOLD)
        other = _judged(query, name, entry, found.threshold, least)
        if other and _before(query, other) < _before(query, found):
            found = other
    return found


def _before(query: NameQuery, found: Candidate) -> tuple[tuple[bool, float, str], bool, str]:
    """Smaller for the better of two; of two as likely, the one written as it was asked."""
    return found.rank, found.name.casefold() != query.name.casefold(), found.name


def _judged(
    query: NameQuery, name: StoredName, entry: ListedEntry, threshold: float, least: float | None = None
) -> Candidate | None:
    """The entry as a candidate by this name, in steps: the names, the kinds, the facts, the guards."""
    least = threshold if least is None else least
    facts = weigh_facts(query.birth_dates, query.countries, query.identifiers, entry.facts)
    apart = _kinds_apart(query, name, entry)
    needed = 0.0 if facts.identified or not least else least - facts.change + apart
    if needed > 1.0 + _ROUNDED:
        return None
    asked, listed, names = _compared(query, name, entry, max(0.0, needed - _ROUNDED))
    if names.score < needed - _ROUNDED:
        return None
    why = [*names.why, *facts.why]
    score = 1.0 if facts.identified else round(max(0.0, min(1.0, names.score - apart + facts.change)), 4)
    if score < least:
        return None
    kinds = query.kind, entry.kind
    doubted = doubt(kinds, asked, listed, names, facts, weak_alias=name.weak) if score >= threshold else ""
    strong = score >= STRONG_THRESHOLD and not doubted
    features = (*why, doubted) if doubted else tuple(why)
    return Candidate(entry.key, name.text, score, threshold, STRONG if strong else WEAK, features, entry.note)


def _kinds_apart(query: NameQuery, name: StoredName, entry: ListedEntry) -> float:
    """What it costs that one is a person and the other is not, unless the names are written alike."""
    if {query.kind, entry.kind} != {PERSON, ENTITY} or prepare(
        query.name, query.kind
    ).whole == name.prepared.whole != "":
        return 0.0
    return _OTHER_KIND


def _compared(
    query: NameQuery, name: StoredName, entry: ListedEntry, least: float
) -> tuple[PreparedName, PreparedName, Likeness]:
    """The names as they are read, and how alike they are: in the likest reading where nobody says what they name."""
    found = []
    for kind in _readings(query, name, entry):
        listed = name.prepared if kind == reading_of(entry.kind) else prepare(name.text, kind)
        asked = prepare(query.name, kind)
        found.append((asked, listed, likeness(asked, listed, kind, least)))
    return max(found, key=lambda each: each[2].score)


def _readings(query: NameQuery, name: StoredName, entry: ListedEntry) -> tuple[str, ...]:
    said = {query.kind, entry.kind}
    if entry.kind == PERSON or (query.kind == PERSON and entry.kind not in (ENTITY, *THINGS)):
        return (PERSON,)
    if said & {ENTITY, *THINGS}:
        return (ENTITY,)
    both = (prepare(query.name, ENTITY), prepare(name.text, ENTITY))
    companies = any(each.forms or any(word.part == TRADE for word in each.words) for each in both)
    return (ENTITY,) if companies else (PERSON, ENTITY)


def _asked_readings(name: str, kind: str) -> list[PreparedName]:
    """The name as a person's or as an entity's, and as both where nobody says which."""
    return [prepare(name, each) for each in ((reading_of(kind),) if kind else (PERSON, ENTITY))]
