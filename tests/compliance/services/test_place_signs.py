"""Signs of place: kept sparingly, told to the gate, forgotten in time."""

import shutil
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from compliance.base.actor import Actor
from compliance.base.clock import ManualClock, use_clock
from compliance.base.sealing import Subject
from compliance.models import Case, Decision, PlaceSign
from compliance.selectors.decisions import opened
from compliance.selectors.place_signs import address_context, locations_of, signs_of
from compliance.selectors.sealed import open_sealed
from compliance.services import gate, parties, place_signs, subject_keys
from compliance.tasks import forget_addresses
from tests.factories.compliance import company, lease_request, verified_company

pytestmark = pytest.mark.django_db
ACTOR = Actor("user", "renter", "A renter")


@pytest.fixture
def lion(alice):
    return parties.register_party(company("Lion City Labs Pte Ltd", "SG"), actor=alice)


def where(party, clock):
    return locations_of(party.pk, "SG", clock.now())


def test_one_row_for_what_is_seen_again_and_again(lion, clock):
    for _ in range(3):
        place_signs.see_address(lion.pk, "192.0.2.1", "request")
        clock.advance(hours=1)
    (row,) = signs_of(lion.pk)
    assert (row.country, row.network, row.asn) == ("SG", "isp", 64496)
    assert row.seen_at - row.first_seen_at == timedelta(hours=2)


def test_the_newest_sign_of_each_kind_tells(lion, clock):
    place_signs.see_address(lion.pk, "198.51.100.7", "request")
    clock.advance(seconds=1)
    place_signs.see_address(lion.pk, "203.0.113.1", "request")
    place_signs.see_address(lion.pk, "198.18.0.1", "login")
    place_signs.see_country(lion.pk, "my", "card")
    place_signs.see_country(lion.pk, "TH", "document")
    found = where(lion, clock)
    assert (found.ip, found.ip_region, found.ip_network) == ("CN", "CN-BJ", "isp")
    assert (found.login, found.login_region) == ("UA", "UA-43")
    assert (found.card, found.document, found.declared) == ("MY", "TH", "SG")
    clock.advance(days=31)
    assert where(lion, clock).login == ""
    clock.advance(days=60)
    assert where(lion, clock).ip == ""
    assert where(lion, clock).card == "MY"


def test_every_country_of_a_card_tells_while_it_lasts(lion, clock, django_assert_num_queries):
    for country, days in (("CN", 300), ("MY", 50), ("MY", 1), ("SG", 1), ("SG", 1)):
        place_signs.see_country(lion.pk, country, "card")
        clock.advance(days=days)
    place_signs.see_country(lion.pk, "TH", "document")
    clock.advance(seconds=1)
    place_signs.see_country(lion.pk, "MM", "document")
    with django_assert_num_queries(1):
        found = where(lion, clock)
    assert (found.card, found.older_cards, found.document) == ("SG", ("CN", "MY"), "MM")
    clock.advance(days=60)
    assert where(lion, clock).older_cards == ("MY",)
    clock.advance(days=400)
    assert (where(lion, clock).card, where(lion, clock).older_cards) == ("", ())


def test_the_gate_asks_about_an_older_card_of_a_watched_country(clock):
    renter, provider = verified_company("Lion City Labs Pte Ltd", "SG"), verified_company("Brisbane Compute", "AU")
    place_signs.see_country(renter.pk, "CN", "card")
    clock.advance(seconds=1)
    place_signs.see_country(renter.pk, "SG", "card")
    decision = gate.evaluate(lease_request(renter, provider), actor=ACTOR)
    assert [reason["code"] for reason in decision.reasons] == ["location_conflict"]
    assert decision.facts["locations"]["older_cards"] == ["CN"]
    assert gate.replay(decision.pk)


def test_a_newer_sign_that_tells_nothing_hides_the_older(lion, clock):
    place_signs.see_address(lion.pk, "192.0.2.1", "request")
    clock.advance(seconds=1)
    place_signs.see_address(lion.pk, "8.8.8.8", "request")
    assert where(lion, clock).ip == ""


def test_without_an_address_or_a_country_nothing_is_kept(lion):
    place_signs.see_address(lion.pk, "", "request")
    place_signs.see_country(lion.pk, "", "card")
    assert not PlaceSign.objects.exists()


def test_the_address_is_sealed_and_forgotten(lion, clock, settings):
    place_signs.see_address(lion.pk, "192.0.2.1", "login")
    row = signs_of(lion.pk).get()
    sealed = bytes(row.address_sealed)
    assert b"192.0.2.1" not in sealed
    opened = open_sealed(Subject.party(lion.pk), sealed, address_context("login", 64496))
    assert opened == b"192.0.2.1"
    clock.advance(days=settings.GRIDCLEAR_ADDRESS_DAYS, seconds=-1)
    forget_addresses()
    assert signs_of(lion.pk).get().address_sealed is not None
    clock.advance(seconds=1)
    forget_addresses()
    forget_addresses()
    row.refresh_from_db()
    assert (row.address_sealed, row.country) == (None, "SG")


def test_for_an_erased_party_no_address_is_kept(lion, alice):
    place_signs.see_address(lion.pk, "192.0.2.1", "login")
    subject_keys.destroy(Subject.party(lion.pk), actor=alice, reason="asked")
    place_signs.see_address(lion.pk, "198.51.100.7", "login")
    assert signs_of(lion.pk).get(country="AU").address_sealed is None


