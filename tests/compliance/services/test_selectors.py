"""What pages read: ownership pictures, decisions, chips, one case in full."""

import contextlib
from datetime import timedelta
from uuid import uuid4

import pytest

from compliance.base.actor import Actor
from compliance.base.clock import now as clock_now
from compliance.base.errors import NotFound, Refusal
from compliance.models import Case, ListedWallet
from compliance.selectors import chips, decisions
from compliance.selectors import parties as selected
from compliance.selectors.cases import case_in_full, correspondence_with, open_requests_to
from compliance.selectors.ownership_answers import ownership_answers
from compliance.selectors.restrictions import open_restrictions, restrictions_of
from compliance.services import cases, gate, parties, restrictions
from tests.factories.compliance import (
    OFFICER,
    RENTER_OWNER,
    SECOND_OFFICER,
    company,
    lease_request,
    owner,
    person,
    verified_company,
)

pytestmark = pytest.mark.django_db

ACTOR = Actor("user", "renter")
UNDISCLOSED = {"kind": "undisclosed"}


@pytest.fixture
def provider(db):
    return verified_company("Brisbane Compute Pty Ltd", "AU")


@pytest.fixture
def lion_city(db):
    return verified_company("Lion City Labs Pte Ltd", "SG", (owner(person("Tan Mei Ling"), 60),))


def test_the_picture_of_a_company_without_parents_decides_nothing(lion_city):
    graph = selected.ownership_graph(lion_city.pk)
    assert {node.role for node in graph.nodes} == {"subject", "owner"}
    assert graph.deciding == ()
    assert [(edge.label, edge.deciding) for edge in graph.edges] == [("60 %", False)]
    assert graph.complete


def test_the_picture_tells_shares_votes_control_and_signatures_apart():
    held = parties.register_party(company("Held Pte Ltd", "SG"), actor=ACTOR)
    parent = parties.register_party(company("Parent Ltd", "VG", "CN"), actor=ACTOR)
    owners = [
        owner(parent.pk, 51),
        owner(parent.pk, 80, "votingRights"),
        owner(person("A Controller"), 0, "otherInfluenceOrControl"),
        owner(person("A Signatory"), 0, "seniorManagingOfficial"),
    ]
    parties.declare_ownership(held.pk, owners, True, actor=ACTOR)
    graph = selected.ownership_graph(held.pk)
    assert sorted(edge.label for edge in graph.edges) == ["51 %", "80 % of the votes", "control", "signs for it"]
    top = next(node for node in graph.nodes if node.role == "ultimate_parent")
    assert (top.name, top.country, top.headquarters_country) == ("Parent Ltd", "VG", "CN")
    assert graph.deciding == ((str(parent.pk), str(held.pk)),)


def test_a_stranger_is_not_found():
    for ask in (selected.party, selected.ownership_graph, decisions.decision, decisions.clearance, case_in_full):
        with pytest.raises(NotFound):
            ask(uuid4())


def test_decisions_are_found_by_subject_and_party(lion_city, provider):
    request = lease_request(lion_city, provider)
    clearance = gate.require(request, actor=ACTOR)
    gate.evaluate(lease_request(lion_city, provider, end_user=UNDISCLOSED), actor=ACTOR)
    assert [row.pk for row in decisions.decisions_about(request.subject_id)] == [clearance.decision_id]
    assert [row.outcome for row in decisions.decisions_of_party(provider.pk)] == ["REVIEW", "ALLOW"]
    assert decisions.clearances_about(request.subject_id).get() == decisions.clearance(clearance.pk) == clearance


def test_a_case_in_full_takes_a_fixed_number_of_queries(lion_city, provider, django_assert_max_num_queries):
    listed = verified_company("Perihelion Freight Brokerage FZE", "AE")
    gate.evaluate(lease_request(listed, provider, "rtx-3090"), actor=ACTOR)
    case = Case.objects.get(kind="screening_hit")
    with django_assert_max_num_queries(24):
        full = case_in_full(case.pk)
    view = full.matches[0]
    assert view.authority == "OFAC"
    assert view.match.features
    assert view.other_names
    assert {each.label for each in view.comparisons} >= {"Name", "Kind", "Country"}
    assert full.verification is not None
    assert full.graph is not None
    assert full.graph.nodes
    assert [other.kind for other in full.other_cases] == ["identity_review"]


