"""What each level asks for, who decides it, and how a verification is renewed without a gap."""

from datetime import timedelta

import pytest

from compliance.base.audit import AuditEvent
from compliance.engine.levels import LevelsInvalid, load_levels
from compliance.models import Case, Document, IdentityVerification
from compliance.selectors.identity import kyc_status
from compliance.selectors.identity_needs import level_of, need_states, open_needs
from compliance.services import cases, documents, gate, identity, identity_expiry, parties
from compliance.services.identity import NeedsOpen
from compliance.services.officers import FourEyesRequired
from compliance.services.parties import PartyInput
from tests.compliance.services.conftest import ALICE, OLGA, OTTO
from tests.factories import proofs
from tests.factories.compliance import lease_request, verified_company

REMOVABLE = {
    "individual": {"birth_date", "address", "identity_document", "liveness"},
    "business": {"registration_number", "headquarters", "address", "owners", "registry_extract", "signatory"},
}


@pytest.fixture
def wei(db):
    return parties.register_party(PartyInput("person", "Tan Wei Ling", "SG"), actor=ALICE)


def needs(party, level: str, clock_now) -> set[str]:
    return {each.need.code for each in open_needs(need_states(party, level_of(party, level), clock_now))}


@pytest.mark.parametrize("level", ["individual", "business"])
def test_a_level_names_everything_that_is_missing(wei, lion, clock, level):
    party = wei if level == "individual" else lion
    assert needs(party, level, clock.now()) == REMOVABLE[level]
    with pytest.raises(NeedsOpen) as refused:
        identity.submit_verification(party.pk, level, {}, actor=ALICE)
    assert set(refused.value.extra["needs"]) == REMOVABLE[level]
    assert not IdentityVerification.objects.exists()


def test_enhanced_asks_for_all_of_the_level_below_and_more(lion, clock):
    more = needs(lion, "enhanced", clock.now()) - needs(lion, "business", clock.now())
    assert more == {"proof_of_address", "liveness", "domain"}


def test_each_missing_thing_stops_the_approval(lion, olga):
    submitted = proofs.submitted(lion.pk, "business", actor=ALICE)
    documents.refuse_document(Document.objects.get(kind="registry_extract").pk, actor=olga)
    with pytest.raises(NeedsOpen):
        identity.approve_verification(submitted.pk, actor=olga)
    proofs.hand_in(lion.pk, "registry_extract", actor=ALICE)
    assert identity.approve_verification(submitted.pk, actor=olga).state == "verified"


def test_a_document_grows_too_old_to_be_submitted_and_not_while_an_officer_looks(lion, olga, clock):
    proofs.bring(lion.pk, "business", actor=ALICE)
    clock.advance(days=179)
    submitted = identity.submit_verification(lion.pk, "business", {}, actor=ALICE)
    clock.advance(days=20)
    assert identity.approve_verification(submitted.pk, actor=olga).state == "verified"
    with pytest.raises(NeedsOpen) as refused:
        identity.submit_verification(lion.pk, "business", {}, actor=ALICE)
    assert refused.value.extra["needs"] == ["registry_extract"]


def test_a_verification_names_the_release_of_the_levels(lion):
    assert proofs.submitted(lion.pk, "business", actor=ALICE).levels == "identity@2026-11-26"


def test_what_a_verification_rests_on_is_not_discarded(lion):
    proofs.submitted(lion.pk, "business", actor=ALICE)
    row = Document.objects.get(kind="registry_extract")
    with pytest.raises(Exception, match="rests on this document"):
        documents.discard(row.pk, lion.pk, actor=ALICE)


class TestEnhanced:
    @pytest.fixture
    def submitted(self, wei):
        return proofs.submitted(wei.pk, "enhanced", actor=ALICE)

    def test_two_officers_decide(self, submitted, wei):
        assert identity.approve_verification(submitted.pk, actor=OLGA).state == "submitted"
        case = Case.objects.get()
        assert (case.state, case.proposed_by) == ("awaiting_approval", OLGA.ref)
        with pytest.raises(FourEyesRequired):
            identity.approve_verification(submitted.pk, actor=OLGA)
        assert not kyc_status(wei.pk).in_force
        assert identity.approve_verification(submitted.pk, actor=OTTO).state == "verified"
        case.refresh_from_db()
        assert (case.state, case.proposed_by, case.approved_by) == ("closed", OLGA.ref, OTTO.ref)
        assert kyc_status(wei.pk).expires_at - kyc_status(wei.pk).verified_at == timedelta(days=180)

    def test_one_officer_rejects(self, submitted, wei):
        identity.approve_verification(submitted.pk, actor=OLGA)
        identity.reject_verification(submitted.pk, actor=OTTO)
        assert kyc_status(wei.pk).state == "rejected"
        assert Case.objects.get().state == "closed"

    def test_submitting_anew_undoes_the_first_officers_word(self, submitted, wei):
        identity.approve_verification(submitted.pk, actor=OLGA)
        identity.submit_verification(wei.pk, "enhanced", {"more": "said"}, actor=ALICE)
        case = Case.objects.get()
        assert (case.state, case.proposed_by) == ("open", "")
        assert identity.approve_verification(submitted.pk, actor=OTTO).state == "submitted"

    def test_the_case_may_be_sent_back(self, submitted):
        identity.approve_verification(submitted.pk, actor=OLGA)
        cases.return_case(Case.objects.get().pk, "I see it otherwise.", actor=OTTO)
        assert identity.approve_verification(submitted.pk, actor=OTTO).state == "submitted"


