"""Stripe Identity from end to end: our rail against the stand-in, signed notices, lost ones, answers that differ."""

import pytest

from compliance.base.audit import AuditEvent
from compliance.base.errors import NotFound
from compliance.base.identity_vendor import VendorUnavailable
from compliance.base.sealing import Subject
from compliance.models import Case, IdentityCheck, IdentityVerification, Party
from compliance.selectors.identity import kyc_status
from compliance.services import identity, identity_checks, identity_vendors, parties, subject_keys
from compliance.services.identity_checks import CheckUnderWay
from compliance.services.identity_decisions import person_of
from compliance.services.parties import PartyInput
from settlement.models import InboundEvent
from settlement.rails import identity as rail
from tests.compliance.services.conftest import ALICE, OLGA
from tests.factories import proofs
from tests.settlement.scene import TESTER, Scene, post_notice

WHO = {"first_name": "Wei Ling", "last_name": "Tan", "birth_date": "1980-05-21", "country": "SG"}
BACK = "http://testserver/verification"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rail, "_made", lambda key, base: rail.StripeIdentity(key, base=base, retries=0))
    identity_vendors._vendors.cache_clear()


@pytest.fixture
def wei(card: Scene) -> Party:
    details = PartyInput("person", "Tan Wei Ling", "SG", address="1 Sample Road", birth_date="1980-05-21")
    return parties.register_party(details, actor=ALICE)


def begun(party: Party) -> IdentityCheck:
    identity_checks.begin_check(party.pk, "stripe_identity", return_url=BACK, actor=ALICE)
    return IdentityCheck.objects.get(party=party)


def shows(card: Scene, check: IdentityCheck, outcome: str = "verified", **who: str) -> None:
    """The person shows a document at the vendor."""
    card.control("identify", session=check.external_id, outcome=outcome, **{**WHO, **who})


def told(card: Scene) -> list[str]:
    """Every notice of the vendor arrives, and the tasks that they ring for run; the outcomes."""
    outcomes = [post_notice(event).json()["outcome"] for event in card.notices("identity.verification_session.")]
    for _, args in card.doorbell.waiting:
        identity_checks.refresh_check(args[0], actor=TESTER)
    card.doorbell.lose()
    return outcomes


def state_of(check: IdentityCheck) -> str:
    check.refresh_from_db()
    return check.state


def test_a_person_is_verified_within_a_minute_without_an_officer(card: Scene, wei: Party):
    check = begun(wei)
    identity.submit_verification(wei.pk, "individual", {}, actor=ALICE)
    assert kyc_status(wei.pk).state == "submitted"
    shows(card, check)
    assert told(card) == ["kept", "applied", "applied"]
    assert state_of(check) == "verified"
    status = kyc_status(wei.pk)
    assert (status.in_force, status.level) == (True, "individual")
    row = IdentityVerification.objects.get()
    assert (row.decided_by, row.method) == ("system:identity_vendor", "stripe_identity")
    assert Case.objects.get().state == "closed"


def test_it_may_be_proven_before_it_is_submitted(card: Scene, wei: Party):
    check = begun(wei)
    shows(card, check)
    told(card)
    assert identity.submit_verification(wei.pk, "individual", {}, actor=ALICE).state == "verified"


def test_what_was_proven_lies_sealed_and_nowhere_else(card: Scene, wei: Party):
    check = begun(wei)
    shows(card, check, last_name="Secretsurname")
    told(card)
    check.refresh_from_db()
    assert person_of(check).last_name == "Secretsurname"
    assert person_of(check).document_country == "SG"
    assert b"Secretsurname" not in bytes(check.person_sealed)
    assert "Secretsurname" not in str(list(InboundEvent.objects.values()))
    assert "Secretsurname" not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("who", "differs"),
    [
        ({"last_name": "Lim"}, ["name"]),
        ({"birth_date": "1980-05-22"}, ["birth_date"]),
        ({"first_name": "", "last_name": "Tan"}, ["name"]),
        ({"birth_date": ""}, ["birth_date"]),
    ],
)
def test_an_answer_that_differs_is_left_to_an_officer(card: Scene, wei: Party, who, differs):
    check = begun(wei)
    identity.submit_verification(wei.pk, "individual", {}, actor=ALICE)
    shows(card, check, **who)
    told(card)
    assert state_of(check) == "verified"
    assert kyc_status(wei.pk).state == "submitted"
    assert AuditEvent.objects.get(event="identity.vendor_differs").data["differs"] == differs
    assert Case.objects.get().state == "open"


