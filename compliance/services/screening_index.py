"""The current lists in memory, one index per process, rebuilt when a list has a new version."""

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from compliance.engine.screening import STRONG, EntryFacts, IndexedName, NameIndex, NameQuery
from compliance.engine.screening import Candidate as Found
from compliance.models import ListedName, ListedParty, ListedWallet, Party, WatchlistVersion
from compliance.services.listing import wallet_key


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
class _Entry:
    id: UUID
    list_code: str
    external_id: str
    entry_hash: str
    name: str
    authority: str


class Index:
    """Listed parties by name and by wallet. Only read once built, so threads share it."""

    def __init__(self, entries: dict[str, _Entry], names: NameIndex, wallets: dict[str, list[tuple[str, str]]]) -> None:
        self._entries = entries
        self._names = names
        self._wallets = wallets

    def __len__(self) -> int:
        return len(self._names)

    def candidates(self, party: Party, wallets: Iterable[str]) -> list[Candidate]:
        """The listed parties that the party may be, each once, by its name, its aliases or its wallets; best first."""
        return self.candidates_of(queries_for(party), wallets)

    def candidates_of(self, queries: Iterable[NameQuery], wallets: Iterable[str]) -> list[Candidate]:
        """As `candidates`, of somebody who is no party of ours."""
        best: dict[str, Candidate] = {}
        for query in queries:
            for found in self._names.search(query):
                known = best.get(found.entry_key)
                if known is None or (found.strength == "strong", found.score) > (
                    known.strength == "strong",
                    known.score,
                ):
                    entry = self._entries[found.entry_key]
                    best[found.entry_key] = _candidate(
                        entry, found.name, found.score, found.threshold, found.strength, found.features
                    )
        for address in wallets:
            for key, _ in self._wallets.get(wallet_key(address), ()):
                entry = self._entries[key]
                said = f"The wallet {address} is listed as one of {entry.name}."
                best[key] = _candidate(entry, entry.name, 1.0, 1.0, "strong", (said,))
        return sorted(best.values(), key=lambda each: (-each.score, each.list_code, each.external_id))

    def wallet_hits(self, address: str) -> list[ListedWalletHit]:
        """The entries that name this very address."""
        hits = []
        for key, currency in self._wallets.get(wallet_key(address), ()):
            entry = self._entries[key]
            hits.append(
                ListedWalletHit(
                    address=address,
                    listed_party_id=entry.id,
                    list_code=entry.list_code,
                    authority=entry.authority,
                    external_id=entry.external_id,
                    entry_hash=entry.entry_hash,
                    listed_name=entry.name,
                    currency=currency,
                )
            )
        return hits


_lock = threading.Lock()
_built: tuple[tuple[str, ...], Index] | None = None


def current(versions: tuple[WatchlistVersion, ...]) -> Index:
    """The index over these versions; it is built anew only when they are others than the last time."""
    global _built
    key = tuple(sorted(str(version.pk) for version in versions))
    built = _built
    if built is not None and built[0] == key:
        return built[1]
    with _lock:
        if _built is None or _built[0] != key:
            _built = (key, build([version.pk for version in versions]))
        return _built[1]


def build(version_ids: Iterable[UUID], listed_party_ids: Iterable[UUID] | None = None) -> Index:
    """An index over the versions' entries, or over some of them. Three queries, read as plain values."""
    parties = ListedParty.objects.filter(version_id__in=list(version_ids))
    if listed_party_ids is not None:
        parties = parties.filter(pk__in=list(listed_party_ids))
    entries: dict[str, _Entry] = {}
    kinds: dict[UUID, str] = {}
    facts: dict[str, EntryFacts] = {}
    for row in parties.select_related("version").only(
        "external_id", "entry_hash", "primary_name", "authority", "kind", "birth_dates", "countries", "identifiers",
        "version__watchlist_id",
    ).iterator(chunk_size=5000):  # fmt: skip
        key = str(row.pk)
        code = row.version.watchlist_id
        entries[key] = _Entry(row.pk, code, row.external_id, row.entry_hash, row.primary_name, row.authority)
        kinds[row.pk] = row.kind
        facts[key] = EntryFacts(tuple(row.birth_dates), tuple(row.countries), tuple(row.identifiers))
    names = ListedName.objects.filter(listed_party__in=parties).order_by("id")
    indexed = (
        IndexedName(str(party_id), name, kinds[party_id], weak)
        for party_id, name, weak in names.values_list("listed_party_id", "name", "weak").iterator(chunk_size=5000)
    )
    wallets: dict[str, list[tuple[str, str]]] = defaultdict(list)
    listed_wallets = ListedWallet.objects.filter(listed_party__in=parties).order_by("id")
    for party_id, address_key, currency in listed_wallets.values_list("listed_party_id", "address_key", "currency"):
        wallets[address_key].append((str(party_id), currency))
    return Index(entries, NameIndex.build(indexed, facts), dict(wallets))


def queries_for(party: Party) -> list[NameQuery]:
    """What to look for: the party's name and its aliases, with what else is known of it."""
    countries = tuple(dict.fromkeys(code for code in (party.country, party.headquarters_country) if code))
    identifiers = tuple(number for number in (party.registration_number, party.lei) if number)
    return [
        NameQuery(name, party.kind, party.birth_date, countries, identifiers) for name in (party.name, *party.aliases)
    ]


def _rank(found: Found | Candidate) -> tuple[bool, float]:
    return found.strength == STRONG, found.score


def _candidate(
    entry: _Entry, name: str, score: float, threshold: float, strength: str, features: tuple[str, ...]
) -> Candidate:
    return Candidate(
        entry.id, entry.list_code, entry.external_id, entry.entry_hash, name, score, threshold, strength, features
    )
