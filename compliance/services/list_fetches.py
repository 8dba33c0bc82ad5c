"""Lists are fetched when they are due, and never twice at once.

All that this rests on lies in the database, so a beat that runs twice, or a worker that dies half-way, does no harm.
"""

import logging
from datetime import timedelta

from django.db.models import Q

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.models import Watchlist
from compliance.selectors.list_fetches import is_due
from compliance.services.watchlists import WatchlistRefused, load_watchlist

logger = logging.getLogger(__name__)

# Longer than a download and a load may take together, so that a claim outlives only a worker that died.
CLAIM_FOR = timedelta(minutes=20)


def fetch_due_lists() -> list[str]:
    """A task is on its way for each list that is due; returns their codes."""
    due = [row.code for row in Watchlist.objects.exclude(fetch_url="").order_by("code") if is_due(row)]
    for code in due:
        enqueue("compliance.fetch_list", code)
    return due


def fetch_list(code: str, *, actor: Actor) -> bool:
    """The list was fetched from its address if it was due and nobody else was at it; says whether.

    What the address gave is loaded, confirmed or refused as by hand; a failure is kept and makes the next one later.
    """
    if not _claimed(code):
        return False
    try:
        row = Watchlist.objects.exclude(fetch_url="").filter(code=code).first()
        if row is None or not is_due(row):
            return False
        load_watchlist(code, row.fetch_url, actor=actor)
    except WatchlistRefused as refusal:
        logger.warning("%s could not be fetched: %s", code, refusal.message)
    finally:
        Watchlist.objects.filter(code=code).update(fetching_until=None)
    return True


def _claimed(code: str) -> bool:
    """Whether the fetch is ours: nobody else has claimed it, or whoever did is dead by now."""
    now = clock.now()
    free = Watchlist.objects.filter(Q(fetching_until=None) | Q(fetching_until__lte=now), code=code)
    return bool(free.update(fetching_until=now + CLAIM_FOR))
