"""Documents that cannot be issued yet: why, and what to do; for operators, and for a side in its own words."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from marketplace.forms.countries import country_name
from marketplace.views.base import crumb, operator_view
from marketplace.views.disputes import names_of
from settlement.selectors.due_documents import WaitingDocument, waiting_documents
from settlement.tax import Missing

# For operators: why it waits, and what to do.
WHY = {
    Missing.SELLER: (
        "The platform's own details are not complete.",
        "Set GRIDCLEAR_SELLER_… to its scheme, address and VAT number, and restart.",
    ),
    Missing.SUPPLIER: (
        "The provider has not told its address, how it is taxed, or a VAT number of its own country.",
        "Ask it to complete Organization → On invoices.",
    ),
    Missing.CUSTOMER: (
        "It is not known where the customer is established.",
        "Ask it for its address under Organization → On invoices.",
    ),
    Missing.TAX_RATE: (
        "No tax rate of {place} is on record for the last day of the month.",
        'Read the rate in the law and run: manage.py invoices rate {about} PERCENT --from DATE --source "THE LAW"',
    ),
    Missing.EXCHANGE_RATE: (
        "The tax has to be named in another currency, and no rate of {about} to the euro is on record for those days.",
        "Run: manage.py invoices ecb eurofxref-hist.csv, "
        'or: manage.py invoices exchange {about} RATE --on DATE --source "WHO"',
    ),
    Missing.ERASED: (
        "The data of a side was erased, so it can be named on no document.",
        "Nothing can be issued any more; tell your bookkeeper.",
    ),
}
# For a side: what it waits for, said to who has to tell it, and to who has not.
OWN = {
    Missing.SELLER: "It waits for us: our own details are not complete.",
    Missing.SUPPLIER: "It waits for the provider, who has not told yet how it is taxed.",
    Missing.CUSTOMER: "It waits for the customer's address.",
    Missing.TAX_RATE: "It waits for us: the tax rate of {place} has to be put on record.",
    Missing.EXCHANGE_RATE: "It waits for us: an exchange rate of {about} has to be put on record.",
    Missing.ERASED: "It cannot be issued: the data of a side was erased.",
}
YOURS = {
    Missing.SUPPLIER: "It waits for you: say your address, how you are taxed, and your VAT number.",
    Missing.CUSTOMER: "It waits for you: say your address.",
}


@operator_view
def waiting(request: HttpRequest) -> HttpResponse:
    """Every document that waits, with why and what to do."""
    found = waiting_documents()
    names = names_of({party for each in found for party in (each.supplier_id, each.customer_id) if party})
    rows = [_row(each, names) | _words(each) for each in found]
    context = {"rows": rows, "crumbs": [crumb("Platform", reverse("web:platform")), crumb("Invoices that wait")]}
    return render(request, "marketplace/waiting.html", context)


def waiting_for(party_id: UUID) -> list[dict[str, Any]]:
    """The party's documents that wait, in its words; `yours` where it has to tell something itself."""
    found = waiting_documents(party_id)
    names = names_of({party for each in found for party in (each.supplier_id, each.customer_id) if party})
    return [_row(each, names) | _own_words(each, party_id) for each in found]


def _row(each: WaitingDocument, names: dict[UUID, str]) -> dict[str, Any]:
    return {
        "document": each,
        "supplier": names.get(each.supplier_id, "—") if each.supplier_id else "The platform",
        "customer": names.get(each.customer_id, "—"),
    }


def _words(each: WaitingDocument) -> dict[str, Any]:
    why, deed = WHY[each.missing]
    given = {"about": each.about, "place": country_name(each.about)}
    return {"why": why.format(**given), "deed": deed.format(**given)}


def _own_words(each: WaitingDocument, party_id: UUID) -> dict[str, Any]:
    yours = each.waits_for(party_id)
    words = YOURS[each.missing] if yours else OWN[each.missing]
    return {"why": words.format(about=each.about, place=country_name(each.about)), "yours": yours}