@pytest.mark.parametrize("who", [{"first_name": "Wei Ling Grace"}, {"first_name": "TAN", "last_name": "Wei Ling"}])
def test_middle_names_and_order_do_not_matter(card: Scene, wei: Party, who):
    check = begun(wei)
    identity.submit_verification(wei.pk, "individual", {}, actor=ALICE)
    shows(card, check, **who)
    told(card)
    assert kyc_status(wei.pk).in_force


def test_a_business_is_decided_by_an_officer_whatever_the_vendor_says(card: Scene):
    lion = card.renter
    proofs.bring(lion.pk, "business", actor=ALICE)
    check = begun(lion)
    identity.submit_verification(lion.pk, "business", {}, actor=ALICE)
    shows(card, check)
    told(card)
    assert state_of(check) == "verified"
    assert kyc_status(lion.pk).state == "submitted"


def test_a_machine_verifies_nobody_whom_an_officer_rejected(card: Scene, wei: Party, clock):
    check = begun(wei)
    rejected = identity.submit_verification(wei.pk, "individual", {}, actor=ALICE)
    identity.reject_verification(rejected.pk, actor=OLGA)
    shows(card, check)
    told(card)
    clock.advance(seconds=1)
    assert identity.submit_verification(wei.pk, "individual", {}, actor=ALICE).state == "submitted"


def test_a_failure_may_be_tried_again(card: Scene, wei: Party):
    check = begun(wei)
    shows(card, check, "selfie_face_mismatch")
    told(card)
    assert (state_of(check), check.failure) == ("failed", "selfie_face_mismatch")
    # Where the person goes on is the same check.
    assert identity_checks.begin_check(wei.pk, "stripe_identity", return_url=BACK, actor=ALICE)
    shows(card, check)
    told(card)
    assert state_of(check) == "verified"
    assert IdentityCheck.objects.count() == 1


def test_a_check_under_way_is_not_begun_again(card: Scene, wei: Party):
    check = begun(wei)
    shows(card, check, "processing")
    with pytest.raises(CheckUnderWay):
        identity_checks.begin_check(wei.pk, "stripe_identity", return_url=BACK, actor=ALICE)
    assert state_of(check) == "processing"


class TestMisbehaviour:
    def test_a_lost_notice_costs_minutes(self, card: Scene, wei: Party, clock):
        check = begun(wei)
        shows(card, check)
        identity_checks.sweep_checks(actor=TESTER)
        assert state_of(check) == "pending", "it is not asked before it is due"
        clock.advance(minutes=5)
        identity_checks.sweep_checks(actor=TESTER)
        assert state_of(check) == "verified"

    def test_notices_in_any_order_and_number_end_in_the_same(self, card: Scene, wei: Party):
        check = begun(wei)
        shows(card, check, "document_expired")
        shows(card, check)
        events = card.notices("identity.verification_session.")
        for event in [*reversed(events), *events]:
            post_notice(event)
        card.doorbell.lose()
        identity_checks.refresh_check(check.pk, actor=TESTER)
        assert state_of(check) == "verified"
        post_notice(events[1] | {"id": "evt_late"})
        identity_checks.refresh_check(check.pk, actor=TESTER)
        assert state_of(check) == "verified"

    def test_a_notice_alone_proves_nothing(self, card: Scene, wei: Party):
        """A body that says `verified` makes us ask; the session itself is what counts."""
        check = begun(wei)
        lie = card.notices("identity.verification_session.created")[0]
        lie |= {"id": "evt_lie", "type": "identity.verification_session.verified"}
        lie["data"]["object"]["status"] = "verified"
        assert post_notice(lie).json() == {"outcome": "applied"}
        identity_checks.refresh_check(check.pk, actor=TESTER)
        assert state_of(check) == "pending"

    def test_another_partys_session_is_not_taken(self, card: Scene, wei: Party):
        check = begun(wei)
        other = begun(card.renter)
        shows(card, other)
        IdentityCheck.objects.filter(pk=other.pk).update(external_id="")
        IdentityCheck.objects.filter(pk=check.pk).update(external_id=other.external_id)
        with pytest.raises(Exception, match="another check"):
            identity_checks.refresh_check(check.pk, actor=TESTER)
        assert state_of(check) == "pending"

    def test_an_outage_leaves_everything_as_it_was(self, card: Scene, wei: Party, clock):
        check = begun(wei)
        shows(card, check)
        card.control("fail", path="verification_sessions", mode="500", times=1)
        clock.advance(minutes=5)
        identity_checks.sweep_checks(actor=TESTER)
        assert state_of(check) == "pending"
        clock.advance(minutes=5)
        identity_checks.sweep_checks(actor=TESTER)
        assert state_of(check) == "verified"

    def test_a_begin_whose_answer_is_lost_is_the_same_session_when_asked_again(self, card: Scene, wei: Party):
        card.control("fail", path="verification_sessions", mode="timeout_after_work", times=1)
        with pytest.raises(VendorUnavailable):
            begun(wei)
        assert IdentityCheck.objects.get().external_id == ""
        assert begun(wei).external_id
        assert len(card.objects("identity.verification_session")) == 1

    def test_a_notice_finds_a_check_that_does_not_know_its_session(self, card: Scene, wei: Party):
        check = begun(wei)
        session = check.external_id
        IdentityCheck.objects.update(external_id="")
        card.control("identify", session=session, outcome="verified", **WHO)
        told(card)
        assert state_of(check) == "verified"

    @pytest.mark.parametrize("metadata", [{}, {"gridclear_check": "no id"}, {"gridclear_check": "0" * 32}])
    def test_somebody_elses_session_moves_nothing(self, card: Scene, wei: Party, metadata):
        begun(wei)
        event = card.notices("identity.verification_session.created")[0]
        event |= {"id": "evt_other", "type": "identity.verification_session.verified"}
        event["data"]["object"] |= {"id": "vs_other", "metadata": metadata}
        assert post_notice(event).json() == {"outcome": "nothing to do"}

    def test_an_unsigned_notice_is_refused(self, card: Scene, wei: Party):
        begun(wei)
        event = card.notices("identity.verification_session.created")[0]
        assert post_notice(event, secret="whsec_wrong").status_code == 400


