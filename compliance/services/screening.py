"""Screening: parties compared with the current lists, every comparison kept, every match explained."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from compliance.base.audit import AuditEvent
from compliance.base.errors import NotFound
from compliance.models import ListedParty, Match, Party, PartyWallet, Screening, WatchlistVersion
from compliance.selectors.list_changes import Unscreened
from compliance.selectors.watchlists import current_versions
from compliance.services import screening_index
from compliance.services.index_files import reader
from compliance.services.screening_index import Candidate, Index, ListedWalletHit

__all__ = [
    "ListedWalletHit",
    "Screened",
    "index_over",
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

    `index` holds the fresh entries of the changes, and is None where there are none. The matches are those that a
    whole screening would find: whatever changed between the last one and these changes was held against the party
    when it came, and would have led to a newer one. Returns None where that is not sure, and only a whole one will do.
    """
    versions = current_versions()
    wanted = {version.watchlist_id: str(version.pk) for version in versions}
    if present := _known([party], wanted).get(party.pk):
        return present
    base = party.screenings.order_by("-created_at").first()
    if base is None or any(change.whole for change in changes.values()) or _changed_since(party, base):
        return None
    settled = _settled([party])
    row = _begun(party, wanted, trigger)
    wallets = list(party.wallets.order_by("address").values_list("address", flat=True))
    fresh = [_match(row, each, settled) for each in (index.candidates(party, wallets) if index else ())]
    with transaction.atomic():
        row.save(force_insert=True)
        Match.objects.bulk_create([*_carried(row, base, versions, changes), *fresh])
    return row


def screen_parties(parties: Sequence[Party], *, trigger: str, store: bool = True) -> Screened:
    """Each party has been compared, as it is, with the lists as they are.

    A screening of the same facts against the same versions, by this very code, is taken again rather than repeated.
    With `store` false the new ones are not kept (a preview). Without any list nobody counts as screened.
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
    return index_over(current_versions())


def index_over(versions: Iterable[WatchlistVersion]) -> Index | None:
    """The index over these versions, which are the current ones; None without any."""
    found = tuple(versions)
    return screening_index.current(found) if found else None


def _known(parties: Sequence[Party], wanted: dict[str, str]) -> dict[UUID, Screening]:
    hashes = {party.pk: party.subject_hash for party in parties}
    rows = Screening.objects.filter(party_id__in=hashes, list_versions=wanted, compared_by=reader())
    return {row.party_id: row for row in rows.order_by("created_at") if row.subject_hash == hashes[row.party_id]}


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
        row = _begun(party, wanted, trigger)
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


def _begun(party: Party, wanted: dict[str, str], trigger: str) -> Screening:
    return Screening(
        party=party, subject_hash=party.subject_hash, list_versions=wanted, trigger=trigger, compared_by=reader()
    )


def _changed_since(party: Party, base: Screening) -> bool:
    """Whether the party has ever been another since, even if it is now as it was: what came then did not meet it. Or
    whether it was compared by other code, which may have passed over what this one finds."""
    about = AuditEvent.objects.filter(subject_kind=Party._meta.label_lower, subject_id=str(party.pk))
    events = about.filter(event="party.updated", at__gte=base.created_at)
    others = base.subject_hash != party.subject_hash or base.compared_by != reader()
    return others or events.exists()


def _carried(
    row: Screening, base: Screening, versions: Sequence[WatchlistVersion], changes: Mapping[str, Unscreened]
) -> list[Match]:
    """The matches of the last screening whose entries stand as they stood, as matches of this one."""
    rows = [
        each
        for each in base.matches.exclude(state=Match.State.OUTDATED)
        if each.list_code not in changes or each.external_id not in changes[each.list_code].touched
    ]
    there = ListedParty.objects.filter(version__in=versions, external_id__in={each.external_id for each in rows})
    stand = {
        (code, *entry): pk
        for pk, code, *entry in there.values_list("pk", "version__watchlist_id", "external_id", "entry_hash")
    }
    names = (
        "list_code",
        "external_id",
        "entry_hash",
        "listed_name",
        "score",
        "threshold",
        "strength",
        "features",
        "state",
    )
    return [
        Match(screening=row, party=row.party, listed_party_id=pk, **{name: getattr(each, name) for name in names})
        for each in rows
        if (pk := stand.get((each.list_code, each.external_id, each.entry_hash)))
    ]


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
