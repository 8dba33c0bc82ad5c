"""The watchlists as they stand: what is current, how old, and what the last load refused."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q

from compliance.base import clock
from compliance.base.errors import NotFound
from compliance.models import Watchlist, WatchlistVersion
from compliance.sources.catalogue import known_list

State = WatchlistVersion.State


@dataclass(frozen=True, slots=True)
class ListStatus:
    """One list. `state`: current, stale, missing. `refusal` is a sentence, of a load newer than the current version."""

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
    added: int = 0
    changed: int = 0
    removed: int = 0
    staleness_limit_seconds: int = 0
    fetch_url: str = ""
    fetch_every_seconds: int = 0


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


def list_named(code: str) -> Watchlist:
    """The list of that code. Raises NotFound."""
    found = Watchlist.objects.filter(pk=code).first()
    if found is None:
        raise NotFound
    return found


def current_versions() -> list[WatchlistVersion]:
    """The current version of each list that has one, by code, with its list."""
    return list(
        WatchlistVersion.objects.filter(state=WatchlistVersion.State.CURRENT)
        .select_related("watchlist")
        .order_by("watchlist_id")
    )


def versions_as_of(moment: datetime) -> list[WatchlistVersion]:
    """The version of each list that was current at the moment, by code, with its list.

    It is the oldest that was loaded by then and not yet superseded: a newer one was still loading.
    """
    there = Q(state=State.CURRENT, state_changed_at__lte=moment)
    there |= Q(state=State.SUPERSEDED, created_at__lte=moment, state_changed_at__gt=moment)
    rows = WatchlistVersion.objects.filter(there).select_related("watchlist")
    return list(rows.order_by("watchlist_id", "created_at").distinct("watchlist_id"))


def first_loaded_at() -> datetime | None:
    """When the first version of any list was loaded."""
    loaded = WatchlistVersion.objects.filter(state__in=(State.CURRENT, State.SUPERSEDED))
    return loaded.order_by("created_at").values_list("created_at", flat=True).first()


def stale_at(version: WatchlistVersion, confirmed_at: datetime | None = None) -> datetime:
    """When the version is too old to be decided by: so long after a fetch last found it to be the newest, which was
    `confirmed_at` where that is told.

    What is fetched and bears its day is stale too when its authority has certainly brought out a newer one: an address
    that gives the same old file for ever confirms nothing.
    """
    row = version.watchlist
    limit = (confirmed_at or version.confirmed_at) + timedelta(seconds=row.staleness_limit_seconds)
    known = known_list(row.code)
    if known is None or known.newest_within is None or version.published_on is None:
        return limit
    if "://" not in version.source and not row.fetch_url:
        return limit  # an operator brought the file, and answers for it
    return min(limit, datetime.combine(version.published_on, time.min, UTC) + known.newest_within)


def _status(watchlist: Watchlist, current: WatchlistVersion | None, refused: WatchlistVersion | None) -> ListStatus:
    ends = stale_at(current) if current else None
    state = "missing" if ends is None else "stale" if ends <= clock.now() else "current"
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
        stale_at=ends,
        refusal=_sentence(refused.refusal) if refused is not None and newer else "",
        added=current.added if current else 0,
        changed=current.changed if current else 0,
        removed=current.removed if current else 0,
        staleness_limit_seconds=watchlist.staleness_limit_seconds,
        fetch_url=watchlist.fetch_url,
        fetch_every_seconds=watchlist.fetch_every_seconds,
    )


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words}."
