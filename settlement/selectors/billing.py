"""How parties are named on documents, and which rates are on record."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from django.conf import settings

from compliance.base.sealing import Context, Subject
from compliance.selectors.parties import parties_by_id
from compliance.selectors.sealed import ciphers_that_stand
from settlement.models import BillingProfile, TaxRate
from settlement.tax import TaxParty
from settlement.vat_numbers import tidy

PROFILE_PURPOSE = "billing"


def context_of(profile_id: UUID) -> Context:
    """Where a profile's sealed bytes belong."""
    return Context(f"settlement.billingprofile:{profile_id}", PROFILE_PURPOSE)


def side_context(invoice_id: UUID, side: str) -> Context:
    """Where the sealed bytes of a document's side belong: `supplier` or `customer`."""
    return Context(f"settlement.invoice:{invoice_id}", side)


def as_bytes(side: TaxParty) -> bytes:
    """The side as it is sealed."""
    return json.dumps(asdict(side), ensure_ascii=False, sort_keys=True).encode()


def from_bytes(body: bytes) -> TaxParty:
    """The side that was sealed."""
    return TaxParty(**json.loads(body))


def seller() -> TaxParty | None:
    """The platform as it is named on its own invoices; None while the operator has not told a scheme."""
    told: dict[str, str] = {name: str(value).strip() for name, value in settings.GRIDCLEAR_SELLER.items()}
    told["vat_number"] = tidy(told.get("vat_number", ""))
    return TaxParty(**told) if told.get("scheme") and told.get("name") and told.get("country") else None


def tax_parties(party_ids: Iterable[UUID]) -> dict[UUID, TaxParty]:
    """How each party is named: as it told, else as compliance knows it. The erased are left out. Four queries."""
    wanted = set(party_ids)
    known = {pk: row for pk, row in parties_by_id(list(wanted)).items() if row.erased_at is None}
    found = {pk: TaxParty(row.name, row.address, row.country) for pk, row in known.items()}
    profiles = list(BillingProfile.objects.filter(party_id__in=known))
    ciphers = ciphers_that_stand(Subject.party(row.party_id) for row in profiles)
    for row in profiles:
        cipher = ciphers.get(Subject.party(row.party_id))
        if cipher is None:
            found.pop(row.party_id, None)
        else:
            found[row.party_id] = from_bytes(cipher.open(bytes(row.details_sealed), context_of(row.pk)))
    return found


def billing_of(party_id: UUID) -> TaxParty:
    """How the party is named on documents now; empty for one that is erased."""
    return tax_parties([party_id]).get(party_id, TaxParty("", "", ""))


def self_billing_since(party_id: UUID) -> datetime | None:
    """Since when the platform issues the party's invoices for it; None where it does so itself."""
    return BillingProfile.objects.filter(party_id=party_id).values_list("self_billing_at", flat=True).first()


def tax_rates() -> list[TaxRate]:
    """Every rate on record, newest first in each country."""
    return list(TaxRate.objects.order_by("country", "-valid_from"))


def rate_on(rates: Iterable[TaxRate], country: str, day: date) -> TaxRate | None:
    """The country's rate on that day, from rates in the order of `tax_rates`."""
    return next((rate for rate in rates if rate.country == country and rate.valid_from <= day), None)