def test_the_gate_reads_the_signs(clock, django_assert_max_num_queries):
    renter, provider = verified_company("Lion City Labs Pte Ltd", "SG"), verified_company("Brisbane Compute", "AU")
    decision = gate.evaluate(lease_request(renter, provider), actor=ACTOR)
    assert (decision.outcome, decision.facts["locations"]["card"]) == ("ALLOW", "SG")
    PlaceSign.objects.all().delete()
    decision = gate.evaluate(lease_request(renter, provider), actor=ACTOR)
    assert [reason["code"] for reason in decision.reasons] == ["location_unknown"]
    assert gate.evaluate(lease_request(renter, provider, "rtx-3090"), actor=ACTOR).outcome == "ALLOW"
    place_signs.see_address(renter.pk, "203.0.113.1", "request")
    decision = gate.evaluate(lease_request(renter, provider), actor=ACTOR)
    assert [reason["code"] for reason in decision.reasons] == ["location_conflict"]
    place_signs.see_address(renter.pk, "192.0.2.77", "request")
    clock.advance(seconds=1)
    place_signs.see_address(renter.pk, "192.0.2.77", "request")
    decision = gate.evaluate(lease_request(renter, provider, "rtx-3090"), actor=ACTOR)
    assert [reason["code"] for reason in decision.reasons] == ["network_masked"]
    # A running lease is not ended for what only a new one is asked.
    renewal = lease_request(renter, provider, "rtx-3090", purpose="renewal")
    assert gate.evaluate(renewal, actor=ACTOR).outcome == "ALLOW"
    assert all(gate.replay(row.pk) for row in Decision.objects.all())


def test_an_address_is_a_fact_only_where_a_country_says_too_little():
    provider = verified_company("Brisbane Compute", "AU", address="1 Sample Street, Brisbane")
    crimean = verified_company("Sample LLC", "UA", address="вул. Зразкова 1, Сімферополь 95001")
    decision = gate.evaluate(lease_request(crimean, provider, "rtx-3090"), actor=ACTOR)
    assert decision.facts["renter"]["address"].startswith("вул.")
    assert "address" not in decision.facts["provider"]
    assert "embargoed_region" in [reason["code"] for reason in decision.reasons]


def test_a_payout_asks_where_the_one_who_is_paid_was_last_seen(clock):
    clock.advance(hours=24)  # into the days of the pack that asks so
    provider = verified_company("Brisbane Compute", "AU")
    payout = gate.GateRequest("payout", uuid4(), None, provider.pk, rail="card", amount_minor=4_750, currency="USD")
    place_signs.see_address(provider.pk, "198.51.100.7", "login")
    allowed = gate.evaluate(payout, actor=ACTOR)
    assert (allowed.outcome, allowed.facts["provider_locations"]["login"]) == ("ALLOW", "AU")
    clock.advance(seconds=1)
    place_signs.see_address(provider.pk, "198.18.0.1", "login")
    decision = gate.evaluate(payout, actor=ACTOR)
    (reason,) = decision.reasons
    assert (reason["code"], reason["outcome"]) == ("provider_seen_in_embargo", "REVIEW")
    (row,) = opened([decision])
    assert "came from Crimea" in row.reasons[0]["sentence"]
    assert provider.name not in Case.objects.get(decision=decision).summary
    clock.advance(hours=1)
    place_signs.see_address(provider.pk, "198.18.1.1", "login")
    assert gate.evaluate(payout, actor=ACTOR).outcome == "ALLOW"
    assert gate.replay(decision.pk)


def networks_of(policies, day: str, kind: str):
    folder = policies / "networks" / day
    folder.mkdir()
    (folder / "networks.toml").write_text(f'networks = [{{ asn = 64496, kind = "{kind}", name = "Sample" }}]')


def test_known_networks_are_those_of_the_day_and_what_a_sign_told_stays(lion, clock, settings, tmp_path):
    policies = shutil.copytree(settings.GRIDCLEAR_POLICY_DIR, tmp_path / "policies")
    networks_of(policies, "2098-01-01", "hosting")
    networks_of(policies, "2099-01-01", "vpn")
    manifest = policies / "MANIFEST.toml"
    manifest.write_text(manifest.read_text().replace("open = [", 'open = ["networks/2099-01-01",', 1))
    settings.GRIDCLEAR_POLICY_DIR = policies
    place_signs.see_address(lion.pk, "192.0.2.1", "login")
    assert where(lion, clock).login_network == "isp"
    with use_clock(ManualClock(datetime(2098, 6, 1, tzinfo=UTC))):
        assert place_signs.look_up("192.0.2.1").network == "isp"  # nobody listed that folder
    with use_clock(ManualClock(datetime(2099, 1, 1, tzinfo=UTC))):
        assert place_signs.look_up("192.0.2.1").network == "vpn"
    assert where(lion, clock).login_network == "isp"
    manifest.write_text(manifest.read_text().replace('open = ["networks/2099-01-01",', "open = [", 1))
    (policies / "networks" / "2026-11-25" / "networks.toml").write_text("networks = []")
    settings.GRIDCLEAR_POLICY_DIR = shutil.copytree(policies, tmp_path / "altered")
    # Altered on the disk: nothing is known of networks, and a login does not fail by it.
    assert place_signs.look_up("192.0.2.1").country == "SG"
