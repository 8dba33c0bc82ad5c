"""For whom a renter computes is compared with the lists: officers see it; an old answer ends when a list changes."""

from dataclasses import replace

import pytest

from compliance.base.actor import Actor, system
from compliance.models import Case, Decision
from compliance.selectors.decisions import decision
from compliance.services import cases, gate
from compliance.services.past_decisions import decided_as_of
from compliance.services.tipping_off import TippingOff
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


@pytest.fixture
def deal(db):
    load_sample_lists()
    return verified_company("Lion City Labs Pte Ltd", "SG"), verified_company("Brisbane Compute Pty Ltd", "AU")


def asked(deal, name, country="DE"):
    return lease_request(*deal, end_user={"kind": "other", "name": name, "country": country})


def reason_of(found: Decision) -> dict:
    (reason,) = (each for each in decision(found.pk).reasons if each["code"] == "end_user_other")
    return reason


@pytest.mark.parametrize("name", ["Vadrik Osterlanov", "OSTERLANOV, Vadrik", "Вадрик Остерланов", "Vadryk Osterlanow"])
def test_a_listed_end_user_stands_before_the_officer_and_not_before_the_renter(deal, name):
    with pytest.raises(gate.ClearanceInReview) as refusal:
        gate.require(asked(deal, name, "CY"), actor=ACTOR)
    found = Decision.objects.get(pk=refusal.value.decision_id)
    reason = reason_of(found)
    assert "ofac_sdn 900001" in reason["sentence"]
    assert "ofac_sdn:900001" in reason["evidence"]
    assert "sterlan" not in str(refusal.value.reasons)
    assert "900001" not in str(Decision.objects.filter(pk=found.pk).values())  # sealed in the row
    case = Case.objects.get(kind="gate_review")
    # What the renter wrote itself may be asked about; any other name of the entry tells that it is on a list.
    for other in {"Vadrik Osterlanov", "Вадрик Остерланов"} - {name}:
        with pytest.raises(TippingOff):
            cases.request_information(case.pk, f"Is {other} your customer?", actor=OFFICER)
    assert cases.request_information(case.pk, f"Is {name} your customer?", actor=OFFICER)
    assert gate.replay(found.pk)


def test_an_end_user_on_no_list_is_asked_about_as_before(deal):
    found = gate.evaluate(asked(deal, "Kaya Optik AG", "CH"), actor=ACTOR)
    assert reason_of(found)["sentence"].endswith("Kaya Optik AG in Switzerland.")
    assert "hits" not in decision(found.pk).facts["end_user"]
    for kind in ("self", "undisclosed"):
        user = {"kind": kind, "name": "Vadrik Osterlanov", "country": "CY"}
        found = gate.evaluate(lease_request(*deal, end_user=user), actor=ACTOR)
        assert "hits" not in decision(found.pk).facts["end_user"]


def test_an_answer_about_an_end_user_ends_when_a_list_names_it(deal, clock):
    request = asked(deal, "Aurelian Compute GmbH")
    assert gate.evaluate(request, actor=ACTOR).outcome == "REVIEW"
    case = Case.objects.get(kind="gate_review")
    cases.propose_disposition(case.pk, "release", "end_user_known", "A known customer of theirs.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    allowed = gate.require(request, actor=ACTOR)
    clock.advance(minutes=10)
    before = clock.now()
    # Another list in a new version takes nothing from the answer.
    other = SAMPLES / "un_consolidated.xml"
    load_watchlist("un_sc", str(other), actor=system("tests"))
    renewal = replace(request, purpose="renewal")
    assert gate.require(renewal, actor=ACTOR)
    clock.advance(minutes=10)
    load_watchlist("ofac_sdn", str(SAMPLES / "ofac_sdn_advanced_2.xml"), actor=system("tests"))
    with pytest.raises(gate.ClearanceInReview) as refusal:
        gate.require(renewal, actor=ACTOR)
    found = Decision.objects.get(pk=refusal.value.decision_id)
    assert "Aurelian Compute GmbH (ofac_sdn" in reason_of(found)["sentence"]
    assert Case.objects.filter(kind="gate_review", state="open").count() == 1
    # As of then it was on no list, and the answer held.
    assert decided_as_of(found.pk, before).outcome.outcome == "ALLOW"
    clock.advance(minutes=10)
    assert decided_as_of(allowed.decision_id, clock.now()).outcome.outcome == "REVIEW"
