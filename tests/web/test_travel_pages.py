"""Travel data at the officers' pages: nothing is shown unasked, each look is on record, and hands do the rest."""

import json
from html import unescape
from uuid import uuid4

from compliance.base.audit import AuditEvent
from compliance.models import TravelCounterparty, TravelRecord
from tests.cast import Cast
from tests.factories import travels as make

PAGE = "/records/travel"
PROVIDERS = f"{PAGE}/providers"


def text(response) -> str:
    return unescape(response.content.decode())


def looks() -> list[str]:
    return list(AuditEvent.objects.filter(event="personal_data.shown").values_list("data__why", flat=True))


def test_a_record_is_opened_for_a_reason_that_goes_on_record(cast: Cast, browse):
    olga = browse(cast.olga)
    row = make.travel_record(cast.brisbane)
    address = f"{PAGE}/{row.pk}"
    for page in (text(olga.get(PAGE)), text(olga.get(address))):
        assert "self-hosted" in page or "its holder" in page
        assert "beneficiaryPerson" not in page
    assert "needs another look" in text(olga.post(address, {"action": "open", "why": ""}))
    assert looks() == []
    assert "beneficiaryPerson" in text(olga.post(address, {"action": "open", "why": "asked by the bank"}))
    taken = olga.post(address, {"action": "file", "why": "for their officer"})
    said = json.loads(taken.content)
    assert said["beneficiary"]["accountNumber"] == [make.WALLET]
    assert ("attachment" in taken["Content-Disposition"], taken["Cache-Control"]) == (True, "no-store")
    assert looks() == ["asked by the bank", "for their officer"]
    assert "asked by the bank" in text(olga.get(address))
    assert olga.post(address, {"action": "burn"}).status_code == 404
    assert olga.get(f"{PAGE}/{uuid4()}").status_code == 404


def test_a_provider_is_registered_confirmed_and_retired_by_officers(cast: Cast, browse):
    olga, otto = browse(cast.olga), browse(cast.otto)
    values = {"name": "Harbour Exchange", "country": "DE", "lei": "", "endpoint": "http://plain.example"}
    assert "An https address" in text(olga.post(PROVIDERS, values))
    assert olga.post(PROVIDERS, values | {"endpoint": "https://trp.harbour.example/x"}).status_code == 302
    row = TravelCounterparty.objects.get()
    address = f"{PROVIDERS}/{row.pk}"
    assert "You registered it" in text(olga.get(address))
    assert olga.post(address, {"action": "confirm"}).status_code == 403
    assert otto.post(address, {"action": "confirm"}).status_code == 302
    assert "forty hexadecimal digits" in text(otto.post(address, {"action": "wallet", "address": "0x12"}))
    assert otto.post(address, {"action": "wallet", "address": make.WALLET}).status_code == 302
    assert "Harbour Exchange" in text(olga.get(PROVIDERS))
    assert otto.post(address, {"action": "retire"}).status_code == 302
    assert "Retired" in text(olga.get(address))
    assert otto.post(address, {"action": "confirm"}).status_code == 404


def test_what_waits_is_marked_by_hand_with_a_reference(cast: Cast, browse):
    olga = browse(cast.olga)
    keeper = make.travel_keeper(cast.olga.as_actor())
    olga.post(f"{PROVIDERS}/{keeper.pk}", {"action": "wallet", "address": make.WALLET})
    row = make.travel_record(cast.brisbane)
    address = f"{PAGE}/{row.pk}"
    waiting = text(olga.get(f"{PAGE}?state=waiting"))
    assert "the money waits" in waiting
    assert "Nothing here" in text(olga.get(f"{PAGE}?state=passed"))
    assert "needs another look" in text(olga.post(address, {"action": "passed", "to": "Harbour", "reference": ""}))
    olga.post(address, {"action": "passed", "to": "Harbour Exchange", "reference": "4711"})
    assert TravelRecord.objects.get().reference == "4711"
    assert "4711" in text(olga.get(address))
    assert olga.post(address, {"action": "again"}).status_code == 404
