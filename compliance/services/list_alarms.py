"""When something is wrong with a list, officers have a case, and one only for each thing."""

from uuid import UUID

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.transition import transition
from compliance.models import Case, Watchlist, WatchlistVersion
from compliance.selectors.watchlists import current_versions, stale_at
from compliance.services import cases
from compliance.services.list_registry import register_lists

_State = WatchlistVersion.State


def sweep_unfinished_loads(*, actor: Actor) -> int:
    """Loads that died half-way are REFUSED. Returns how many."""
    count = 0
    for row in WatchlistVersion.objects.filter(state=_State.LOADING, state_deadline_at__lte=clock.now()):
        transition(row, _State.REFUSED, actor=actor, event="watchlist.refused", refusal="The load did not finish.")
        count += 1
    return count


def alarm_stale_lists(*, actor: Actor) -> int:
    """Every list in use that is stale, and every required one that is missing, has an open case. Returns how many."""
    count = 0
    current = {row.watchlist_id: stale_at(row) for row in current_versions()}
    for watchlist in register_lists():
        ends = current.get(watchlist.code)
        if ends is None and not watchlist.required:
            continue
        if ends is not None and ends > clock.now():
            continue
        what = "is older than its limit" if ends else "was never loaded"
        alarm(watchlist, f"The list {watchlist.code} {what}; the gate refuses until it is loaded.", actor, "stale")
        count += 1
    return count


def alarm(watchlist: Watchlist, summary: str, actor: Actor, scope: str, version_id: UUID | None = None) -> None:
    """An open case says so; `scope` tells what it is about, so that the same thing opens no second one."""
    cases.open_case(
        kind=Case.Kind.LIST_ALARM,
        priority=Case.Priority.HIGH,
        summary=summary,
        reason_codes=["LIST_ALARM"],
        subject_id=version_id,
        scope=f"{watchlist.code}:{scope}",
        actor=actor,
    )
