"""The current lists, ready to be searched: one index for all processes of a machine, made anew when a list changes."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from compliance.engine.facts import ScreeningHit
from compliance.engine.index.entries import entries_block
from compliance.engine.screening import STRONG, EntryFacts, ListedEntry, NameIndex, NameQuery
from compliance.engine.screening import Candidate as Found
from compliance.engine.wallet_keys import wallet_key
from compliance.models import ListedName, ListedParty, ListedWallet, Party, WatchlistVersion
from compliance.services.index_files import shared

_CHUNK = 5000  # rows


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listed party that may be the screened one, with sentences that explain the score."""

    listed_party_id: UUID
    list_code: str
    external_id: str
    entry_hash: str
    listed_name: str
    score: float
    threshold: float
    strength: str
    features: tuple[str, ...]

    @property
    def rank(self) -> tuple[bool, float]:
        """Smaller for the better of two."""
        return self.strength != STRONG, -self.score

    def as_fact(self, entry: ListedParty, party_id: str = "", *, cleared: bool = False) -> ScreeningHit:
        """The candidate as a fact about the party, or about nobody of ours; `entry` is its row."""
        return ScreeningHit(
            party_id=party_id,
            list_code=self.list_code,
            authority=entry.authority,
            external_id=self.external_id,
            listed_name=self.listed_name,
            score=self.score,
            threshold=self.threshold,
            strength=self.strength,
            listed_as_blocked=entry.blocked,
            programmes=tuple(entry.programmes),
            features=self.features,
            entry_hash=self.entry_hash,
            cleared=cleared,
        )


@dataclass(frozen=True, slots=True)
class ListedWalletHit:
    """An address that an entry of a list names as its own, equal to one of ours."""

    address: str
    listed_party_id: UUID
    list_code: str
    authority: str
    external_id: str
    entry_hash: str
    listed_name: str
    currency: str


@dataclass(frozen=True, slots=True)
class _Note:
    """What the index keeps of an entry beside what it compares. `wallets` are pairs of address key and currency."""

    list_code: str
    external_id: str
    entry_hash: str
    name: str
    authority: str
    wallets: tuple[tuple[str, str], ...]

    def to_text(self) -> str:
        """In one text."""
        return json.dumps([self.list_code, self.external_id, self.entry_hash, self.name, self.authority, self.wallets])

    @classmethod
    def from_text(cls, text: str) -> "_Note":
        """From that text."""
        code, external_id, entry_hash, name, authority, wallets = json.loads(text)
        return cls(code, external_id, entry_hash, name, authority, tuple((key, each) for key, each in wallets))


class Index:
    """Listed parties by name, by identifier and by wallet. Only read once built, so threads share it."""

    def __init__(self, names: NameIndex) -> None:
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def keys(self) -> frozenset[int]:
        """The digests of all keys under which an entry is found by a name or a number, see `party_keys`."""
        return self._names.keys()

    def candidates(self, party: Party, wallets: Iterable[str]) -> list[Candidate]:
        """The listed parties that the party may be, each once, by its name, its aliases or its wallets; best first."""
        return self.candidates_of(queries_for(party), wallets)

    def candidates_of(self, queries: Iterable[NameQuery], wallets: Iterable[str]) -> list[Candidate]:
        """As `candidates`, of somebody who is no party of ours."""
        best: dict[str, Candidate] = {}
        for query in queries:
            for found in self._names.search(query):
                candidate = _candidate(found)
                if found.entry_key not in best or candidate.rank < best[found.entry_key].rank:
                    best[found.entry_key] = candidate
        for address in wallets:
            for entry in self._names.marked(wallet_key(address)):
                best[entry.key] = _by_wallet(entry, address)
        return sorted(best.values(), key=lambda each: (-each.score, each.list_code, each.external_id))

    def wallet_hits(self, address: str) -> list[ListedWalletHit]:
        """The entries that name this very address."""
        wanted = wallet_key(address)
        return [
            ListedWalletHit(
                address=address,
                listed_party_id=UUID(entry.key),
                list_code=note.list_code,
                authority=note.authority,
                external_id=note.external_id,
                entry_hash=note.entry_hash,
                listed_name=note.name,
                currency=currency,
            )
            for entry in self._names.marked(wanted)
            for note in (_Note.from_text(entry.note),)
            for key, currency in note.wallets
            if key == wanted
        ]


