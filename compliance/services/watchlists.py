"""Watchlists: loaded as immutable versions, refused when they are not what they should be."""

import logging
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Refusal
from compliance.base.transition import transition
from compliance.models import ListFetch, Watchlist, WatchlistVersion
from compliance.services.list_alarms import alarm
from compliance.services.list_entries import store_delta, store_entries
from compliance.services.list_losses import OfficersWord, losses, officers_word
from compliance.services.list_registry import UnknownWatchlist, known, register_lists, registered
from compliance.services.notices import send_on_commit
from compliance.signals import watchlist_loaded
from compliance.sources.base import NotAList
from compliance.sources.catalogue import KnownList, format_of, published, read_list, reader
from compliance.sources.download import DownloadRefused, Fetched, Validators, downloaded, downloaded_set, sha256_of
from compliance.sources.ofac_csv import companions, refuse_without_companions, set_of_urls

__all__ = ["UnknownWatchlist", "WatchlistRefused", "load_watchlist", "register_lists"]

logger = logging.getLogger(__name__)

LOAD_WITHIN = timedelta(hours=1)
_State = WatchlistVersion.State
_Outcome = ListFetch.Outcome


class WatchlistRefused(Refusal):
    """The content is not the list, or lost too much of it; the version before stays in force."""

    code = "watchlist_refused"
    http_status = 422


@dataclass(frozen=True, slots=True)
class _Load:
    """One load under way. `word` is what two officers said about content that was refused; None for nothing."""

    watchlist: Watchlist
    known: KnownList
    source: str
    actor: Actor
    word: OfficersWord | None

    def word_for(self, sha256: str) -> OfficersWord | None:
        """Their word, if it is about this very content."""
        return self.word if self.word and self.word.sha256 == sha256 else None


def load_watchlist(
    code: str, source: str, *, actor: Actor, allow_shrink: bool = False, reference: str = ""
) -> WatchlistVersion:
    """The list's newest content is current, from a file's path or an https address; the same content is confirmed.

    An address is asked only for what has changed since it last gave the current content (ETag, Last-Modified). What
    other code than this read is read again, and its delta is what the two made of it differently.
    Content that is no such list, is empty, older than what is in force or lost more than 5 % of its entries, at once or
    within thirty days, is refused, and so is a first version from its authority with fewer entries than the list has at
    least: the version before stays, and a case is opened. To let it in all the same, two officers release that case,
    and `allow_shrink` with its number as `reference` loads the very content that they saw.
    Raises UnknownWatchlist, WatchlistRefused, InvalidInput.
    """
    listed = known(code)
    watchlist = registered(listed)
    load = _Load(watchlist, listed, source, actor, officers_word(watchlist, reference) if allow_shrink else None)
    present = WatchlistVersion.objects.filter(watchlist=watchlist, state=_State.CURRENT).first()
    try:
        with _opened(source, _known_validators(present, source)) as fetched:
            return _take(load, fetched, present)
    except (OSError, DownloadRefused) as error:
        # Nothing was read, so there is nothing to keep; staleness raises the alarm if this goes on.
        what = error.strerror if isinstance(error, OSError) else str(error)
        _remember(load, _Outcome.FAILED, None, detail=what or type(error).__name__)
        raise WatchlistRefused(f"The list {code} could not be read: {what}. The version before stays.") from error


def _opened(source: str, validators: Validators) -> AbstractContextManager[Fetched]:
    if "://" in source:
        files = set_of_urls(source)
        return downloaded_set(files) if files else downloaded(source, validators)
    return nullcontext(Fetched(Path(source)))


def _known_validators(present: WatchlistVersion | None, source: str) -> Validators:
    """By what the source last gave the content that is current; nothing if the current one came from elsewhere or was
    read by other code."""
    gave = (_Outcome.LOADED, _Outcome.CONFIRMED, _Outcome.NOT_MODIFIED)
    rows = ListFetch.objects.filter(source=source[:500], outcome__in=gave).order_by("-created_at")
    last = rows.filter(version=present).first() if present and present.read_by == reader() else None
    return Validators(last.etag, last.last_modified) if last else Validators()


def _take(load: _Load, fetched: Fetched, present: WatchlistVersion | None) -> WatchlistVersion:
    if fetched.path is None and present is not None:
        return _confirm(load, present, _Outcome.NOT_MODIFIED, fetched.validators)
    path = fetched.path or Path(load.source)
    sha256 = sha256_of(path, *companions(path))
    current = WatchlistVersion.objects.filter(watchlist=load.watchlist, state=_State.CURRENT)
    same = current.filter(sha256=sha256, read_by=reader()).first()
    if same is not None:
        return _confirm(load, same, _Outcome.CONFIRMED, fetched.validators)
    return _load(load, path, sha256, fetched.validators)


