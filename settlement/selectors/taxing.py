"""Between whom a document is, and how it is taxed: from profiles, settings and rates that are read once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Protocol
from uuid import UUID

from django.db.models import Q

from settlement.models import ReferenceRate, TaxRate
from settlement.selectors.billing import rate_on, seller, tax_parties, tax_rates
from settlement.tax import EURO, Missing, TaxParty, TaxUntold, exchanged, national_currency, place_of_supply

# The newest publication up to the day counts; over holidays there is none for some days.
RATE_SERVES = timedelta(days=7)


class Due(Protocol):
    """A document that is due: between whom, and for what ended when."""

    @property
    def parties(self) -> Iterable[UUID]:
        """Its sides but for the platform."""

    @property
    def last_day(self) -> date:
        """Of its period."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Who supplies whom, and by whose name. No supplier id: the platform."""

    supplier_id: UUID | None
    customer_id: UUID
    supplier: TaxParty
    customer: TaxParty


@dataclass(frozen=True, slots=True)
class Exchange:
    """In which currency the tax is named besides, and by which rates to the euro; none for the euro itself."""

    wanted: str
    rate_from: ReferenceRate | None
    rate_to: ReferenceRate | None

    def of(self, minor: int, currency: str) -> int:
        """The amount in the wanted currency; minor units of each."""
        return exchanged(minor, currency, _per_euro(self.rate_from), self.wanted, _per_euro(self.rate_to))


@dataclass(frozen=True, slots=True)
class Taxed:
    """How a document is taxed; the price contains the tax."""

    treatment: str
    place: str
    words: str
    rate: TaxRate | None
    rate_bps: int
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What parties, settings and rates say, for any number of documents."""

    parties: Mapping[UUID, TaxParty]
    ours: TaxParty | None
    rates: Sequence[TaxRate]
    published: Sequence[ReferenceRate]

    @classmethod
    def about(cls, due: Sequence[Due]) -> "Told":
        """As it stands now, for these documents."""
        parties = {party for each in due for party in each.parties}
        return cls(tax_parties(parties), seller(), tax_rates(), _published({each.last_day for each in due}))

    def sides(self, supplier_id: UUID | None, customer_id: UUID) -> Sides:
        """Both sides by name. Raises TaxUntold where we are not set up, or one of them is erased."""
        supplier = self.parties.get(supplier_id) if supplier_id else self.ours
        customer = self.parties.get(customer_id)
        if supplier is None or customer is None:
            raise TaxUntold(Missing.SELLER if supplier_id is None and supplier is None else Missing.ERASED)
        return Sides(supplier_id, customer_id, supplier, customer)

    def taxed(self, sides: Sides, day: date, currency: str) -> Taxed:
        """How what ended on that day, in that currency, is taxed. Raises TaxUntold."""
        try:
            place = place_of_supply(sides.supplier, sides.customer)
        except TaxUntold as untold:
            ours = untold.missing == Missing.SUPPLIER and sides.supplier_id is None
            raise TaxUntold(Missing.SELLER) if ours else untold from None
        words = place.words(sides.supplier)[:300]
        if not place.rate_of:
            return Taxed(place.treatment, place.country, words, None, 0)
        rate = rate_on(self.rates, place.rate_of, day)
        if rate is None:
            raise TaxUntold(Missing.TAX_RATE, place.rate_of)
        exchange = self._exchange(currency, national_currency(place.country), day) if rate.rate_bps else None
        return Taxed(place.treatment, place.country, words, rate, rate.rate_bps, exchange)

    def _exchange(self, currency: str, wanted: str, day: date) -> Exchange | None:
        if currency == wanted:
            return None
        return Exchange(wanted, self._reference(currency, day), self._reference(wanted, day))

    def _reference(self, currency: str, day: date) -> ReferenceRate | None:
        if currency == EURO:
            return None
        fresh = (row for row in self.published if row.currency == currency and day - RATE_SERVES < row.day <= day)
        newest = max(fresh, key=lambda row: row.day, default=None)
        if newest is None:
            raise TaxUntold(Missing.EXCHANGE_RATE, currency)
        return newest


def _published(days: Iterable[date]) -> list[ReferenceRate]:
    """What was published in the week up to each of these days."""
    weeks = Q(pk=None)
    for day in days:
        weeks |= Q(day__gt=day - RATE_SERVES, day__lte=day)
    return list(ReferenceRate.objects.filter(weeks))


def _per_euro(rate: ReferenceRate | None) -> Fraction:
    return Fraction(rate.per_euro) if rate else Fraction(1)
