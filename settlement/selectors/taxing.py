"""Between whom a document is, and how it is taxed: from profiles, settings and rates that are read once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from settlement.models import TaxRate
from settlement.selectors.billing import rate_on, seller, tax_parties, tax_rates
from settlement.tax import Missing, TaxParty, TaxUntold, place_of_supply


@dataclass(frozen=True, slots=True)
class Sides:
    """Who supplies whom, and by whose name. No supplier id: the platform."""

    supplier_id: UUID | None
    customer_id: UUID
    supplier: TaxParty
    customer: TaxParty


@dataclass(frozen=True, slots=True)
class Taxed:
    """How a document is taxed; the price contains the tax."""

    treatment: str
    place: str
    words: str
    rate: TaxRate | None
    rate_bps: int


@dataclass(frozen=True, slots=True)
class Told:
    """What parties, settings and rates say, for any number of documents."""

    parties: Mapping[UUID, TaxParty]
    ours: TaxParty | None
    rates: Sequence[TaxRate]

    @classmethod
    def about(cls, party_ids: Iterable[UUID]) -> "Told":
        """As it stands now."""
        return cls(tax_parties(set(party_ids)), seller(), tax_rates())

    def sides(self, supplier_id: UUID | None, customer_id: UUID) -> Sides:
        """Both sides by name. Raises TaxUntold where we are not set up, or one of them is erased."""
        supplier = self.parties.get(supplier_id) if supplier_id else self.ours
        customer = self.parties.get(customer_id)
        if supplier is None or customer is None:
            raise TaxUntold(Missing.SELLER if supplier_id is None and supplier is None else Missing.ERASED)
        return Sides(supplier_id, customer_id, supplier, customer)

    def taxed(self, sides: Sides, day: date) -> Taxed:
        """How what ended on that day is taxed. Raises TaxUntold."""
        try:
            place = place_of_supply(sides.supplier, sides.customer)
        except TaxUntold as untold:
            ours = untold.missing == Missing.SUPPLIER and sides.supplier_id is None
            raise TaxUntold(Missing.SELLER) if ours else untold from None
        rate = rate_on(self.rates, place.rate_of, day) if place.rate_of else None
        if place.rate_of and rate is None:
            raise TaxUntold(Missing.TAX_RATE, place.rate_of)
        words = place.words(sides.supplier)
        return Taxed(place.treatment, place.country, words[:300], rate, rate.rate_bps if rate else 0)
