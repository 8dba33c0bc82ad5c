"""Screening: parties compared with the current lists, every comparison kept, every match explained."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from compliance.base.errors import NotFound
from compliance.models import ListedParty, Match, Party, PartyWallet, Screening, WatchlistVersion
from compliance.selectors.list_changes import Unscreened
from compliance.selectors.watchlists import current_versions
from compliance.services import screening_index
from compliance.services.screening_index import Candidate, Index, ListedWalletHit

__all__ = [
    "ListedWalletHit",
    "Screened",
    "open_index",
    "prepare",
    "screen_by_delta",
    "screen_parties",
    "screen_party",
    "wallet_hits",
]


@dataclass(frozen=True, slots=True)
class Screened:
    """The parties' screenings against `versions`; `matches` of all of them, settled ones included, best first."""

    versions: tuple[WatchlistVersion, ...]
    screenings: dict[UUID, Screening]
    matches: tuple[Match, ...]


def screen_party(party_id: UUID, *, trigger: str) -> Screening:
    """The party has a screening of its present facts against the current lists. Raises NotFound."""
    party = Party.objects.filter(pk=party_id).first()
    if party is None:
        raise NotFound("There is no such party. Nothing was changed.")
    with transaction.atomic():
        return screen_parties([party], trigger=trigger).screenings[party_id]


def screen_by_delta(
    party: Party, changes: Mapping[str, Unscreened], index: Index | None, *, trigger: str
) -> Screening | None:
    """The party has a screening against the current lists, made of its last one and of what the lists changed since.

    `index` holds the fresh entries of the changes, and is None where there are none. Returns None when the last
    screening is of other facts, or does not lie where the changes begin: then only a whole screening will do. The
    matches are those that a whole one would find.
    """
    wanted = {version.watchlist_id: str(version.pk) for version in current_versions()}
    if present := _known([party], wanted).get(party.pk):
        return present
    base = party.screenings.order_by("-created_at").first()
    if base is None or base.subject_hash != party.subject_hash or not _leads_to(base, wanted, changes):
        return None
    settled = _settled([party])
    row = Screening(party=party, subject_hash=party.subject_hash, list_versions=wanted, trigger=trigger)
    carried = [each for each in base.matches.exclude(state=Match.State.OUTDATED) if not _is_touched(each, changes)]
    wallets = list(party.wallets.order_by("address").values_list("address", flat=True))
    with transaction.atomic():
        row.save(force_insert=True)
        Match.objects.bulk_create(
            [_carried(row, each) for each in carried]
            + [_match(row, each, settled) for each in (index.candidates(party, wallets) if index else ())]
        )
    return row


def screen_parties(parties: Sequence[Party], *, trigger: str, store: bool = True) -> Screened:
    """Each party has been compared, as it is, with the lists as they are.

    A screening of the same facts against the same versions is taken again rather than repeated. With `store` false
    the new ones are not kept (a preview). Without any list nobody counts as screened.
    """
    versions = tuple(current_versions())
    if not versions:
        return Screened((), {}, ())
    wanted = {version.watchlist_id: str(version.pk) for version in versions}
    found = _known(parties, wanted)
    matches = _matches_of(found.values())
    missing = [party for party in parties if party.pk not in found]
    if missing:
        made, fresh = _screen(missing, wanted, screening_index.current(versions), trigger, store=store)
        found |= made
        matches += fresh
    matches.sort(key=lambda match: (str(match.party_id), -match.score, match.list_code, match.external_id))
    return Screened(versions, found, tuple(matches))


def wallet_hits(addresses: Iterable[str], versions: tuple[WatchlistVersion, ...]) -> list[ListedWalletHit]:
    """The entries of the versions that name one of these very addresses as theirs."""
    if not versions:
        return []
    index = screening_index.current(versions)
    return [hit for address in addresses for hit in index.wallet_hits(address)]


def prepare() -> None:
    """This process holds the index over the current lists; building it takes seconds for whole lists."""
    if versions := tuple(current_versions()):
        screening_index.current(versions)


