"""Location drift, between one question to the gate and the next."""

from uuid import uuid4

import pytest

from compliance.base.actor import system
from compliance.base.errors import NotFound
from compliance.models import Case
from compliance.services import gate, place_signs
from compliance.services.place_checks import recheck_node, recheck_party
from tests.compliance.services.test_vantages import OSCAR, Vantage, measured
from tests.factories.compliance import lease_request, verified_company

pytestmark = pytest.mark.django_db
SWEEP = system("sweep")


@pytest.fixture
def renter():
    return verified_company("Lion City Labs", "SG")


@pytest.fixture
def provider():
    return verified_company("Brisbane Compute", "AU")


def test_a_login_from_china_during_a_lease_of_controlled_chips_is_asked_about_once(renter, provider):
    gate.require(lease_request(renter, provider), actor=SWEEP)
    assert recheck_party(renter.pk, actor=SWEEP).case_id is None
    place_signs.see_address(renter.pk, "203.0.113.1", "login")
    drift = recheck_party(renter.pk, actor=SWEEP)
    assert drift.sentences == ("The last login points to China, the declared country is Singapore.",)
    case = Case.objects.get(pk=drift.case_id)
    assert (case.party, case.reason_codes) == (renter, ["location_conflict"])
    assert recheck_party(renter.pk, actor=SWEEP).case_id == case.pk
    assert Case.objects.filter(kind="gate_review").count() == 1


def test_outside_controlled_chips_china_is_no_drift_and_crimea_always_is(renter, provider):
    gate.require(lease_request(renter, provider, "rtx-3090"), actor=SWEEP)
    place_signs.see_address(renter.pk, "203.0.113.1", "login")
    assert recheck_party(renter.pk, actor=SWEEP).sentences == ()
    place_signs.see_address(renter.pk, "198.18.0.1", "request")
    assert "is in Crimea" in recheck_party(renter.pk, actor=SWEEP).sentences[0]


def test_a_party_without_a_lease_is_looked_at_too(renter):
    assert recheck_party(renter.pk, actor=SWEEP).sentences == ()
    place_signs.see_address(renter.pk, "198.18.0.1", "login")
    assert recheck_party(renter.pk, actor=SWEEP).case_id
    with pytest.raises(NotFound):
        recheck_party(uuid4(), actor=SWEEP)


def test_a_machine_that_is_not_where_it_says_is_asked_about_once(provider, clock):
    singapore, node = Vantage("singapore", 1.35, 103.82), uuid4()
    where = (node, "AU", "AU-QLD", "Brisbane")
    measured(singapore, node, 98_000, clock)
    assert recheck_node(*where, provider_party_id=provider.pk, actor=OSCAR).case_id is None
    clock.advance(hours=7)
    measured(singapore, node, 9_000, clock)
    drift = recheck_node(*where, provider_party_id=provider.pk, actor=OSCAR)
    assert drift.sentences == ("A machine in Brisbane, Australia cannot answer Singapore within 9.0 ms.",)
    assert recheck_node(*where, provider_party_id=provider.pk, actor=OSCAR).case_id == drift.case_id
    assert Case.objects.get(pk=drift.case_id).subject_id == node
    with pytest.raises(NotFound):
        recheck_node(*where, provider_party_id=uuid4(), actor=OSCAR)