class TestEnds:
    def test_what_nobody_finishes_ends_after_two_days_here_and_there(self, card: Scene, wei: Party, clock):
        check = begun(wei)
        clock.advance(hours=47)
        identity_checks.sweep_checks(actor=TESTER)
        assert state_of(check) == "pending"
        clock.advance(hours=1)
        identity_checks.sweep_checks(actor=TESTER)
        assert state_of(check) == "canceled"
        assert card.objects("identity.verification_session")[0]["status"] == "canceled"
        assert begun_again(wei) != check.external_id

    def test_a_canceled_session_makes_way_for_a_new_one(self, card: Scene, wei: Party):
        check = begun(wei)
        rail.stripe_identity().cancel(check.external_id)
        assert identity_checks.begin_check(wei.pk, "stripe_identity", return_url=BACK, actor=ALICE)
        assert sorted(IdentityCheck.objects.values_list("state", flat=True)) == ["canceled", "pending"]

    def test_the_vendor_forgets_whom_we_erase(self, card: Scene, wei: Party):
        check = begun(wei)
        shows(card, check)
        told(card)
        subject_keys.destroy(Subject.party(wei.pk), actor=OLGA, reason="erasure")
        card.control("fail", path="redact", mode="500", times=1)
        identity_checks.sweep_checks(actor=TESTER)
        assert state_of(check) == "verified", "the vendor did not answer; the next sweep asks again"
        identity_checks.sweep_checks(actor=TESTER)
        assert state_of(check) == "redacted"
        assert check.person_sealed is None
        assert card.objects("identity.verification_session")[0]["redaction"] == {"status": "redacted"}
        identity_checks.sweep_checks(actor=TESTER)


def begun_again(party: Party) -> str:
    identity_checks.begin_check(party.pk, "stripe_identity", return_url=BACK, actor=ALICE)
    return IdentityCheck.objects.get(party=party, state="pending").external_id


def test_an_unknown_vendor_is_not_found(card: Scene, wei: Party):
    with pytest.raises(NotFound):
        identity_checks.begin_check(wei.pk, "somebody", return_url=BACK, actor=ALICE)
    assert not IdentityCheck.objects.exists()


def test_the_officer_is_a_vendor_too(card: Scene, wei: Party):
    url = identity_checks.begin_check(wei.pk, "officer_review", return_url=BACK, actor=ALICE)
    assert url == f"{BACK}#documents"
    check = IdentityCheck.objects.get()
    proofs.verified(wei.pk, "individual", by=OLGA, actor=ALICE)
    identity_checks.refresh_check(check.pk, actor=TESTER)
    assert state_of(check) == "verified"
    assert not check.proves