_lock = threading.Lock()
_built: tuple[tuple[str, ...], Index] | None = None


def current(versions: tuple[WatchlistVersion, ...]) -> Index:
    """The index over these versions; it is opened anew only when they are others than the last time."""
    global _built
    key = tuple(sorted(str(version.pk) for version in versions))
    built = _built
    if built is not None and built[0] == key:
        return built[1]
    with _lock:
        if _built is None or _built[0] != key:
            ids = [version.pk for version in versions]
            names = shared(" ".join(key), lambda: entries_block(_entries(ids)), NameIndex.opened)
            _built = (key, Index(names))
        return _built[1]


def build(version_ids: Iterable[UUID], listed_party_ids: Iterable[UUID] | None = None) -> Index:
    """An index over the versions' entries, or over some of them, in this process's memory."""
    return Index(NameIndex.build(_entries(version_ids, listed_party_ids)))


def _entries(version_ids: Iterable[UUID], listed_party_ids: Iterable[UUID] | None = None) -> Iterator[ListedEntry]:
    """The entries of the versions, or some of them. Three queries, read as plain values."""
    parties = ListedParty.objects.filter(version_id__in=list(version_ids))
    if listed_party_ids is not None:
        parties = parties.filter(pk__in=list(listed_party_ids))
    names: dict[UUID, list[tuple[str, bool]]] = defaultdict(list)
    rows = ListedName.objects.filter(listed_party__in=parties).order_by("id")
    for party_id, name, weak in rows.values_list("listed_party_id", "name", "weak").iterator(chunk_size=_CHUNK):
        names[party_id].append((name, weak))
    wallets: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    listed_wallets = ListedWallet.objects.filter(listed_party__in=parties).order_by("id")
    for party_id, address_key, currency in listed_wallets.values_list("listed_party_id", "address_key", "currency"):
        wallets[party_id].append((address_key, currency))
    told = (
        "id", "version__watchlist_id", "external_id", "entry_hash", "primary_name", "authority", "kind", "birth_dates",
        "countries", "identifiers",
    )  # fmt: skip
    for row in parties.order_by("version_id", "external_id").values_list(*told).iterator(chunk_size=_CHUNK):
        party_id, code, external_id, entry_hash, name, authority, kind, births, countries, identifiers = row
        yield ListedEntry(
            key=str(party_id),
            kind=kind,
            names=tuple(names[party_id]),
            facts=EntryFacts(tuple(births), tuple(countries), tuple(identifiers)),
            marks=tuple(dict.fromkeys(key for key, _ in wallets[party_id])),
            note=_Note(code, external_id, entry_hash, name, authority, tuple(wallets[party_id])).to_text(),
        )


# What is asked of a party: `queries_for` reads no other field.
ASKED = ("name", "aliases", "kind", "country", "headquarters_country", "registration_number", "lei", "birth_date")


def queries_for(party: Party) -> list[NameQuery]:
    """What to look for: the party's name and its aliases, with what else is known of it."""
    countries = tuple(dict.fromkeys(code for code in (party.country, party.headquarters_country) if code))
    identifiers = tuple(number for number in (party.registration_number, party.lei) if number)
    births = (party.birth_date,) if party.birth_date else ()
    return [NameQuery(name, party.kind, births, countries, identifiers) for name in (party.name, *party.aliases)]


def _candidate(found: Found) -> Candidate:
    note = _Note.from_text(found.note)
    return Candidate(
        listed_party_id=UUID(found.entry_key),
        list_code=note.list_code,
        external_id=note.external_id,
        entry_hash=note.entry_hash,
        listed_name=found.name,
        score=found.score,
        threshold=found.threshold,
        strength=found.strength,
        features=found.features,
    )


def _by_wallet(entry: ListedEntry, address: str) -> Candidate:
    note = _Note.from_text(entry.note)
    return Candidate(
        listed_party_id=UUID(entry.key),
        list_code=note.list_code,
        external_id=note.external_id,
        entry_hash=note.entry_hash,
        listed_name=note.name,
        score=1.0,
        threshold=1.0,
        strength=STRONG,
        features=(f"The wallet {address} is listed as one of {note.name}.",),
    )
