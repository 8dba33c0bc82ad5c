"""Which lists there are, how old each may grow, and where it is fetched: set by operators, on record, within bounds."""

from urllib.parse import urlsplit

from django.db import transaction

from compliance.base import audit
from compliance.base.actor import Actor, Role
from compliance.base.errors import Forbidden, InvalidInput, NotFound
from compliance.models import Watchlist
from compliance.models.watchlists import LONGEST_STALENESS_SECONDS, SHORTEST_STALENESS_SECONDS
from compliance.sources.catalogue import KNOWN_LISTS, KnownList, known_list

SHORTEST_FETCH_SECONDS = 15 * 60
OFFICIAL = "official"


class UnknownWatchlist(NotFound):
    """No list has this code."""

    code = "unknown_watchlist"
    default_message = "There is no list of this code. Nothing was changed."


def register_lists() -> list[Watchlist]:
    """Every list that Gridclear knows has its row."""
    return [registered(known) for known in KNOWN_LISTS]


def known(code: str) -> KnownList:
    """The list of that code. Raises UnknownWatchlist."""
    found = known_list(code)
    if found is None:
        raise UnknownWatchlist
    return found


def registered(known: KnownList) -> Watchlist:
    """The list's row, made when it is not there yet."""
    row, _ = Watchlist.objects.get_or_create(
        code=known.code,
        defaults={
            "title": known.title,
            "authority": known.authority,
            "source_url": known.source_url,
            "format": known.format,
            "required": known.required,
        },
    )
    return row


def set_staleness_limit(code: str, seconds: int, *, actor: Actor) -> Watchlist:
    """Past so many seconds without news of it, the list makes the gate refuse. On record.

    Raises Forbidden, UnknownWatchlist; InvalidInput beyond two weeks, below an hour, or below twice the time between
    two fetches.
    """
    _require_operator(actor)
    if not SHORTEST_STALENESS_SECONDS <= seconds <= LONGEST_STALENESS_SECONDS:
        raise InvalidInput("A list may grow between 1 hour and 14 days old. Nothing was changed.")
    with transaction.atomic():
        row = _locked(code)
        if row.fetch_url:
            _refuse_too_seldom(row.fetch_every_seconds, seconds)
        before, row.staleness_limit_seconds = row.staleness_limit_seconds, seconds
        row.save(update_fields=["staleness_limit_seconds"])
        data = {"code": code, "before_seconds": before, "after_seconds": seconds}
        audit.record("watchlist.staleness_limit_set", actor=actor, subject=row, data=data)
    return row


def schedule_fetching(code: str, url: str, every_seconds: int | None = None, *, actor: Actor) -> Watchlist:
    """The beat fetches the list from the address ("official": its authority's; "": no more). On record.

    Raises Forbidden, UnknownWatchlist; InvalidInput for an address that no list comes from, or a pace that does not
    go with the list's staleness limit.
    """
    _require_operator(actor)
    address = known(code).source_url if url == OFFICIAL else url.strip()
    if url == OFFICIAL and not address:
        raise InvalidInput("This list has no official address: name one. Nothing was changed.")
    if address and not _may_be_asked(address):
        raise InvalidInput("A list comes from an https address without a login or a port. Nothing was changed.")
    with transaction.atomic():
        row = _locked(code)
        every = every_seconds or row.fetch_every_seconds
        if address:
            _refuse_too_seldom(every, row.staleness_limit_seconds)
        row.fetch_url, row.fetch_every_seconds = address, every
        row.save(update_fields=["fetch_url", "fetch_every_seconds"])
        data = {"code": code, "host": urlsplit(address).hostname or "", "every_seconds": every}
        audit.record("watchlist.fetching_scheduled", actor=actor, subject=row, data=data)
    return row


def _refuse_too_seldom(every: int, limit: int) -> None:
    if not SHORTEST_FETCH_SECONDS <= every <= limit // 2:
        raise InvalidInput(
            f"A list is fetched at most every 15 minutes and at least twice within its limit of {limit // 3600} hours. "
            "Nothing was changed."
        )


def _may_be_asked(url: str) -> bool:
    try:
        parts = urlsplit(url)
        fits = bool(parts.hostname) and not parts.username and parts.port in (None, 443)
    except ValueError:
        return False
    return parts.scheme == "https" and fits and len(url) <= 500


def _locked(code: str) -> Watchlist:
    registered(known(code))
    return Watchlist.objects.select_for_update().get(pk=code)


def _require_operator(actor: Actor) -> None:
    if Role.OPERATOR not in actor.roles:
        raise Forbidden("Only an operator sets how lists are fetched. Nothing was changed.")
