"""When each list is fetched next: spread out, and less often while its server fails."""

import hashlib
from datetime import datetime, timedelta

from compliance.base import clock
from compliance.models import ListFetch, Watchlist

FIRST_RETRY = timedelta(minutes=1)
JITTER = 0.2
_LOOKED_BACK = 20
_FAILED = (ListFetch.Outcome.FAILED, ListFetch.Outcome.REFUSED)


def last_fetches(watchlist: Watchlist, most: int) -> list[ListFetch]:
    """The list's last attempts to fetch it, newest first."""
    return list(watchlist.fetches.order_by("-created_at", "-id")[:most])


def next_fetch_at(watchlist: Watchlist) -> datetime | None:
    """When the list is due; None for one that is not fetched.

    After a success: its pace, less or more by up to a tenth, so that not all lists come at once and not all
    installations ask at the same minute. After failures: a minute, then twice as long each time, up to its pace.
    """
    if not watchlist.fetch_url:
        return None
    recent = list(watchlist.fetches.filter(source=watchlist.fetch_url).order_by("-created_at", "-id")[:_LOOKED_BACK])
    if not recent:
        return clock.now()
    failures = next((count for count, row in enumerate(recent) if row.outcome not in _FAILED), len(recent))
    pace = timedelta(seconds=watchlist.fetch_every_seconds)
    wait = min(pace, FIRST_RETRY * 2 ** (failures - 1)) if failures else pace
    return recent[0].created_at + wait * _jitter(recent[0])


def is_due(watchlist: Watchlist) -> bool:
    """Whether the list is to be fetched now."""
    at = next_fetch_at(watchlist)
    return at is not None and at <= clock.now()


def _jitter(fetch: ListFetch) -> float:
    """A factor about 1 that the fetch's random id gives: the same whenever it is asked for."""
    share = int.from_bytes(hashlib.sha256(fetch.pk.bytes).digest()[:4], "big") / 0xFFFFFFFF
    return 1 - JITTER / 2 + JITTER * share