def _load(load: _Load, path: Path, sha256: str, validators: Validators) -> WatchlistVersion:
    try:
        format, day, why = format_of(load.known, path), published(path), None
        refuse_without_companions(format, path)
    except NotAList as error:
        format, day, why = "", None, error
    now, word = clock.now(), load.word_for(sha256)
    version = WatchlistVersion.objects.create(
        watchlist=load.watchlist,
        state=_State.LOADING,
        state_changed_at=now,
        state_deadline_at=now + LOAD_WITHIN,
        sha256=sha256,
        source=load.source[:500],
        format=format,
        read_by=reader(),
        published_on=day,
        fetched_at=now,
        confirmed_at=now,
        loaded_by=load.actor.ref,
        let_in_by=word.case if word else None,
    )
    try:
        if why is not None:
            raise why
        with transaction.atomic():
            _take_in(load, version, path)
            _remember(load, _Outcome.LOADED, version, validators)
    except (NotAList, WatchlistRefused) as error:
        _refuse(load, version, str(error))
        told = str(error).rstrip(".")
        raise WatchlistRefused(f"The list {load.known.code} was refused: {told}. The version before stays.") from error
    return version


def _confirm(load: _Load, version: WatchlistVersion, how: _Outcome, validators: Validators) -> WatchlistVersion:
    version.confirmed_at = clock.now()
    with transaction.atomic():
        version.save(update_fields=["confirmed_at"])
        _remember(load, how, version, validators)
        data = {"code": version.watchlist_id, "how": str(how)}
        audit.record("watchlist.confirmed", actor=load.actor, subject=version, data=data)
    return version


def _take_in(load: _Load, version: WatchlistVersion, path: Path) -> None:
    # Two loads of one list wait for each other here.
    Watchlist.objects.select_for_update().get(pk=version.watchlist_id)
    counts = store_entries(version, read_list(path, version.format))
    old = WatchlistVersion.objects.filter(watchlist_id=version.watchlist_id, state=_State.CURRENT).first()
    delta = store_delta(old, version)
    if version.let_in_by is None:
        _refuse_doubtful(load, version, old, counts, delta)
    if old is not None:
        transition(old, _State.SUPERSEDED, actor=load.actor, event="watchlist.superseded", data={"by": str(version.pk)})
    data = {"code": version.watchlist_id, "sha256": version.sha256, "rows": counts["parties"], "delta": delta}
    if version.let_in_by is not None:
        data["case"] = str(version.let_in_by.pk)
    transition(
        version,
        _State.CURRENT,
        actor=load.actor,
        event="watchlist.loaded",
        data=data,
        row_count=counts["parties"],
        counts=dict(counts),
        previous=old,
        added=delta["added"],
        changed=delta["changed"],
        removed=delta["removed"],
    )
    send_on_commit(watchlist_loaded, code=version.watchlist_id, version_id=version.pk)
    enqueue("compliance.rescreen_after_list_changes")


def _refuse_doubtful(
    load: _Load, version: WatchlistVersion, old: WatchlistVersion | None, counts: Counter[str], delta: dict[str, int]
) -> None:
    """Raises WatchlistRefused for what only two officers may let in, with all that they would let in by it."""
    if old is None:
        fewest = load.known.fewest if load.known.is_official(load.source) else 1
        if counts["parties"] < fewest:
            raise WatchlistRefused(f"it has {counts['parties']} entries; its authority's list has at least {fewest}.")
        return
    doubts = list(losses(old, version, counts, delta))
    if version.published_on and old.published_on and version.published_on < old.published_on:
        doubts.insert(0, f"it is of {version.published_on}, older than the one in force, of {old.published_on}")
    if doubts:
        raise WatchlistRefused("; ".join(doubts) + ".")


def _refuse(load: _Load, version: WatchlistVersion, why: str) -> None:
    with transaction.atomic():
        transition(
            version,
            _State.REFUSED,
            actor=load.actor,
            event="watchlist.refused",
            data={"code": version.watchlist_id, "sha256": version.sha256},
            refusal=why[:400],
        )
        _remember(load, _Outcome.REFUSED, version, detail=why)
        summary = f"The list {version.watchlist_id} was refused: {why}"
        alarm(load.watchlist, summary, load.actor, version.sha256, version.pk)
    logger.warning("watchlist %s refused: %s", version.watchlist_id, why)


def _remember(
    load: _Load,
    outcome: _Outcome,
    version: WatchlistVersion | None,
    validators: Validators | None = None,
    *,
    detail: str = "",
) -> None:
    told = validators or Validators()
    ListFetch.objects.create(
        watchlist=load.watchlist,
        version=version,
        source=load.source[:500],
        outcome=outcome,
        detail=detail[:400],
        etag=told.etag,
        last_modified=told.last_modified,
        fetched_by=load.actor.ref,
    )
