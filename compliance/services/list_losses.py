"""How much of a list may go before two officers say so: in one step, and little by little."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef

from compliance.base import clock
from compliance.base.errors import InvalidInput
from compliance.models import Case, ListChange, ListedParty, Watchlist, WatchlistVersion

MAX_LOSS = 0.05
LOSS_WINDOW = timedelta(days=30)
_State = WatchlistVersion.State
_COUNTED = ("entries", "names", "wallets")


@dataclass(frozen=True, slots=True)
class OfficersWord:
    """Two officers let in the content of this SHA-256, by releasing the case about it."""

    case: Case
    sha256: str


def officers_word(watchlist: Watchlist, reference: str) -> OfficersWord:
    """The word that the case of that number gave for content of the list.

    It was said about the list as it then stood: once other content is in force since, it holds no more.
    Raises InvalidInput.
    """
    case = Case.objects.filter(
        number=int(reference) if reference.isdecimal() else None,
        kind=Case.Kind.LIST_ALARM,
        disposition=Case.Disposition.RELEASE,
    ).first()
    mine = WatchlistVersion.objects.filter(watchlist=watchlist)
    seen = mine.filter(pk=case.subject_id).first() if case and case.subject_id else None
    if case is None or seen is None:
        raise InvalidInput(
            "To let a shrunken list in, name the number of its alarm case, released by two officers. "
            "Nothing was changed."
        )
    since = mine.filter(state=_State.CURRENT, created_at__gt=seen.created_at)
    if since.exclude(sha256=seen.sha256).exists():
        raise InvalidInput(
            f"Case {case.number} was about the list as it stood then, and other content is in force since: load it "
            "without that case, and have officers look at the new one if it is refused. Nothing was changed."
        )
    return OfficersWord(case, seen.sha256)


def losses(
    old: WatchlistVersion, new: WatchlistVersion, counts: Counter[str], delta: dict[str, int], /
) -> tuple[str, ...]:
    """What the new content lost that only two officers may let go, a sentence each; none where it may come in.

    More than one entry, name or wallet in twenty is too much, against the version before and against the most that
    any version had which was in force within the last thirty days. Content that officers let in begins the count anew.
    """
    return _at_once(old, counts, delta["removed"]) or _little_by_little(old, new, counts)


def _at_once(old: WatchlistVersion, counts: Counter[str], removed: int) -> tuple[str, ...]:
    had, has = _sizes(old.row_count, old.counts), _sizes(counts["parties"], counts)
    told = []
    if _too_few(has["entries"], had["entries"]):
        told.append(f"it shrank from {had['entries']} to {has['entries']} entries, by more than 5 %")
    elif removed > had["entries"] * MAX_LOSS:
        # Told by their ids, so that as many new entries do not hide it.
        told.append(f"it lacks {removed} of the {had['entries']} entries before, more than 5 %")
    for what in ("names", "wallets"):
        if _too_few(has[what], had[what]):
            told.append(f"its {what} shrank from {had[what]} to {has[what]}, by more than 5 %")
    return tuple(told)


def _little_by_little(old: WatchlistVersion, new: WatchlistVersion, counts: Counter[str]) -> tuple[str, ...]:
    stood = _stood_within_window(old)
    sizes, has = [_sizes(row.row_count, row.counts) for row in stood], _sizes(counts["parties"], counts)
    most = {what: max(each[what] for each in sizes) for what in _COUNTED}
    told = [f"from {most[what]} to {has[what]} {what}" for what in _COUNTED if _too_few(has[what], most[what])]
    gone = _gone_since(stood, new)
    if gone > most["entries"] * MAX_LOSS:
        told.append(f"{gone} entries went, of {most['entries']} at most")
    return (f"within {LOSS_WINDOW.days} days it lost more than 5 %: {', '.join(told)}",) if told else ()


def _stood_within_window(old: WatchlistVersion) -> list[WatchlistVersion]:
    """The versions in force within the window, newest first, back to what officers let in last.

    Each names the one before it. One that was superseded changed its state then, for the last time.
    """
    since = clock.now() - LOSS_WINDOW
    rows = WatchlistVersion.objects.filter(
        watchlist_id=old.watchlist_id, state=_State.SUPERSEDED, state_changed_at__gt=since
    ).in_bulk()
    stood = [old]
    while stood[-1].let_in_by_id is None and stood[-1].previous_id in rows:
        stood.append(rows[stood[-1].previous_id])
    return stood


def _gone_since(stood: list[WatchlistVersion], new: WatchlistVersion) -> int:
    """How many entries went since the oldest of the versions, and are not back in the new one under their own ids.

    By the deltas that are kept with versions: an entry that came and went in between counts too. What went when the
    oldest one came in is of before.
    """
    back = ListedParty.objects.filter(version=new, external_id=OuterRef("external_id"))
    went = ListChange.objects.filter(version__in=[new, *stood[:-1]], kind=ListChange.Kind.REMOVED)
    return went.filter(~Exists(back)).values("external_id").distinct().count()


def _sizes(entries: int, counts: dict[str, int]) -> dict[str, int]:
    return {"entries": entries, "names": counts.get("names", 0), "wallets": counts.get("wallets", 0)}


def _too_few(now: int, before: int) -> bool:
    return now < before * (1 - MAX_LOSS)
