"""The gate on real parts: engine, packs, sample lists, database."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import jwt
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from compliance.base.actor import Actor
from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput, NotFound
from compliance.models import Case, Clearance, Decision, Finding, Screening, WatchlistVersion
from compliance.selectors import decisions
from compliance.selectors.cases import case_in_full, open_requests_to
from compliance.selectors.parties import ownership_graph
from compliance.services import cases, clearances, gate, identity_expiry, parties, restrictions
from compliance.services.officers import FourEyesRequired
from compliance.services.parties import OwnerInput
from tests.factories import places
from tests.factories.compliance import (
    OFFICER,
    RENTER_OWNER,
    SECOND_OFFICER,
    company,
    lease_request,
    owner,
    person,
    verified,
    verified_company,
    verified_person,
)

pytestmark = pytest.mark.django_db

ACTOR = Actor("user", "renter", "A renter")
LISTED_WALLET_OWNER = "Nightjar Tumbler Collective"


@pytest.fixture
def provider():
    return verified_company("Brisbane Compute Pty Ltd", "AU")


@pytest.fixture
def lion_city():
    owners = (owner(person("Tan Mei Ling", birth_date="1984-03-02"), 60), owner(person("Ong Kah Wei"), 40))
    return verified_company("Lion City Labs Pte Ltd", "SG", owners)


def refused(request):
    with pytest.raises(gate.ClearanceDenied) as caught:
        gate.require(request, actor=ACTOR)
    return caught.value, decisions.decision(caught.value.decision_id)


def codes(decision):
    return [reason["code"] for reason in decision.reasons]


def test_an_honest_company_is_cleared(lion_city, provider):
    request = lease_request(lion_city, provider)
    clearance = gate.require(request, actor=ACTOR)
    assert clearance.decision.outcome == "ALLOW"
    claims = clearances.verify_token(clearance.token)
    assert claims == {
        "iss": "gridclear",
        "jti": str(clearance.pk),
        "sub": str(request.subject_id),
        "purpose": "lease",
        "renter": str(lion_city.pk),
        "provider": str(provider.pk),
        "node": str(request.node_id),
        "gpu": "h100-sxm",
        "count": 2,
        "wallet": None,
        "iat": int(clearance.issued_at.timestamp()),
        "exp": int(clearance.expires_at.timestamp()),
        "pack": clearance.decision.pack,
        "decision": str(clearance.decision_id),
    }
    assert claims["exp"] - claims["iat"] == 3600
    header = jwt.get_unverified_header(clearance.token)
    assert (header["alg"], header["kid"]) == ("EdDSA", clearances.public_keys()[0]["kid"])
    assert not Case.objects.filter(kind__in=["gate_review", "screening_hit"]).exists()


def test_a_renewal_is_decided_anew_and_gives_a_lease_clearance(lion_city, provider):
    request = lease_request(lion_city, provider)
    first = gate.require(request, actor=ACTOR)
    second = gate.require(replace(request, purpose="renewal"), actor=ACTOR)
    assert second.pk != first.pk
    assert (second.purpose, second.subject_id) == ("lease", first.subject_id)
    assert second.decision.facts["purpose"] == "renewal"


def test_a_payout_is_about_the_provider_alone(provider):
    request = gate.GateRequest("payout", uuid4(), None, provider.pk, rail="card", amount_minor=4_750, currency="USD")
    clearance = gate.require(request, actor=ACTOR)
    assert (clearance.purpose, clearance.renter_party_id, clearance.provider_party_id) == ("payout", None, provider.pk)
    assert (clearance.max_amount_minor, clearance.currency) == (4_750, "USD")


@pytest.fixture
def merlion():
    """Held wholly, through two holding companies, by a parent in Beijing; nobody of them is on a list."""
    parent = parties.register_party(company("Jingchu Deep Systems Co Ltd", "CN"), actor=ACTOR)
    upper = parties.register_party(company("Harbour Peak Holdings Ltd", "VG"), actor=ACTOR)
    lower = parties.register_party(company("Merlion Bridge Holdings Pte Ltd", "SG"), actor=ACTOR)
    founder = owner(person("Bai Qinghe", "CN", birth_date="1970-05-05"), 100)
    parties.declare_ownership(parent.pk, [founder], True, actor=ACTOR)
    parties.declare_ownership(upper.pk, [owner(parent.pk, 100)], True, actor=ACTOR)
    parties.declare_ownership(lower.pk, [owner(upper.pk, 100)], True, actor=ACTOR)
    return verified_company("Merlion Cloud Pte Ltd", "SG", (owner(lower.pk, 100),))


def test_a_parent_in_beijing_through_two_holdings_is_refused_the_h100(merlion, provider):
    refusal, decision = refused(lease_request(merlion, provider))
    assert "headquarters" in codes(decision)
    reason = next(reason for reason in decision.reasons if reason["code"] == "headquarters")
    assert "Jingchu Deep Systems Co Ltd" in reason["sentence"]
    assert "742.6" in reason["citation"]
    assert not Clearance.objects.exists()
    assert refusal.reasons
    assert not any(each.get("code") == "headquarters" for each in refusal.reasons)
    graph = ownership_graph(merlion.pk)
    tops = [node.name for node in graph.nodes if node.role == "ultimate_parent"]
    assert tops == ["Jingchu Deep Systems Co Ltd"]
    assert len(graph.deciding) == 3


def test_and_may_lease_an_rtx_3090(merlion, provider):
    assert gate.require(lease_request(merlion, provider, "rtx-3090"), actor=ACTOR).gpu_slug == "rtx-3090"


def test_thirty_and_twenty_five_percent_of_listed_owners_make_half(provider):
    owners = (
        owner(company("Perihelion Freight Brokerage FZE", "AE"), 30),
        owner(company("Solvarine Petroservices Limited", "CY"), 25),
        owner(person("Ng Hui Min"), 45),
    )
    held = verified_company("Straits Render Farm Pte Ltd", "SG", owners)
    _, decision = refused(lease_request(held, provider, "rtx-3090"))
    assert "ofac_50_percent" in codes(decision)
    graph = ownership_graph(held.pk)
    assert {node.name for node in graph.nodes if node.listed} == {
        "Perihelion Freight Brokerage FZE",
        "Solvarine Petroservices Limited",
    }
    assert len(graph.deciding) == 2
    # Each matched owner has its case, so that a mistake finds its way to an officer.
    hit = Case.objects.filter(kind="screening_hit")
    assert {case.party.name for case in hit} >= {"Perihelion Freight Brokerage FZE", "Solvarine Petroservices Limited"}


def listed_wallet():
    version = WatchlistVersion.objects.get(watchlist="ofac_sdn", state="current")
    return version.entries.get(primary_name=LISTED_WALLET_OWNER).wallets.get().address


def test_a_listed_wallet_is_refused_in_any_letter_case(lion_city, provider):
    for address in (listed_wallet(), listed_wallet().lower()):
        _, decision = refused(lease_request(lion_city, provider, rail="escrow", wallet=address))
        assert "wallet_listed" in codes(decision)


def test_a_linked_listed_wallet_counts_even_when_the_card_pays(lion_city, provider):
    parties.link_wallet(lion_city.pk, listed_wallet(), actor=ACTOR)
    _, decision = refused(lease_request(lion_city, provider, rail="card"))
    assert "wallet_listed" in codes(decision)


def test_a_listed_renter_is_refused_and_not_told_why(provider):
    listed = verified_company("Perihelion Freight Brokerage FZE", "AE")
    refusal, decision = refused(lease_request(listed, provider, "rtx-3090"))
    assert "sanctions_listed" in codes(decision)
    told = str(refusal.extra) + refusal.message
    for word in ("sanction", "list", "OFAC", "match", "Perihelion"):
        assert word.casefold() not in told.casefold().replace("see listing", "")
    case = Case.objects.get(kind="screening_hit", party=listed)
    assert case.priority == Case.Priority.URGENT
    full = case_in_full(case.pk)
    assert full.matches[0].match.listed_name == "Perihelion Freight Brokerage FZE"
    assert any(each.label == "Country" and each.agrees for each in full.matches[0].comparisons)
    assert full.reasons
    assert full.history[0].event == "case.opened"


def test_another_party_of_the_same_name_is_released_by_four_eyes_and_cleared(provider):
    namesake = verified_company("Solvarine Petroservices Limited", "SG")
    refused(lease_request(namesake, provider, "rtx-3090"))
    case = Case.objects.get(kind="screening_hit", party=namesake)
    cases.propose_disposition(case.pk, "release", "different_party", "Other register, other country.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    clearance = gate.require(lease_request(namesake, provider, "rtx-3090"), actor=ACTOR)
    assert clearance.decision.facts["hits"][0]["cleared"] is True


def test_an_undisclosed_end_user_goes_to_review_and_is_answered_once(lion_city, provider):
    request = lease_request(lion_city, provider, end_user={"kind": "undisclosed"})
    with pytest.raises(gate.ClearanceInReview) as caught:
        gate.require(request, actor=ACTOR)
    case = Case.objects.get(pk=caught.value.case_id)
    assert (case.kind, case.subject_id) == ("gate_review", request.subject_id)
    again = lease_request(lion_city, provider, end_user={"kind": "undisclosed"})
    with pytest.raises(gate.ClearanceInReview) as caught:
        gate.require(again, actor=ACTOR)
    assert caught.value.case_id == case.pk

    cases.request_information(case.pk, "For whom do you compute, and where do they sit?", actor=OFFICER)
    assert [note.body for note in open_requests_to(lion_city.pk)] == ["For whom do you compute, and where do they sit?"]
    cases.answer_request(case.pk, "For St. Anna Hospital, Zurich.", actor=RENTER_OWNER)
    cases.propose_disposition(case.pk, "release", "end_user_known", "A hospital; papers seen.", actor=OFFICER)
    with pytest.raises(FourEyesRequired):
        cases.approve_disposition(case.pk, "Fine.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)

    clearance = gate.require(lease_request(lion_city, provider, end_user={"kind": "undisclosed"}), actor=ACTOR)
    assert clearance.decision.outcome == "ALLOW"
    # The finding is about this renter alone.
    other = verified_company("Orchard Analytics Pte Ltd", "SG")
    with pytest.raises(gate.ClearanceInReview):
        gate.require(lease_request(other, provider, end_user={"kind": "undisclosed"}), actor=ACTOR)


def test_what_was_released_about_owners_holds_until_their_shares_change(provider):
    owners = [owner(company("Jingshan Sample Co", "CN"), 26), owner(company("Haihe Sample Co", "CN"), 26)]
    renter = verified_company("Serangoon Sample Labs Pte Ltd", "SG", owners)
    with pytest.raises(gate.ClearanceInReview) as caught:
        gate.require(lease_request(renter, provider), actor=ACTOR)
    cases.propose_disposition(caught.value.case_id, "release", "end_user_known", "Papers seen.", actor=OFFICER)
    cases.approve_disposition(caught.value.case_id, "Agreed.", actor=SECOND_OFFICER)
    assert gate.require(lease_request(renter, provider), actor=ACTOR).decision.outcome == "ALLOW"

    grown = [replace(each, share_min=Decimal(50), share_max=Decimal(50)) for each in owners]
    parties.declare_ownership(renter.pk, grown, complete=True, actor=RENTER_OWNER)
    verified(renter, "business")
    with pytest.raises(gate.ClearanceInReview) as caught:
        gate.require(lease_request(renter, provider), actor=ACTOR)
    assert "joint_headquarters" in codes(decisions.decision(caught.value.decision_id))


def test_a_finding_lapses(lion_city, provider, clock):
    request = lease_request(lion_city, provider, end_user={"kind": "undisclosed"})
    with pytest.raises(gate.ClearanceInReview) as caught:
        gate.require(request, actor=ACTOR)
    cases.propose_disposition(caught.value.case_id, "release", "end_user_known", "Papers seen.", actor=OFFICER)
    cases.approve_disposition(caught.value.case_id, "Agreed.", actor=SECOND_OFFICER)
    clock.advance(days=179, hours=23, minutes=30)
    WatchlistVersion.objects.update(confirmed_at=clock.now())
    places.stand_there(request.node_id, request.node_country, request.node_region)
    # The clearance does not outlive the finding it rests on.
    clearance = gate.require(request, actor=ACTOR)
    assert clearance.expires_at == Finding.objects.get().expires_at
    clock.advance(minutes=31)
    with pytest.raises(gate.ClearanceInReview):
        gate.require(request, actor=ACTOR)


def test_an_unverified_renter_is_refused(provider):
    renter = parties.register_party(company("Fresh Start Pte Ltd", "SG"), actor=ACTOR)
    _, decision = refused(lease_request(renter, provider))
    assert "identity_level" in codes(decision)


def test_a_person_gets_no_controlled_chips(provider):
    renter = verified_person("Tan Mei Ling", "SG", birth_date="1984-03-02")
    _, decision = refused(lease_request(renter, provider))
    assert "identity_level" in codes(decision)
    assert gate.require(lease_request(renter, provider, "rtx-3090"), actor=ACTOR)


def test_expired_verification_is_refused_for_controlled_chips(lion_city, provider, clock):
    clock.advance(days=364, hours=23, minutes=30)
    WatchlistVersion.objects.update(confirmed_at=clock.now())
    clearance = gate.require(lease_request(lion_city, provider), actor=ACTOR)
    assert (clearance.expires_at - clearance.issued_at).total_seconds() <= 1800
    clock.advance(minutes=31)
    identity_expiry.expire_identities(actor=ACTOR)
    _, decision = refused(lease_request(lion_city, provider))
    assert "identity_expired" in codes(decision)


def test_an_owner_declared_after_verification_ends_it(lion_city, provider):
    parties.declare_ownership(lion_city.pk, [OwnerInput(company("New Owner Ltd", "SG"), Decimal(51), Decimal(51))], False, actor=ACTOR)  # fmt: skip # noqa: E501
    _, decision = refused(lease_request(lion_city, provider))
    assert "identity_level" in codes(decision)
    verified(lion_city, "business")
    assert gate.evaluate(lease_request(lion_city, provider), actor=ACTOR).outcome == "REVIEW"


def test_a_restricted_party_is_refused(lion_city, provider):
    restrictions.impose(provider.pk, "COURT_ORDER", actor=OFFICER)
    _, decision = refused(lease_request(lion_city, provider))
    assert "party_restricted" in codes(decision)


def test_stale_lists_fail_closed(lion_city, provider, clock):
    clock.advance(days=8)
    assert gate.evaluate(lease_request(lion_city, provider), actor=ACTOR).outcome != "ALLOW"
    assert not Clearance.objects.exists()


def test_missing_lists_fail_closed(lion_city, provider):
    WatchlistVersion.objects.filter(watchlist="un_sc").update(state="superseded")
    _, decision = refused(lease_request(lion_city, provider))
    assert "list_missing" in codes(decision)


def test_an_unknown_chip_counts_as_controlled(merlion, provider):
    _, decision = refused(lease_request(merlion, provider, "made-up-accelerator-9000"))
    assert "headquarters" in codes(decision)


def test_the_gate_asks_the_same_number_of_queries_however_many_owners(provider, django_assert_max_num_queries):
    few = verified_company("Two Owners Pte Ltd", "SG", tuple(owner(person(f"Few {n}"), 10) for n in range(2)))
    many = verified_company("Many Owners Pte Ltd", "SG", tuple(owner(person(f"Many {n}"), 2) for n in range(40)))
    for renter in (few, many):
        gate.evaluate(lease_request(renter, provider, "rtx-3090"), actor=ACTOR)
        request = lease_request(renter, provider, "rtx-3090")
        with django_assert_max_num_queries(28):
            gate.evaluate(request, actor=ACTOR)


def test_a_screening_of_the_same_facts_and_lists_is_kept_once(lion_city, provider):
    gate.require(lease_request(lion_city, provider), actor=ACTOR)
    count = Screening.objects.count()
    gate.require(lease_request(lion_city, provider), actor=ACTOR)
    assert Screening.objects.count() == count == 5


def test_a_preview_stores_nothing(lion_city, provider):
    before = (Decision.objects.count(), Screening.objects.count(), AuditEvent.objects.count())
    assert gate.preview(lease_request(lion_city, provider)).outcome == "ALLOW"
    assert (Decision.objects.count(), Screening.objects.count(), AuditEvent.objects.count()) == before


def test_decisions_replay_to_the_same_bytes(lion_city, merlion, provider, capsys):
    request = lease_request(lion_city, provider)
    allowed = gate.require(request, actor=ACTOR).decision
    _, denied = refused(lease_request(merlion, provider))
    for decision in (allowed, denied):
        assert gate.replay(decision.pk)
        call_command("replay_decision", str(decision.pk))
    assert "same bytes" in capsys.readouterr().out
    assert replace(gate.request_of(allowed, node_id=request.node_id), purpose="lease") == replace(
        request, end_user={"kind": "self", "name": "", "country": ""}
    )


def test_a_doctored_decision_does_not_replay(lion_city, provider):
    decision = gate.require(lease_request(lion_city, provider), actor=ACTOR).decision
    doctored = Decision(**{f.attname: getattr(decision, f.attname) for f in Decision._meta.concrete_fields})
    doctored.pk = uuid4()
    doctored.facts = decision.facts | {"rail": "escrow"}
    doctored.save(force_insert=True)
    assert not gate.replay(doctored.pk)
    with pytest.raises(CommandError):
        call_command("replay_decision", str(doctored.pk))
    with pytest.raises(CommandError):
        call_command("replay_decision", str(uuid4()))


def test_a_malformed_question_is_refused_without_a_decision(lion_city, provider):
    with pytest.raises(InvalidInput):
        gate.require(lease_request(lion_city, provider, purpose="anything"), actor=ACTOR)
    with pytest.raises(NotFound):
        gate.require(lease_request(lion_city, provider, renter_party_id=uuid4()), actor=ACTOR)
    assert not Decision.objects.exists()


def test_personal_data_stays_out_of_the_audit_log_and_the_logs(lion_city, merlion, provider, caplog):
    caplog.set_level("DEBUG")
    gate.require(lease_request(lion_city, provider), actor=ACTOR)
    refused(lease_request(merlion, provider))
    with pytest.raises(gate.ClearanceInReview) as caught:
        gate.require(lease_request(lion_city, provider, end_user={"kind": "undisclosed"}), actor=ACTOR)
    cases.propose_disposition(caught.value.case_id, "release", "end_user_known", "Mrs Rossi knows.", actor=OFFICER)
    cases.approve_disposition(caught.value.case_id, "Agreed.", actor=SECOND_OFFICER)
    written = " ".join(str(event.body()) for event in AuditEvent.objects.all())
    logged = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    for secret in ("Lion City", "Mei Ling", "1984-03", "Merlion", "Jingchu", "Brisbane", "Rossi", "X-ray"):
        assert secret not in written
        assert secret not in logged
