"""Giving money back: who may, what the pages and the files say of it, and that it is done once."""

import csv
import io
import uuid

import pytest
from django.test import Client

from compliance.models import Decision
from compliance.services import restrictions
from marketplace.services import export_contents
from settlement.models import Refund
from settlement.selectors.balances import available_minor, payable_minor
from settlement.selectors.evidence import money_of_lease, money_of_party
from tests.permissions import answers, clients, covers
from tests.web.test_invoice_pages import settled, text_of

__all__ = ["settled"]


def give(client: Client, lease, amount: str = "1.00", reason: str = "goodwill", refund_id: object = None):
    given = {"amount_minor": amount, "reason": reason, "refund_id": refund_id or uuid.uuid4()}
    return client.post(f"/leases/{lease.pk}/refund", given)


def test_a_provider_gives_back_a_part_and_both_sides_see_it(cast, settled, browse):
    url = f"/leases/{settled.pk}"
    pia = browse(cast.pia)
    assert f'href="{url}/refund"' in pia.get(url).content.decode()
    assert f'href="{url}/refund"' not in browse(cast.alice).get(url).content.decode()
    page = pia.get(f"{url}/refund").content.decode()
    assert 'value="4.98"' in page
    before, once = available_minor(cast.lion.party_id), uuid.uuid4()
    assert give(pia, settled, "1.00", "broke_off", once).url == url
    assert give(pia, settled, "1.00", "broke_off", once).url == url, "sent twice with the same page"
    assert available_minor(cast.lion.party_id) == before + 100
    for who in (cast.alice, cast.pia):
        shown = browse(who).get(url).content.decode()
        assert "The service broke off" in shown
        assert "Given back" in shown
        assert "Refunded since" in browse(who).get(f"{url}/receipt").content.decode()
        assert "Refunded since: $1.00." in text_of(browse(who).get(f"{url}/receipt.pdf").content)
    assert 'value="3.98"' in pia.get(f"{url}/refund").content.decode()
    assert give(pia, settled, "3.98").status_code == 302
    assert f'href="{url}/refund"' not in pia.get(url).content.decode()
    assert pia.get(f"{url}/refund").status_code == 404


def test_files_exports_and_evidence_have_it(cast, settled, browse):
    give(browse(cast.pia), settled)
    (row,) = csv.DictReader(io.StringIO(browse(cast.alice).get("/exports/receipts.csv").getvalue().decode()))
    assert (row["total_minor"], row["refunded_minor"]) == ("498", "100")
    earned = browse(cast.pia).get("/exports/earnings.csv").getvalue().decode()
    assert "Refund to the renter" in earned
    of_lease, of_party = money_of_lease(settled.pk), money_of_party(cast.lion.party_id)
    (refund,) = of_lease.body["refunds"]
    assert (refund["amount_minor"], refund["reason"], refund["given_by"]) == (100, "goodwill", "provider")
    assert ("settlement.refund", str(Refund.objects.get().pk)) in of_lease.about & of_party.about
    assert "refund.given" in [each["kind"] for each in of_lease.body["transfers"]]
    assert "refunds" in export_contents.TITLES


def test_the_platform_gives_back_too_and_says_so(cast, settled, browse):
    for who in (cast.olga, cast.ned):
        assert give(browse(who), settled, "1.00", "billed_wrongly").status_code == 302
    assert list(Refund.objects.values_list("given_by", flat=True)) == ["platform", "platform"]
    assert "by the platform" in browse(cast.alice).get(f"/leases/{settled.pk}").content.decode()


def test_who_may_not_changes_nothing(cast, settled, browse):
    before = payable_minor(cast.brisbane.party_id)
    for who in (cast.alice, cast.bob, cast.fay):
        assert give(browse(who), settled).status_code == 403
    assert give(browse(cast.charlie), settled).status_code == 404
    assert give(browse(), settled).url.startswith("/accounts/login/")
    assert payable_minor(cast.brisbane.party_id) == before


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1.001", "", "x", "1e30", "4.99"])
def test_a_bad_amount_is_said_in_the_form_and_nothing_moves(cast, settled, browse, amount):
    response = give(browse(cast.pia), settled, amount)
    assert response.status_code == 200
    assert 'aria-invalid="true"' in response.content.decode() or "Nothing was moved" in response.content.decode()
    assert not Refund.objects.exists()


def test_the_gate_is_asked_and_what_it_refuses_stays(cast, settled, browse):
    give(browse(cast.pia), settled)
    asked = Decision.objects.get(purpose="payout")
    assert (asked.subject_id, asked.provider_party_id) == (Refund.objects.get().pk, cast.lion.party_id)
    restrictions.impose(cast.lion.party_id, "X", actor=cast.olga.as_actor(), kind="blocked")
    refused = give(browse(cast.pia), settled)
    assert "cannot move at present" in refused.content.decode()
    assert Refund.objects.count() == 1


@covers("api:lease-refunds")
def test_by_program_the_providers_owner_gives_back_and_the_sides_read_it(cast, settled):
    url = f"/api/v1/leases/{settled.pk}/refunds"
    wanted = {"amount_minor": 100, "reason": "goodwill"}
    renters, providers = clients(cast), clients(cast, side="provider")
    refused = {"owner": 403, "team_mate": 403, "finance": 403, "stranger": 404, "anonymous": 401}
    assert answers(renters, "post", url, wanted) == refused
    assert answers(providers, "post", url, wanted)["owner"] == 201
    assert answers(renters, "get", url) == {
        "owner": 200,
        "team_mate": 200,
        "finance": 200,
        "stranger": 404,
        "anonymous": 401,
    }
    (shown,) = renters["owner"].get(url).json()
    assert (shown["amount_minor"], shown["state"], shown["given_by"]) == (100, "done", "provider")
    assert renters["owner"].get(f"/api/v1/leases/{settled.pk}/receipt").json()["refunded_minor"] == 100
    again = providers["owner"].post(url, wanted, "application/json", headers={"Idempotency-Key": "k"})
    same = providers["owner"].post(url, wanted, "application/json", headers={"Idempotency-Key": "k"})
    assert again.json()["id"] == same.json()["id"]
    assert Refund.objects.count() == 2
    large = {"amount_minor": 299, "reason": "goodwill"}
    refusal = providers["owner"].post(url, large, "application/json", headers={"Idempotency-Key": "l"})
    assert (refusal.status_code, refusal.json()["code"]) == (409, "refund_too_large")
