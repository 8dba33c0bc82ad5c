"""The watchlists as they stand: what is current, how old, and what the last load refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from compliance.base import clock
from compliance.models import ListedParty, Watchlist, WatchlistVersion


@dataclass(frozen=True, slots=True)
class ListStatus:
    """One list. `state`: current, stale, missing. `refusal` is of a load newer than the current version."""

    code: str
    title: str
    authority: str
    required: bool
    state: str
    version_id: UUID | None
    sha256: str
    row_count: int
    fetched_at: datetime | None
    confirmed_at: datetime | None
    stale_at: datetime | None
    refusal: str


def watchlist_status() -> list[ListStatus]:
    """Every registered list, by code, in three queries."""
    refused = {
        row.watchlist_id: row
        for row in WatchlistVersion.objects.filter(state=WatchlistVersion.State.REFUSED).order_by("created_at")
    }
    current = {row.watchlist_id: row for row in current_versions()}
    return [
        _status(watchlist, current.get(watchlist.code), refused.get(watchlist.code))
        for watchlist in Watchlist.objects.order_by("code")
    ]


def current_versions() -> list[WatchlistVersion]:
    """The current version of each list that has one, by code, with its list."""
    return list(
        WatchlistVersion.objects.filter(state=WatchlistVersion.State.CURRENT)
        .select_related("watchlist")
        .order_by("watchlist_id")
    )


@dataclass(frozen=True, slots=True)
class Delta:
    """What one version of a list changed against another: external id -> row id (of the older one for `removed`)."""

    added: dict[str, UUID]
    changed: dict[str, UUID]
    removed: dict[str, UUID]


def delta(old_version_id: UUID | None, new_version_id: UUID) -> Delta:
    """What the new version changed, by the hash of each entry; against nothing, everything is added."""
    old, new = _entries(old_version_id), _entries(new_version_id)
    return Delta(
        added={key: row for key, (_, row) in new.items() if key not in old},
        changed={key: row for key, (hash_, row) in new.items() if key in old and old[key][0] != hash_},
        removed={key: row for key, (_, row) in old.items() if key not in new},
    )


def delta_since_last_rescreening(version: WatchlistVersion) -> Delta:
    """What the version changed since parties were last held against its list; versions skipped meanwhile count in."""
    last = (
        WatchlistVersion.objects.filter(watchlist_id=version.watchlist_id, created_at__lt=version.created_at)
        .exclude(rescreened_at=None)
        .order_by("-created_at")
        .first()
    )
    return delta(last.pk if last else None, version.pk)


def _entries(version_id: UUID | None) -> dict[str, tuple[str, UUID]]:
    if version_id is None:
        return {}
    rows = ListedParty.objects.filter(version_id=version_id).values_list("external_id", "entry_hash", "pk")
    return {external_id: (entry_hash, pk) for external_id, entry_hash, pk in rows}


def _status(watchlist: Watchlist, current: WatchlistVersion | None, refused: WatchlistVersion | None) -> ListStatus:
    limit = timedelta(seconds=watchlist.staleness_limit_seconds)
    stale_at = current.confirmed_at + limit if current else None
    state = "missing" if current is None or stale_at is None else "stale" if stale_at <= clock.now() else "current"
    newer = refused is not None and (current is None or refused.fetched_at > current.confirmed_at)
    return ListStatus(
        code=watchlist.code,
        title=watchlist.title,
        authority=watchlist.authority,
        required=watchlist.required,
        state=state,
        version_id=current.pk if current else None,
        sha256=current.sha256 if current else "",
        row_count=current.row_count if current else 0,
        fetched_at=current.fetched_at if current else None,
        confirmed_at=current.confirmed_at if current else None,
        stale_at=stale_at,
        refusal=refused.refusal if refused is not None and newer else "",
    )
