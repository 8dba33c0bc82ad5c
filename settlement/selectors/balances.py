"""What a party has, and how it came to that."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import TruncDate

from compliance.base import clock
from settlement.models import Account, Receipt


@dataclass(frozen=True, slots=True)
class PotBalance:
    """A party's money in one pot; minor units of `currency`."""

    pot: str
    currency: str
    available_minor: int = 0
    held_minor: int = 0
    uncollected_minor: int = 0
    accrued_minor: int = 0
    blocked_minor: int = 0
    payable_minor: int = 0
    paying_minor: int = 0
    refunding_minor: int = 0
    claim_minor: int = 0
    written_off_minor: int = 0


@dataclass(frozen=True, slots=True)
class DayEarnings:
    """What a provider earned on one day (UTC), fee deducted; minor units."""

    day: date
    currency: str
    amount_minor: int


def balances_of(party_id: UUID) -> list[PotBalance]:
    """The party's money, one line per pot and currency it ever had any in; the card pot in USD is always there."""
    found: dict[tuple[str, str], dict[str, int]] = {(Account.Pot.CARD.value, "USD"): {}}
    for account in Account.objects.filter(party_id=party_id):
        found.setdefault((account.pot, account.currency), {})[f"{account.kind}_minor"] = account.balance_minor
    return [PotBalance(pot, currency, **amounts) for (pot, currency), amounts in sorted(found.items())]


def available_minor(party_id: UUID, *, pot: str = "card", currency: str = "USD") -> int:
    """The party's free prepaid money, in minor units."""
    return _balance(party_id, Account.Kind.AVAILABLE, pot, currency)


def payable_minor(party_id: UUID, *, pot: str = "card", currency: str = "USD") -> int:
    """What the provider earned and was not paid yet, in minor units."""
    return _balance(party_id, Account.Kind.PAYABLE, pot, currency)


def holder_of_account(account_id: UUID) -> UUID | None:
    """The party whose account it is; None for an account of the platform, and for none at all."""
    return Account.objects.filter(pk=account_id).values_list("party_id", flat=True).first()


def accounts_of(party_id: UUID) -> list[Account]:
    """The party's accounts that hold anything, by pot, currency and kind."""
    found = Account.objects.filter(party_id=party_id).exclude(balance_minor=0)
    return list(found.order_by("pot", "currency", "kind"))


def _balance(party_id: UUID, kind: str, pot: str, currency: str) -> int:
    found = Account.objects.filter(party_id=party_id, kind=kind, pot=pot, currency=currency)
    return found.values_list("balance_minor", flat=True).first() or 0


def payable_parties() -> list[tuple[UUID, str]]:
    """(party, pot) of every provider that is owed something."""
    owed = Account.objects.filter(kind=Account.Kind.PAYABLE, balance_minor__gt=0, party__isnull=False)
    return [(party_id, pot) for party_id, pot in owed.order_by("pk").values_list("party_id", "pot") if party_id]


def earnings_per_day(party_id: UUID, *, days: int = 30) -> list[DayEarnings]:
    """What the provider earned on each of the last days (UTC), oldest first, days without earnings left out."""
    since = (clock.now() - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        Receipt.objects.filter(payee_party_id=party_id, created_at__gte=since)
        .annotate(day=TruncDate("created_at"))
        .values("day", "currency")
        .annotate(total=Sum("payee_minor"))
        .order_by("day", "currency")
    )
    return [DayEarnings(row["day"], row["currency"], row["total"]) for row in rows]
