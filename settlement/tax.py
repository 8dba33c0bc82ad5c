"""How a supply is taxed, from what the two sides and the operator have told. No tax advice, and nothing guessed.

Two schemes. `none`: the supplier charges no tax and says why in its own words. `eu_vat`: a supplier established in a
member state with a VAT number; places of supply by Directive 2006/112/EC for services supplied electronically. A rate
that is needed and not on record is asked for; no document is issued without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from compliance.base.errors import Conflict
from settlement.money import PRINTED
from settlement.vat_numbers import MEMBER_STATES, fits

SCHEMES = ("none", "eu_vat")


class Treatment(StrEnum):
    """Why a document bears the tax that it bears."""

    NOT_CHARGED = "not_charged"
    DOMESTIC = "domestic"
    REVERSE_CHARGE = "reverse_charge"
    DESTINATION = "destination"
    OUTSIDE = "outside"


# What is printed. "Reverse charge" itself is asked for by Art. 226(11a).
WORDS: Mapping[str, str] = {
    Treatment.DOMESTIC: "VAT of {place}, included (Art. 44, 58 of Directive 2006/112/EC).",
    Treatment.REVERSE_CHARGE: "Reverse charge: VAT is due by the customer (Art. 44, 196 of Directive 2006/112/EC).",
    Treatment.DESTINATION: "VAT of {place}, where the customer is, included (Art. 58 of Directive 2006/112/EC).",
    Treatment.OUTSIDE: "Place of supply outside the EU; no VAT is charged (Art. 44, 58 of Directive 2006/112/EC).",
}


class Missing(StrEnum):
    """What a document waits for, and so who can help it on."""

    SELLER = "seller"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    TAX_RATE = "tax_rate"
    EXCHANGE_RATE = "exchange_rate"
    ERASED = "erased"


class TaxUntold(Conflict):
    """Something is missing without which the tax cannot be told; `about` is the country or currency without a rate."""

    code = "tax_untold"
    default_message = "The tax of this document cannot be told yet. Nothing was issued."

    def __init__(self, missing: Missing, about: str = "") -> None:
        super().__init__()
        self.missing, self.about = missing, about


@dataclass(frozen=True, slots=True)
class TaxParty:
    """A side of a document, in its own words. `country` is ISO 3166-1; `vat_number` tidied, with its prefix.

    `scheme` and `note` are said by suppliers only: the note is printed on every document, unchanged.
    """

    name: str
    address: str
    country: str
    vat_number: str = ""
    registration: str = ""
    scheme: str = ""
    note: str = ""

    @property
    def in_eu(self) -> bool:
        """Whether it is established in a member state."""
        return self.country in MEMBER_STATES

    @property
    def has_vat_number(self) -> bool:
        """Whether it told a number of its own member state's form."""
        return fits(self.vat_number, self.country)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a supply is taxed, how, and whose rate is asked for; empty `rate_of` asks for none."""

    treatment: Treatment
    country: str = ""
    rate_of: str = ""

    def words(self, supplier: TaxParty) -> str:
        """The line that the document bears."""
        words = WORDS.get(self.treatment)
        return words.format(place=self.country) if words else supplier.note


def place_of_supply(supplier: TaxParty, customer: TaxParty) -> Place:
    """Where and how a service supplied electronically is taxed. Raises TaxUntold."""
    if supplier.scheme == "none":
        return Place(Treatment.NOT_CHARGED)
    if supplier.scheme != "eu_vat" or not supplier.has_vat_number:
        raise TaxUntold(Missing.SUPPLIER)
    if not (customer.country and customer.address):
        raise TaxUntold(Missing.CUSTOMER)
    if customer.country == supplier.country:
        return Place(Treatment.DOMESTIC, customer.country, customer.country)
    if not customer.in_eu:
        return Place(Treatment.OUTSIDE, customer.country)
    if customer.has_vat_number:
        return Place(Treatment.REVERSE_CHARGE, customer.country)
    return Place(Treatment.DESTINATION, customer.country, customer.country)


def tax_within(gross_minor: int, rate_bps: int) -> int:
    """The tax that a price contains at this rate, rounded to the nearest minor unit, halves up."""
    return (2 * gross_minor * rate_bps + 10_000 + rate_bps) // (2 * (10_000 + rate_bps))


# The euro area has all member states but these since Bulgaria joined on 2026-01-01 (Council, 2025-07-08).
_OWN_CURRENCY = {"CZ": "CZK", "DK": "DKK", "HU": "HUF", "PL": "PLN", "RO": "RON", "SE": "SEK"}
EURO = "EUR"


def national_currency(country: str) -> str:
    """The currency in which a member state wants its tax named (Directive 2006/112/EC, Art. 230)."""
    return _OWN_CURRENCY.get(country, EURO)


def exchanged(minor: int, currency: str, per_euro: Fraction, wanted: str, wanted_per_euro: Fraction) -> int:
    """The amount in minor units of another currency, by way of the euro (Art. 91(2)), to the nearest, halves up."""
    euros = Fraction(minor, 10 ** PRINTED[currency]) / per_euro
    return int(euros * wanted_per_euro * 10 ** PRINTED[wanted] + Fraction(1, 2))