def open_index() -> Index | None:
    """The index over the current lists, for many questions in a row; None without any list."""
    versions = tuple(current_versions())
    return screening_index.current(versions) if versions else None


def _known(parties: Sequence[Party], wanted: dict[str, str]) -> dict[UUID, Screening]:
    hashes = {party.pk: party.subject_hash for party in parties}
    rows = Screening.objects.filter(party_id__in=hashes, list_versions=wanted).order_by("created_at")
    return {row.party_id: row for row in rows if row.subject_hash == hashes[row.party_id]}


def _matches_of(screenings: Iterable[Screening]) -> list[Match]:
    rows = Match.objects.filter(screening__in=[row.pk for row in screenings])
    return list(rows.select_related("listed_party", "party", "screening"))


def _screen(
    parties: Sequence[Party], wanted: dict[str, str], index: Index, trigger: str, *, store: bool
) -> tuple[dict[UUID, Screening], list[Match]]:
    wallets: dict[UUID, list[str]] = {}
    for wallet in PartyWallet.objects.filter(party__in=parties).order_by("address"):
        wallets.setdefault(wallet.party_id, []).append(wallet.address)
    settled = _settled(parties)
    screenings, matches = [], []
    for party in parties:
        row = Screening(party=party, subject_hash=party.subject_hash, list_versions=wanted, trigger=trigger)
        screenings.append(row)
        for candidate in index.candidates(party, wallets.get(party.pk, [])):
            matches.append(_match(row, candidate, settled))
    listed = ListedParty.objects.in_bulk({match.listed_party_id for match in matches}) if matches else {}
    for match in matches:
        match.listed_party = listed[match.listed_party_id]
    if store:
        Screening.objects.bulk_create(screenings)
        Match.objects.bulk_create(matches)
    return {row.party_id: row for row in screenings}, matches


def _leads_to(base: Screening, wanted: dict[str, str], changes: Mapping[str, Unscreened]) -> bool:
    """Whether the changes, and nothing else, lie between the lists of the screening and those that are current."""
    return base.list_versions.keys() == wanted.keys() and all(
        version == wanted[code] or (code in changes and version in changes[code].since)
        for code, version in base.list_versions.items()
    )


def _is_touched(match: Match, changes: Mapping[str, Unscreened]) -> bool:
    return match.list_code in changes and match.external_id in changes[match.list_code].touched


def _carried(screening: Screening, match: Match) -> Match:
    kept = (
        "listed_party_id",
        "list_code",
        "external_id",
        "entry_hash",
        "listed_name",
        "score",
        "threshold",
        "strength",
    )
    values = {name: getattr(match, name) for name in (*kept, "features", "state")}
    return Match(screening=screening, party=screening.party, **values)


def _match(screening: Screening, candidate: Candidate, settled: dict[tuple[str, ...], str]) -> Match:
    entry = (candidate.list_code, candidate.external_id, candidate.entry_hash)
    return Match(
        screening=screening,
        party=screening.party,
        listed_party_id=candidate.listed_party_id,
        list_code=candidate.list_code,
        external_id=candidate.external_id,
        entry_hash=candidate.entry_hash,
        listed_name=candidate.listed_name[:500],
        score=candidate.score,
        threshold=candidate.threshold,
        strength=candidate.strength,
        features=list(candidate.features),
        state=settled.get((str(screening.party_id), screening.subject_hash, *entry), Match.State.OPEN),
    )


def _settled(parties: Sequence[Party]) -> dict[tuple[str, ...], str]:
    """What officers found about the same facts and the same entry stays found when a list has a new version."""
    found = (Match.State.CONFIRMED, Match.State.FALSE_POSITIVE)
    rows = Match.objects.filter(party__in=parties, state__in=found).order_by("state_changed_at")
    return {
        (str(row.party_id), row.screening.subject_hash, row.list_code, row.external_id, row.entry_hash): row.state
        for row in rows.select_related("screening")
    }
