"""Evidence holds what a decision rested on and what ended it: answers, cases met, freezes, entries of lists."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.base.actor import Actor, system
from compliance.models import Case, Decision, ListedParty
from compliance.selectors.evidence import decision_record, lease_record, party_record
from compliance.services import cases, erasure, gate, rescreening, restriction_orders
from compliance.services.restriction_orders import Order
from compliance.services.watchlists import load_watchlist
from compliance.sources.catalogue import SAMPLES
from tests.factories.compliance import (
    OFFICER,
    SECOND_OFFICER,
    lease_request,
    load_sample_lists,
    verified_company,
)

pytestmark = pytest.mark.django_db
ACTOR = Actor("user", "renter")
SWEEP = system("rescreening")
HIT = "Aurelian Compute GmbH"
OTHER_USER = {"kind": "other", "name": "Kaya Optik AG", "country": "CH"}


@pytest.fixture
def provider(db):
    load_sample_lists()
    rescreening.rescreen_after_list_changes(actor=SWEEP)
    return verified_company("Brisbane Compute Pty Ltd", "AU")


def the_list_changes():
    load_watchlist("ofac_sdn", str(SAMPLES / "ofac_sdn_advanced_2.xml"), actor=SWEEP)
    rescreening.rescreen_after_list_changes(actor=SWEEP)


def numbers(record):
    return [case["number"] for case in record.body["cases"]]


def released(case, reason="end_user_known"):
    cases.propose_disposition(case.pk, "release", reason, "The register says so.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    return case


def test_a_lease_that_a_list_ended_shows_the_case_the_freeze_and_the_entry(provider):
    renter, other = verified_company(HIT, "DE"), verified_company("Lion City Labs Pte Ltd", "SG")
    clearance = gate.require(lease_request(renter, provider), actor=ACTOR)
    untouched = gate.require(lease_request(other, provider), actor=ACTOR)
    the_list_changes()
    case = Case.objects.get(kind="screening_hit")
    entry = ListedParty.objects.get(primary_name=HIT, version__watchlist="ofac_sdn")
    for record in (lease_record(clearance.subject_id), decision_record(clearance.decision_id)):
        assert numbers(record) == [case.number]
        (freeze,) = record.body["freezes"]
        assert (freeze["party_id"], freeze["reason_code"]) == (str(renter.pk), "SCREENING_HIT")
        assert ("compliance.restriction", freeze["id"]) in record.about
        (stood,) = record.body["listed_entries"]
        assert (stood["primary_name"], stood["entry_hash"]) == (HIT, entry.entry_hash)
        assert stood["names"] == [{"name": each.name, "weak": each.weak} for each in entry.names.all()]
        assert stood["list"]["sha256"] == entry.version.sha256
        assert "confirmed_at" not in stood["list"]
    for record in (lease_record(untouched.subject_id), decision_record(untouched.decision_id)):
        assert (record.body["cases"], record.body["freezes"], record.body["listed_entries"]) == ([], [], [])


def test_an_officers_order_that_ended_a_lease_is_there_and_one_after_it_is_not(provider, clock):
    renter = verified_company("Lion City Labs Pte Ltd", "SG")
    clearance = gate.require(lease_request(renter, provider), actor=ACTOR)
    words = {"basis": "LAW", "reason": "An order.", "citation": "12-cv-345"}
    restriction_orders.order(renter.pk, Order("COURT_ORDER", **words), actor=OFFICER)
    clock.advance(days=3)
    restriction_orders.order(provider.pk, Order("FRAUD", **words), actor=OFFICER)
    assert [each["reason_code"] for each in lease_record(clearance.subject_id).body["freezes"]] == ["COURT_ORDER"]


def test_an_answer_that_allowed_a_lease_is_there_with_its_reasons(provider):
    renter = verified_company("Lion City Labs Pte Ltd", "SG")
    request = lease_request(renter, provider, end_user=OTHER_USER)
    gate.evaluate(request, actor=ACTOR)
    case = released(Case.objects.get(kind="gate_review"))
    allowed = gate.require(request, actor=ACTOR)
    record = decision_record(allowed.decision_id)
    assert numbers(record) == [case.number]
    assert [note["body"] for note in record.body["cases"][0]["notes"]] == ["The register says so.", "Agreed."]
    # The same facts hold the answer; a lease that did not need it does not show it.
    alone = gate.require(lease_request(renter, provider), actor=ACTOR)
    assert Decision.objects.get(pk=alone.decision_id).facts["findings"]
    assert numbers(decision_record(alone.decision_id)) == []


def test_a_question_asked_again_shows_the_one_case_that_it_met(provider):
    renter = verified_company("Lion City Labs Pte Ltd", "SG")
    request = lease_request(renter, provider, end_user=OTHER_USER)
    first, second = (gate.evaluate(request, actor=ACTOR) for _ in range(2))
    case = Case.objects.get(kind="gate_review")
    assert case.decision_id == first.pk
    assert numbers(decision_record(first.pk)) == numbers(decision_record(second.pk)) == [case.number]


def test_a_match_that_officers_cleared_is_there_with_its_case(provider):
    the_list_changes()
    renter = verified_company("Aurelian Computer Pte Ltd", "SG")
    gate.evaluate(lease_request(renter, provider), actor=ACTOR)
    case = released(Case.objects.get(kind="screening_hit"), "different_party")
    allowed = gate.require(lease_request(renter, provider), actor=ACTOR)
    record = decision_record(allowed.decision_id)
    assert numbers(record) == [case.number]
    assert [each["primary_name"] for each in record.body["listed_entries"]] == [HIT]
    assert [each["primary_name"] for each in party_record(renter.pk).body["listed_entries"]] == [HIT]


def test_an_entry_stands_once_however_many_versions_had_it_and_not_for_the_erased(provider, tmp_path):
    the_list_changes()
    renter = verified_company("Aurelian Computer Pte Ltd", "SG")
    gate.evaluate(lease_request(renter, provider), actor=ACTOR)
    again = tmp_path / "again.xml"
    again.write_text((SAMPLES / "ofac_sdn_advanced_2.xml").read_text() + "\n<!-- another edition -->")
    load_watchlist("ofac_sdn", str(again), actor=SWEEP)
    gate.evaluate(lease_request(renter, provider), actor=ACTOR)
    (party,) = (each for each in party_record(renter.pk).body["parties"] if each["id"] == str(renter.pk))
    assert len(party["matches"]) == 2
    (stood,) = party_record(renter.pk).body["listed_entries"]
    assert stood["list"]["sha256"] != ""
    erasure._erase([renter.pk], "test", SWEEP)
    assert party_record(renter.pk).body["listed_entries"] == []


def test_the_queries_do_not_grow_with_the_renewals(provider, clock):
    renter = verified_company("Lion City Labs Pte Ltd", "SG")
    request = lease_request(renter, provider, end_user=OTHER_USER)
    gate.evaluate(request, actor=ACTOR)
    released(Case.objects.get(kind="gate_review"))
    gate.require(request, actor=ACTOR)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            lease_record(request.subject_id)
        counts.append(len(captured))
        for _ in range(3):
            clock.advance(minutes=50)
            gate.require(replace(request, purpose="renewal"), actor=ACTOR)
    assert counts[0] == counts[1]