class TestRenewal:
    @pytest.fixture
    def pair(self, db, clock):
        return verified_company("Lion City Labs Pte Ltd", "SG"), verified_company("Brisbane Compute Pty Ltd", "AU")

    def renew(self, party, clock):
        clock.advance(seconds=1)
        return proofs.submitted(party.pk, "business", actor=ALICE)

    def test_what_is_in_force_stays_so_until_the_renewal_is_decided(self, pair, clock):
        lion, _ = pair
        clock.advance(days=360)
        renewal = self.renew(lion, clock)
        status = kyc_status(lion.pk)
        assert (status.state, status.in_force, status.renewal_id) == ("verified", True, renewal.pk)
        clock.advance(days=10)
        identity_expiry.expire_identities(actor=OLGA)
        assert kyc_status(lion.pk).in_force, "five days past its expiry, and its renewal is undecided"
        identity.approve_verification(renewal.pk, actor=OLGA)
        status = kyc_status(lion.pk)
        assert (status.verification_id, status.renewal_id) == (renewal.pk, None)
        assert status.expires_at == clock.now() + timedelta(days=365)

    def test_the_gate_goes_by_it_too(self, pair, clock):
        lion, provider = pair
        clock.advance(days=364)
        self.renew(lion, clock)
        self.renew(provider, clock)
        clock.advance(days=3)
        status = kyc_status(lion.pk)
        decision = gate.preview(lease_request(lion, provider))
        codes = {reason.code for reason in decision.reasons}
        assert status.in_force
        assert not codes & {"identity_expired", "identity_level"}

    def test_no_longer_than_the_grace(self, pair, clock):
        lion, _ = pair
        clock.advance(days=364)
        self.renew(lion, clock)
        clock.advance(days=15)
        assert not kyc_status(lion.pk).in_force
        identity_expiry.expire_identities(actor=OLGA)
        assert IdentityVerification.objects.filter(party=lion, state="expired").count() == 1
        assert IdentityVerification.objects.filter(party=lion, state="submitted").count() == 1

    def test_a_rejected_renewal_ends_the_grace(self, pair, clock):
        lion, _ = pair
        clock.advance(days=364)
        renewal = self.renew(lion, clock)
        clock.advance(days=5)
        identity.reject_verification(renewal.pk, actor=OLGA)
        assert not kyc_status(lion.pk).in_force
        assert AuditEvent.objects.filter(event="identity.extension_ended").count() == 1

    def test_a_rejected_renewal_leaves_the_old_one_its_own_time(self, pair, clock):
        lion, _ = pair
        clock.advance(days=350)
        identity.reject_verification(self.renew(lion, clock).pk, actor=OLGA)
        assert kyc_status(lion.pk).in_force
        clock.advance(days=15)
        assert not kyc_status(lion.pk).in_force

    def test_a_renewal_that_comes_too_late_extends_nothing(self, pair, clock):
        lion, _ = pair
        clock.advance(days=366)
        self.renew(lion, clock)
        assert not kyc_status(lion.pk).in_force
        assert not AuditEvent.objects.filter(event="identity.extended").exists()

    def test_changed_facts_extend_nothing(self, pair, clock):
        lion, _ = pair
        clock.advance(days=360)
        told = {name: getattr(lion, name) for name in proofs.FIELDS}
        parties.update_party(lion.pk, PartyInput(**{**told, "name": "Other Name Pte Ltd"}), actor=ALICE)
        self.renew(lion, clock)
        assert not kyc_status(lion.pk).in_force


@pytest.mark.parametrize(
    "wrong",
    [
        'by = ["fortune"]',
        'by = ["fact"]',
        'by = ["vendor:stripe"]',
        "by = []",
        'by = ["owners"]\n[[levels.needs]]\ncode = "x"\nlabel = "X"\nsource = "y"\nby = ["owners"]',
    ],
)
def test_malformed_levels_are_refused(tmp_path, wrong):
    folder = tmp_path / "identity" / "2026-01-01"
    folder.mkdir(parents=True)
    (tmp_path / "MANIFEST.toml").write_text('open = ["identity/2026-01-01"]\n[released]\n')
    head = (
        'version = "1"\nin_force_from = 2026-01-01\n[[levels]]\ncode = "individual"\nparty_kind = "person"\n'
        'title = "I"\nvalid_days = 1\nremind_days = []\ngrace_days = 0\nofficers = 1\nvendor_suffices = true\n'
        '[[levels.needs]]\ncode = "x"\nlabel = "X"\nsource = "y"\n'
    )
    (folder / "levels.toml").write_text(head + wrong)
    with pytest.raises(LevelsInvalid):
        load_levels(tmp_path / "identity")
