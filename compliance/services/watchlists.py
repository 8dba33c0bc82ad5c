"""Watchlists: loaded as immutable versions, refused when they are not what they should be."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import InvalidInput, NotFound, Refusal
from compliance.base.transition import transition
from compliance.models import Case, ListedName, ListedParty, ListedWallet, Watchlist, WatchlistVersion
from compliance.services import cases
from compliance.services.listing import name_rows, party_row, wallet_rows
from compliance.services.notices import send_on_commit
from compliance.signals import watchlist_loaded
from compliance.sources.base import ListEntry, NotAList
from compliance.sources.catalogue import KNOWN_LISTS, KnownList, format_of, known_list, published, read_list
from compliance.sources.download import DownloadRefused, downloaded, sha256_of

logger = logging.getLogger(__name__)

MAX_SHRINK = 0.05
LOAD_WITHIN = timedelta(hours=1)
_BATCH = 1000
_State = WatchlistVersion.State


class UnknownWatchlist(NotFound):
    """No list has this code."""

    code = "unknown_watchlist"
    default_message = "There is no list of this code. Nothing was changed."


class WatchlistRefused(Refusal):
    """The content is not the list, or lost too much of it; the version before stays in force."""

    code = "watchlist_refused"
    http_status = 422


def register_lists() -> list[Watchlist]:
    """Every list that Gridclear knows has its row."""
    return [_registered(known) for known in KNOWN_LISTS]


def load_watchlist(
    code: str, source: str, *, actor: Actor, allow_shrink: bool = False, reference: str = ""
) -> WatchlistVersion:
    """The list's newest content is current, from a file's path or an https address; the same content is confirmed.

    Content that is no such list, is empty or lost more than 5 % of its entries is refused: the version before stays,
    and a case is opened. To let a shrunken list in, two officers release that case, and `allow_shrink` with its
    number as `reference` loads the very content that they saw.
    Raises UnknownWatchlist, WatchlistRefused, InvalidInput.
    """
    known = known_list(code)
    if known is None:
        raise UnknownWatchlist
    watchlist = _registered(known)
    try:
        with _opened(source) as path:
            return _load(watchlist, known, path, source, actor, _shrink_allowed_for(watchlist, allow_shrink, reference))
    except (OSError, DownloadRefused) as error:
        # Nothing was read, so there is nothing to keep; staleness raises the alarm if this goes on.
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise WatchlistRefused(f"The list {code} could not be read: {what}. The version before stays.") from error


def sweep_unfinished_loads(*, actor: Actor) -> int:
    """Loads that died half-way are REFUSED. Returns how many."""
    count = 0
    for row in WatchlistVersion.objects.filter(state=_State.LOADING, state_deadline_at__lte=clock.now()):
        transition(row, _State.REFUSED, actor=actor, event="watchlist.refused", refusal="The load did not finish.")
        count += 1
    return count


def alarm_stale_lists(*, actor: Actor) -> int:
    """Every required list that is missing or stale has an open case, one per list. Returns how many are so."""
    count = 0
    current = {row.watchlist_id: row.confirmed_at for row in WatchlistVersion.objects.filter(state=_State.CURRENT)}
    for watchlist in register_lists():
        confirmed_at = current.get(watchlist.code)
        limit = timedelta(seconds=watchlist.staleness_limit_seconds)
        if not watchlist.required or (confirmed_at and confirmed_at + limit > clock.now()):
            continue
        what = "is older than its limit" if confirmed_at else "was never loaded"
        _alarm(watchlist, f"The list {watchlist.code} {what}; the gate refuses until it is loaded.", actor, "stale")
        count += 1
    return count


def _registered(known: KnownList) -> Watchlist:
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


def _opened(source: str) -> AbstractContextManager[Path]:
    if "://" in source:
        return downloaded(source)
    return nullcontext(Path(source))


def _shrink_allowed_for(watchlist: Watchlist, allow_shrink: bool, reference: str) -> str:
    """SHA-256 of the content that two officers let in although it shrank; empty for none."""
    if not allow_shrink:
        return ""
    case = Case.objects.filter(
        number=int(reference) if reference.isdecimal() else None,
        kind=Case.Kind.LIST_ALARM,
        disposition=Case.Disposition.RELEASE,
    ).first()
    seen = (
        WatchlistVersion.objects.filter(pk=case.subject_id, watchlist=watchlist).first()
        if case and case.subject_id
        else None
    )
    if seen is None:
        raise InvalidInput(
            "To let a shrunken list in, name the number of its alarm case, released by two officers. "
            "Nothing was changed."
        )
    return seen.sha256


def _load(
    watchlist: Watchlist, known: KnownList, path: Path, source: str, actor: Actor, shrink_allowed: str
) -> WatchlistVersion:
    sha256 = sha256_of(path)
    same = WatchlistVersion.objects.filter(watchlist=watchlist, state=_State.CURRENT, sha256=sha256).first()
    if same is not None:
        return _confirm(same, actor)
    now = clock.now()
    version = WatchlistVersion.objects.create(
        watchlist=watchlist,
        state=_State.LOADING,
        state_changed_at=now,
        state_deadline_at=now + LOAD_WITHIN,
        sha256=sha256,
        source=source[:500],
        fetched_at=now,
        confirmed_at=now,
        loaded_by=actor.ref,
    )
    try:
        with transaction.atomic():
            published(path)
            _take_in(version, read_list(path, format_of(known, path)), actor, shrink_allowed == sha256)
    except (NotAList, WatchlistRefused) as error:
        _refuse(version, str(error), actor)
        why = str(error).rstrip(".")
        raise WatchlistRefused(f"The list {watchlist.code} was refused: {why}. The version before stays.") from error
    return version


def _confirm(version: WatchlistVersion, actor: Actor) -> WatchlistVersion:
    version.confirmed_at = clock.now()
    with transaction.atomic():
        version.save(update_fields=["confirmed_at"])
        audit.record("watchlist.confirmed", actor=actor, subject=version, data={"code": version.watchlist_id})
    return version


def _take_in(version: WatchlistVersion, entries: Iterator[ListEntry], actor: Actor, may_shrink: bool) -> None:
    # Two loads of one list wait for each other here.
    Watchlist.objects.select_for_update().get(pk=version.watchlist_id)
    counts: Counter[str] = Counter()
    while batch := list(islice(entries, _BATCH)):
        counts.update(_insert(version, batch))
    old = WatchlistVersion.objects.filter(watchlist_id=version.watchlist_id, state=_State.CURRENT).first()
    if old is not None:
        if counts["parties"] < old.row_count * (1 - MAX_SHRINK) and not may_shrink:
            raise WatchlistRefused(f"it shrank from {old.row_count} to {counts['parties']} entries, by more than 5 %.")
        transition(old, _State.SUPERSEDED, actor=actor, event="watchlist.superseded", data={"by": str(version.pk)})
    transition(
        version,
        _State.CURRENT,
        actor=actor,
        event="watchlist.loaded",
        data={"code": version.watchlist_id, "sha256": version.sha256, "rows": counts["parties"]},
        row_count=counts["parties"],
        counts=dict(counts),
    )
    send_on_commit(watchlist_loaded, code=version.watchlist_id, version_id=version.pk)
    enqueue("compliance.rescreen_after_list_changes")


def _insert(version: WatchlistVersion, batch: list[ListEntry]) -> dict[str, int]:
    parties = [party_row(version, entry) for entry in batch]
    ListedParty.objects.bulk_create(parties)
    pairs = list(zip(parties, batch, strict=True))
    names = ListedName.objects.bulk_create([row for party, entry in pairs for row in name_rows(party, entry)])
    wallets = ListedWallet.objects.bulk_create([row for party, entry in pairs for row in wallet_rows(party, entry)])
    return {"parties": len(parties), "names": len(names), "wallets": len(wallets)}


def _refuse(version: WatchlistVersion, why: str, actor: Actor) -> None:
    with transaction.atomic():
        transition(
            version,
            _State.REFUSED,
            actor=actor,
            event="watchlist.refused",
            data={"code": version.watchlist_id, "sha256": version.sha256},
            refusal=why[:400],
        )
        summary = f"The list {version.watchlist_id} was refused: {why}"
        _alarm(version.watchlist, summary, actor, version.sha256, version.pk)
    logger.warning("watchlist %s refused: %s", version.watchlist_id, why)


def _alarm(watchlist: Watchlist, summary: str, actor: Actor, scope: str, version_id: UUID | None = None) -> None:
    cases.open_case(
        kind=Case.Kind.LIST_ALARM,
        priority=Case.Priority.HIGH,
        summary=summary,
        reason_codes=["LIST_ALARM"],
        subject_id=version_id,
        scope=f"{watchlist.code}:{scope}",
        actor=actor,
    )