def test_a_wallet_that_party_and_entry_share_stands_beside_it_and_agrees(lion_city, provider):
    listed = ListedWallet.objects.filter(address__startswith="0x").order_by("address").first()
    parties.link_wallet(lion_city.pk, listed.address, actor=ACTOR)
    gate.evaluate(lease_request(lion_city, provider, "rtx-3090"), actor=ACTOR)
    view = case_in_full(Case.objects.get(kind="screening_hit", party=lion_city).pk).matches[0]
    told = next(each for each in view.comparisons if each.label == "Wallets")
    assert listed.address in told.party
    assert told.listed.lower().startswith(listed.address.lower())
    assert told.agrees is True


def test_the_party_sees_questions_and_answers_alone(lion_city, provider):
    with pytest.raises(gate.ClearanceInReview) as caught:
        gate.require(lease_request(lion_city, provider, end_user=UNDISCLOSED), actor=ACTOR)
    case_id = caught.value.case_id
    cases.add_note(case_id, "The broker of last month again?", actor=OFFICER)
    cases.request_information(case_id, "For whom do you compute?", actor=OFFICER)
    assert len(open_requests_to(lion_city.pk)) == 1
    assert open_requests_to(provider.pk) == []
    cases.answer_request(case_id, "For ourselves.", actor=RENTER_OWNER)
    assert [note.body for note in correspondence_with(lion_city.pk)] == ["For whom do you compute?", "For ourselves."]
    assert open_requests_to(lion_city.pk) == []


def test_restrictions_are_told(lion_city):
    row = restrictions.impose(lion_city.pk, "COURT_ORDER", actor=OFFICER)
    assert [each.pk for each in open_restrictions()] == [row.pk]
    restrictions.propose_lift(row.pk, "The order was withdrawn.", actor=OFFICER)
    restrictions.lift(row.pk, actor=SECOND_OFFICER)
    assert not open_restrictions([lion_city.pk]).exists()
    assert restrictions_of(lion_city.pk).get().lifted_by == SECOND_OFFICER.ref


def test_the_catalogue_classifies_and_knows_devices():
    names = [each.name for each in chips.catalogue()]
    assert names == sorted(names)
    h100 = chips.accelerator("h100-sxm")
    assert h100 is not None
    assert h100.classification.eccn == "3A090.a.1"
    assert chips.slug_of_device("NVIDIA H100 80GB HBM3") == "h100-sxm"
    assert chips.slug_of_device("NVIDIA H100 80GB HBM3 (look-alike)") is None


def test_what_the_engine_answers_is_told_by_each_authority(django_assert_max_num_queries):
    listed_owner = parties.register_party(company("Perihelion Freight Brokerage FZE", "AE"), actor=ACTOR)
    renter = verified_company("Aster Works", "SG", (owner(listed_owner.pk, 55), owner(person("Ann Lee"), 45)))
    provider = verified_company("Wattle Compute", "AU")
    with contextlib.suppress(Refusal):
        gate.require(lease_request(renter, provider), actor=ACTOR)
    with django_assert_max_num_queries(7):
        found = ownership_answers(renter.pk)
    by_label = {each.label: each for each in found.tests}
    ofac = by_label["Not owned to half or more by blocked persons"]
    assert ofac.answer == "YES"
    assert ofac.path == ("Perihelion Freight Brokerage FZE (listed) holds 55 % of Aster Works",)
    assert by_label["Not owned or controlled by a UK-listed person"].answer == "NO"
    assert [(each.name, each.share, each.certain) for each in found.owners] == [("Ann Lee", "45 %", True)]
    assert [(each.name, each.headquarters_country) for each in found.parents] == [
        ("Perihelion Freight Brokerage FZE", "AE")
    ]
    assert found.open_at == ("Perihelion Freight Brokerage FZE",)
    yesterday = clock_now().date() - timedelta(days=1)
    parties.declare_ownership(renter.pk, [owner(person("Ann Lee"), 100)], True, actor=ACTOR)
    assert ownership_answers(renter.pk).tests[0].answer == "NO"
    assert ownership_answers(renter.pk, yesterday).tests[0].answer == "YES"  # by what was held on that day
