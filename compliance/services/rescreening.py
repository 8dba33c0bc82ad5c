"""When lists change, whom the change can touch is compared again, and nobody else.

The work grows with what changed, never with how long the lists are, and hardly with the parties: a small index holds
the entries that came or changed, only parties that share a key with it are looked up in it, and only who is found gets
a new screening, made of the last one and of the change.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.models import Clearance, Match, Party, PartyWallet, Screening, WatchlistVersion
from compliance.selectors.list_changes import Unscreened, unscreened
from compliance.selectors.watchlists import current_versions
from compliance.services import delistings, list_alarms, list_hits, party_keys, screening, screening_index
from compliance.services.screening_index import Index

logger = logging.getLogger(__name__)

SMALL_CHANGE = 0.25
_CHUNK = 1000  # parties
_State = WatchlistVersion.State
_TRIGGER = "list_change"


@dataclass(frozen=True, slots=True)
class Rescreened:
    """What one run did: versions worked through, parties with open matches, parties frozen, cases looked at again."""

    versions: int
    hits: int
    frozen: int
    reopened: int = 0


class PartiesLeft(RuntimeError):
    """Some parties could not be held against a change; all others were. The next run tries again."""


def rescreen_after_list_changes(*, actor: Actor) -> Rescreened:
    """Every current version has been held against every party, and what rested on entries that went was looked at.

    Run again, it finds nothing left to do. A run that dies half-way is repeated whole by the next: each step finds
    what was done and does the rest. Raises PartiesLeft, once everybody else was seen to and officers have a case.
    """
    versions = list(WatchlistVersion.objects.filter(state=_State.CURRENT, rescreened_at=None).order_by("created_at"))
    if not versions:
        return Rescreened(0, 0, 0)
    changes = {version.watchlist_id: unscreened(version) for version in versions}
    index = _index_of(changes)
    outdated = delistings.outdated_matches(changes.values())
    found = {*_hit(changes, index), *outdated}
    done = [_each_by_itself(party_id, changes, index, outdated.get(party_id, []), actor) for party_id in sorted(found)]
    reopened = delistings.note_in_cases_about_wallets_and_owners(changes, actor=actor)
    failed = sum(each is None for each in done)
    if failed:
        told = f"{failed} of {len(found)} parties could not be held against a change of lists; it is tried again."
        list_alarms.alarm(versions[0].watchlist, told, actor, "rescreening")
        raise PartiesLeft(told)
    for version in versions:
        _note_done(version, len(found), actor)
    hits, frozen, looked_at = (sum(each[at] for each in done if each) for at in range(3))
    return Rescreened(len(versions), hits, frozen, reopened + looked_at)


def _each_by_itself(
    party_id: UUID, changes: Mapping[str, Unscreened], index: Index | None, outdated: list[Match], actor: Actor
) -> tuple[bool, int, int] | None:
    """Whether the party has open matches, how many were frozen and how many cases were looked at again; None when it
    failed. What is wrong with one party's rows keeps nobody else unfrozen."""
    try:
        row = _screened(party_id, changes, index)
        reopened = delistings.look_again(row, outdated, actor=actor) if outdated else 0
        open_matches, frozen = list_hits.handle_screening(row, actor=actor)
    except Exception:
        logger.exception("the party %s could not be held against a change of lists", party_id)
        return None
    return bool(open_matches), frozen, reopened


def rescreen_all(*, actor: Actor, trigger: str = "scheduled") -> int:
    """Every party has been compared with the lists as they are; hits are dealt with. Returns the parties with hits."""
    count = 0
    for party_id in (
        Party.objects.filter(erased_at=None).order_by("id").values_list("pk", flat=True).iterator(chunk_size=1000)
    ):
        row = screening.screen_party(party_id, trigger=trigger)
        count += bool(list_hits.handle_screening(row, actor=actor)[0])
    return count


def parties_hit_by(index: Index) -> set[UUID]:
    """The parties that an entry of the index may mean: by name, by alias, by number, by wallet."""
    named = Party.objects.filter(erased_at=None).only(*screening_index.ASKED)
    hit = {party.pk for party in named.iterator(chunk_size=1000) if index.candidates(party, ())}
    return hit | _wallets_hit_by(index)


def parties_hit_by_few(index: Index) -> set[UUID]:
    """As `parties_hit_by`, for an index of few entries: only parties that share a key with it are looked up."""
    touched = party_keys.touched_by(index.keys())
    hit: set[UUID] = set()
    for start in range(0, len(touched), _CHUNK):
        named = Party.objects.filter(pk__in=touched[start : start + _CHUNK], erased_at=None)
        hit |= {party.pk for party in named.only(*screening_index.ASKED) if index.candidates(party, ())}
    return hit | _wallets_hit_by(index)


def _wallets_hit_by(index: Index) -> set[UUID]:
    linked = PartyWallet.objects.values_list("party_id", "address").iterator(chunk_size=2000)
    hit = {party_id for party_id, address in linked if index.wallet_hits(address)}
    cleared = (
        Clearance.objects.filter(revoked_at=None, expires_at__gt=clock.now(), renter_party_id__isnull=False)
        .exclude(wallet_address="")
        .values_list("renter_party_id", "wallet_address")
    )
    return hit | {party_id for party_id, address in cleared if party_id and index.wallet_hits(address)}


def _hit(changes: Mapping[str, Unscreened], index: Index | None) -> set[UUID]:
    if index is None:
        return set()
    return parties_hit_by(index) if any(map(_is_large, changes.values())) else parties_hit_by_few(index)


def _index_of(changes: Mapping[str, Unscreened]) -> Index | None:
    """A small index over a small change; where most of a list is new, the whole one, which is wanted anyway."""
    if any(map(_is_large, changes.values())):
        return screening_index.current(tuple(current_versions()))
    fresh = [row_id for change in changes.values() for row_id in change.fresh]
    return screening_index.build([change.version.pk for change in changes.values()], fresh) if fresh else None


def _is_large(change: Unscreened) -> bool:
    return change.whole or len(change.fresh) >= change.version.row_count * SMALL_CHANGE


def _screened(party_id: UUID, changes: Mapping[str, Unscreened], index: Index | None) -> Screening:
    """The party's screening against the current lists: by the change alone where its last one allows it."""
    if not any(map(_is_large, changes.values())):
        row = screening.screen_by_delta(Party.objects.get(pk=party_id), changes, index, trigger=_TRIGGER)
        if row is not None:
            return row
    return screening.screen_party(party_id, trigger=_TRIGGER)


def _note_done(version: WatchlistVersion, found: int, actor: Actor) -> None:
    with transaction.atomic():
        done = WatchlistVersion.objects.filter(pk=version.pk, rescreened_at=None).update(rescreened_at=clock.now())
        if done:
            data = {"code": version.watchlist_id, "candidates": found}
            audit.record("watchlist.rescreened", actor=actor, subject=version, data=data)
