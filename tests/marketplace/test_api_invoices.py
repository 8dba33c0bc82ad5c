"""Invoices, billing, earnings and exports by program: who gets which, and that it is whole."""

import json

from marketplace.services import api_keys
from settlement.models import BillingProfile
from tests.factories import marketplace as make
from tests.permissions import answers, clients, covers

WANTED = {"name": "Lion City Labs Pte Ltd", "address": "1 Raffles Place", "country": "SG"}


def everyone(cast):
    return {**clients(cast), "provider": clients(cast, side="provider")["owner"]}


@covers("api:invoices", "api:invoice", "api:invoice-pdf")
def test_an_invoice_is_its_two_sides(cast):
    _agent, offer = cast.supply()
    pk = make.fee_invoice(cast.lease(offer))
    by = everyone(cast)
    strangers = {"owner": 404, "team_mate": 404, "finance": 404, "stranger": 404, "anonymous": 401, "provider": 200}
    assert answers(by, "get", f"/api/v1/invoices/{pk}") == strangers
    assert answers(by, "get", f"/api/v1/invoices/{pk}/pdf") == strangers
    assert set(answers(by, "get", "/api/v1/invoices").values()) == {200, 401}
    assert by["owner"].get("/api/v1/invoices").json()["results"] == []
    (told,) = by["provider"].get("/api/v1/invoices").json()["results"]
    assert (told["number"], told["gross_minor"], told["supplier"]["name"]) == ("G-000001", 24, "Gridclear Berlin GmbH")
    assert by["provider"].get(f"/api/v1/invoices/{pk}").json()["lines"][0]["gross_minor"] == 24
    assert by["provider"].get(f"/api/v1/invoices/{pk}/pdf").content.startswith(b"%PDF-")


@covers("api:billing")
def test_billing_is_told_by_owners_and_finance(cast):
    got = answers(everyone(cast), "put", "/api/v1/billing", WANTED)
    assert got == {"owner": 200, "team_mate": 403, "finance": 200, "stranger": 200, "anonymous": 401, "provider": 200}
    assert BillingProfile.objects.count() == 3
    lion = clients(cast)["owner"]
    assert lion.get("/api/v1/billing").json()["address"] == "1 Raffles Place"
    assert lion.put("/api/v1/billing", WANTED | {"country": "ZZ"}, "application/json").status_code == 422
    assert lion.put("/api/v1/billing", WANTED | {"self_billing": True}, "application/json").status_code == 422
    _, secret = api_keys.create_api_key(cast.lion, "reader", ["read"], user=cast.alice)
    by_key = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert clients(cast)["anonymous"].put("/api/v1/billing", WANTED, "application/json", **by_key).status_code == 403


@covers("api:earnings")
def test_earnings_are_the_providers(cast):
    got = answers(everyone(cast), "get", "/api/v1/earnings")
    assert got == {"owner": 404, "team_mate": 404, "finance": 404, "stranger": 404, "anonymous": 401, "provider": 200}
    provider = clients(cast, side="provider")["owner"]
    assert provider.get("/api/v1/earnings?month=2026-13").status_code == 422
    assert provider.get("/api/v1/earnings?pot=bank").status_code == 422


@covers("api:export")
def test_exports_are_ones_own(cast):
    _agent, offer = cast.supply()
    make.fee_invoice(cast.lease(offer))
    got = answers(everyone(cast), "get", "/api/v1/exports/receipts.csv")
    assert got == {"owner": 200, "team_mate": 200, "finance": 200, "stranger": 200, "anonymous": 401, "provider": 200}
    by = everyone(cast)
    receipts = {
        who: json.loads(b"".join(by[who].get("/api/v1/exports/receipts.json"))) for who in ("owner", "stranger")
    }
    assert [row["total_minor"] for row in receipts["owner"]] == [498]
    assert receipts["stranger"] == []
