"""Restrictions at the officers' pages: found, taken as a table, ordered about whatever is named, and lifted by two."""

import csv
from html import unescape
from uuid import uuid4

import pytest

from compliance.base.audit import AuditEvent
from compliance.models import PartyWallet, Restriction
from compliance.selectors.restrictions import is_restricted
from compliance.services import restrictions
from marketplace.models import Lease
from marketplace.services import suspensions
from settlement.models import Account
from tests.cast import Cast

PAGE = "/records/restrictions"
NEW = f"{PAGE}/new"
WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"
ORDER = {
    "target_kind": "party",
    "kind": "freeze",
    "basis": "LAW",
    "reason_code": "COURT_ORDER",
    "citation": "Order 12-cv-3 of 2026-11-20",
    "reason": "Its assets are frozen.",
}


def text(response) -> str:
    return unescape(response.content.decode())


def ordered(client, **changes: str) -> Restriction:
    response = client.post(NEW, ORDER | changes)
    assert response.status_code == 302, text(response)
    return Restriction.objects.get(pk=response.url.rpartition("/")[2])


def test_a_restriction_is_ordered_confirmed_and_lifted_by_two(cast: Cast, browse):
    olga, otto = browse(cast.olga), browse(cast.otto)
    row = ordered(olga, target_ref=str(cast.lion.party_id))
    address = f"{PAGE}/{row.pk}"
    suspensions.sweep_restrictions()
    page = text(olga.get(address))
    assert "Order 12-cv-3" in page
    assert "You ordered it, so another officer confirms it" in page
    assert "Blocked property" in page, "its money lies in blocked accounts already"
    assert olga.post(address, {"action": "confirm"}).status_code == 403
    assert otto.post(address, {"action": "confirm"}).status_code == 302
    assert "needs another look" in text(otto.post(address, {"action": "propose", "reason": ""}))
    otto.post(address, {"action": "propose", "reason": "The order was withdrawn."})
    assert otto.post(address, {"action": "lift"}).status_code == 403
    assert is_restricted(cast.lion.party_id)
    assert olga.post(address, {"action": "keep"}).status_code == 302
    assert olga.post(address, {"action": "lift"}).status_code == 409
    otto.post(address, {"action": "propose", "reason": "The order was withdrawn."})
    assert olga.post(address, {"action": "lift"}).status_code == 302
    assert not is_restricted(cast.lion.party_id)
    assert "Why it fell" in text(olga.get(address))
    assert olga.post(address, {"action": "melt"}).status_code == 404
    assert olga.get(f"{PAGE}/{uuid4()}").status_code == 404


def test_whatever_is_named_leads_to_its_party(cast: Cast, browse):
    olga = browse(cast.olga)
    lease: Lease = cast.lease(cast.supply()[1])
    PartyWallet.objects.create(party=cast.strange.party, address=WALLET)
    account = Account.objects.filter(party=cast.lion.party).order_by("pk")[0]
    named = {
        ("renter", str(lease.pk), "COURT_ORDER"): cast.lion,
        ("provider", str(lease.pk), "COURT_ORDER"): cast.brisbane,
        ("wallet", WALLET.lower(), "COURT_ORDER"): cast.strange,
        ("account", str(account.pk), "FRAUD"): cast.lion,
    }
    for (kind, ref, code), organization in named.items():
        row = ordered(olga, target_kind=kind, target_ref=ref, reason_code=code)
        assert (row.party_id, row.target_kind, row.target_ref) == (organization.party_id, kind, ref)
    suspensions.sweep_restrictions()
    lease.refresh_from_db()
    assert lease.state not in Lease.LIVE


@pytest.mark.parametrize("kind", ["party", "renter", "provider", "wallet", "account"])
def test_what_leads_to_nobody_is_told_beside_the_field(cast: Cast, browse, kind: str):
    olga = browse(cast.olga)
    shared = Account.objects.filter(party=None).values_list("pk", flat=True)[0]
    for ref in ("x", str(uuid4()), str(shared)):
        response = olga.post(NEW, ORDER | {"target_kind": kind, "target_ref": ref})
        assert response.status_code in {200, 404}
        assert "There is no such party" in text(response) or "leads to no party" in text(response)
    assert not Restriction.objects.exists()


def test_restrictions_are_found_and_taken_as_a_table_on_record(cast: Cast, browse):
    olga = browse(cast.olga)
    row = ordered(olga, target_ref=str(cast.strange.party_id), citation="=HYPERLINK(1)")
    restrictions.impose(cast.lion.party_id, "STRONG_MATCH", actor=cast.otto.as_actor(), kind="blocked")
    for query, names in (
        ("", "SL"),
        ("?state=to_confirm&q=stranger", "S"),
        ("?kind=blocked", "L"),
        ("?state=lifted", ""),
        ("?state=nonsense&kind=x&origin=y", "SL"),
        ("?origin=case", ""),
    ):
        page = text(olga.get(PAGE + query))
        shown = ("Stranger Systems Oy" in page, "Lion City Labs Pte Ltd" in page)
        assert shown == ("S" in names, "L" in names), query
    response = olga.get(f"{PAGE}/export.csv?q=stranger")
    table = list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))
    assert [(line["restriction"], line["state"], line["citation"]) for line in table] == [
        (str(row.pk), "to_confirm", "'=HYPERLINK(1)")
    ]
    event = AuditEvent.objects.get(event="restriction.exported")
    assert event.data == {"rows": 1, "narrowed_by": ["text"]}
    assert "no-store" in response["Cache-Control"]


def test_the_list_asks_the_database_the_same_number_of_times(cast: Cast, browse, django_assert_max_num_queries):
    olga = browse(cast.olga)
    for code in ("A", "B", "C"):
        for each in (cast.lion, cast.strange, cast.brisbane):
            restrictions.impose(each.party_id, code, actor=cast.otto.as_actor())
    with django_assert_max_num_queries(12):
        assert "9 restrictions" in text(olga.get(PAGE))
