"""What the books say about property that is blocked, handed down into the drafts of the reports about it.

Compliance knows that there is a report and about whom, and not what is on account; it is told from here, by a sweep.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from compliance.base.actor import system
from compliance.engine.report_forms import ANNUAL
from compliance.selectors.parties import parties_by_id
from compliance.selectors.reports import parties_of_annual, reports_without_property
from compliance.services.reports import fill_property
from settlement.models import Account, BlockedProperty, Entry, Hold, Payout

ACTOR = system("books")
# Par for the stablecoin: the officer says otherwise where it is worth less.
PER_DOLLAR = {"USD": 100, "USDC": 1_000_000}
_HELD = (
    Account.Kind.AVAILABLE,
    Account.Kind.HELD,
    Account.Kind.BLOCKED,
    Account.Kind.PAYABLE,
    Account.Kind.PAYING,
    Account.Kind.REFUNDING,
)


def fill_property_reports() -> int:
    """Every draft about property has the amounts of the books, once. Returns how many were filled."""
    waiting = list(reports_without_property()[:200])
    for report in waiting:
        if report.kind == ANNUAL:
            ids, until = parties_of_annual(report.event_on), datetime.combine(report.event_on, time.max, tzinfo=UTC)
            fill_property(report.pk, _annual(ids, until), actor=ACTOR)
        elif report.party_id is not None:
            fill_property(report.pk, _of_one(report.party_id), actor=ACTOR)
    return len(waiting)


def _of_one(party_id: UUID) -> dict[str, str]:
    accounts = Account.objects.filter(party_id=party_id, kind__in=_HELD, balance_minor__gt=0).order_by(
        "kind", "pot", "id"
    )
    lines = [(account, account.balance_minor) for account in accounts]
    at_par = "; USDC counted at par" if any(account.currency == "USDC" for account, _ in lines) else ""
    return {
        "property": "\n".join([*(_line(account, minor) for account, minor in lines), *_origins(party_id)])
        or "Nothing is on account.",
        "value_usd": _dollars((minor, account.currency) for account, minor in lines),
        "value_basis": f"Actual{at_par}.",
    }


def _origins(party_id: UUID) -> list[str]:
    """Of what the blocked amounts are made: since when, and what they were."""
    free = BlockedProperty.objects.filter(party_id=party_id, returned_at=None)
    payouts = Payout.objects.filter(party_id=party_id, state=Payout.State.FROZEN)
    holds = Hold.objects.filter(party_id=party_id, blocked_minor__gt=0)
    found = [
        *((each.created_at, each.amount_minor, each.currency, each.get_source_display().lower()) for each in free),
        *((each.state_changed_at, each.amount_minor, each.currency, f"payout {each.pk}, not sent") for each in payouts),
        *(
            (each.state_changed_at, each.blocked_minor, each.currency, f"hold {each.pk} of lease {each.subject_id}")
            for each in holds
        ),
    ]
    return [
        f"Blocked on {at:%Y-%m-%d}: {_dollars([(minor, currency)])} {currency} of it, {what}"
        for at, minor, currency, what in sorted(found)
    ]


def _annual(party_ids: Iterable[UUID], until: datetime) -> dict[str, str]:
    people = parties_by_id(list(party_ids))
    accounts = Account.objects.filter(party_id__in=people, kind__in=_HELD).order_by("party_id", "kind", "pot", "id")
    then = dict(
        Entry.objects.filter(account__in=accounts, at__lte=until)
        .values_list("account")
        .annotate(total=Sum("amount_minor"))
    )
    lines = [(account, then[account.pk]) for account in accounts if then.get(account.pk, 0) > 0]
    named = [
        f"{people[account.party_id].name}: {_line(account, minor)}" for account, minor in lines if account.party_id
    ]
    return {
        "property": "\n".join(named) or "Nothing was on account.",
        "total_usd": _dollars((minor, account.currency) for account, minor in lines),
    }


def _line(account: Account, minor: int) -> str:
    what = f"{account.get_kind_display().lower()} ({account.get_pot_display().lower()})"
    return f"Account {account.pk}, {what}: {_dollars([(minor, account.currency)])} {account.currency}"


def _dollars(amounts: Iterable[tuple[int, str]]) -> str:
    total = sum((Decimal(minor) / PER_DOLLAR.get(currency, 100) for minor, currency in amounts), Decimal(0))
    return f"{total:.2f}"
