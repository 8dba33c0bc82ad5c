"""What an operator has to look at about money: rails that differ from the books, and money that stands still."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from compliance.base import clock
from compliance.selectors import travel
from compliance.selectors.restrictions import open_restrictions
from settlement.models import Account, Hold, Payout
from settlement.selectors.comparisons import newest_comparison
from settlement.selectors.refunds import waiting_refunds

# How long a payout may wait for its rail before it is an alarm.
WAITS_LONG = timedelta(hours=1)
_RAILS = {Hold.Rail.CARD.value: "The card network", Hold.Rail.ESCROW.value: "The escrow contract"}
_CLEARING = {
    Hold.Rail.CARD.value: Account.Kind.STRIPE_CLEARING,
    Hold.Rail.ESCROW.value: Account.Kind.CHAIN_CLEARING,
}
# Rails are compared every minute: what was not for so long is compared no more.
SILENT_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MoneyAlarm:
    """One thing to look at: what it is, and what to do."""

    title: str
    text: str


def money_alarms() -> list[MoneyAlarm]:
    """What is wrong with money now; the newest comparison of each rail counts, older ones are history."""
    return [*_differing(), *_standing()]


def waiting_payouts() -> QuerySet[Payout]:
    """Payouts that are a rail's turn: not those that compliance froze or that wait for travel data."""
    waiting = Payout.objects.filter(state__in=(Payout.State.PENDING, Payout.State.SENDING))
    return waiting.exclude(pk__in=travel.awaited().values("subject_id"))


def late_payouts() -> QuerySet[Payout]:
    """Payouts that have waited for an hour."""
    return waiting_payouts().filter(state_changed_at__lte=clock.now() - WAITS_LONG)


def late_settlements() -> QuerySet[Hold]:
    """Holds that settle for longer than a rail may take."""
    return Hold.objects.filter(state=Hold.State.SETTLING, state_deadline_at__lte=clock.now())


def _differing() -> Iterator[MoneyAlarm]:
    for rail, title in _RAILS.items():
        run = newest_comparison(rail)
        if run is None:
            continue
        if run.created_at <= clock.now() - SILENT_AFTER and _has_money(rail):
            text = f"The last time was {run.created_at:%d %b %Y %H:%M}: look at the rail and at the worker's log."
            yield MoneyAlarm(f"{title} was not compared with the books for an hour", text)
        if run.balanced:
            continue
        rows = run.differences.order_by("created_at")
        first, count = rows[0], len(rows)
        text = f"{count} at {run.through_at:%d %b %Y %H:%M}, the first: {first.explanation} ({first.external_id})."
        yield MoneyAlarm(f"{title} and the books differ", f"{text} All of them: see Comparisons.")


def _has_money(rail: str) -> bool:
    return Account.objects.filter(kind=_CLEARING[rail]).exclude(balance_minor=0).exists()


def _standing() -> Iterator[MoneyAlarm]:
    if count := late_payouts().count():
        text = "Look at the rail and at the worker's log; the sweep asks again, and nobody is paid twice."
        yield MoneyAlarm(f"Payouts that have waited for an hour: {count}", text)
    # Those to a restricted renter wait for compliance.
    refunds = waiting_refunds().exclude(party_id__in=open_restrictions().values("party_id"))
    if count := refunds.filter(state_changed_at__lte=clock.now() - WAITS_LONG).count():
        text = "Look at the card network and at the worker's log; the sweep asks again, and nobody is refunded twice."
        yield MoneyAlarm(f"Refunds that have waited for an hour: {count}", text)
    if count := late_settlements().count():
        text = "Look at the rail and at the worker's log; the money is held until its rail has answered."
        yield MoneyAlarm(f"Holds that have settled for an hour: {count}", text)
