"""Verification of identity: submitted, decided by an officer, and at an end when the facts change."""

from datetime import timedelta
from decimal import Decimal

import pytest

from compliance.base.actor import SYSTEM
from compliance.base.audit import AuditEvent
from compliance.base.errors import Forbidden, IllegalTransition, InvalidInput
from compliance.models import Case, IdentityVerification
from compliance.selectors.identity import kyc_status
from compliance.services import identity, identity_expiry, parties
from compliance.services.parties import OwnerInput, PartyInput
from tests.factories import proofs

pytestmark = pytest.mark.django_db


def submitted(party, alice):
    return proofs.submitted(party.pk, "business", actor=alice, purpose="model training")


def test_an_officer_approves_and_the_case_ends(lion, alice, olga, clock):
    verification = submitted(lion, alice)
    assert kyc_status(lion.pk).state == "submitted"
    case = Case.objects.get(kind="identity_review", party=lion)
    identity.approve_verification(verification.pk, actor=olga)
    case.refresh_from_db()
    assert (case.state, case.disposition, case.approved_by) == ("closed", "release", "user:olga")
    status = kyc_status(lion.pk)
    assert status.in_force
    assert status.level == "business"
    assert status.expires_at == clock.now() + timedelta(days=365)


@pytest.mark.parametrize("deed", [identity.approve_verification, identity.reject_verification])
def test_nobody_else_decides(lion, alice, operator, deed):
    verification = submitted(lion, alice)
    for actor in (alice, operator, SYSTEM):
        with pytest.raises(Forbidden):
            deed(verification.pk, actor=actor)
    assert kyc_status(lion.pk).state == "submitted"


def test_level_must_fit_the_kind_of_party(lion, alice):
    with pytest.raises(InvalidInput):
        identity.submit_verification(lion.pk, "individual", {}, actor=alice)
    assert not IdentityVerification.objects.exists()


def test_submitting_again_renews_what_is_submitted(lion, alice):
    first, second = submitted(lion, alice), submitted(lion, alice)
    assert first.pk == second.pk
    assert Case.objects.count() == 1


def test_an_owner_that_comes_later_ends_the_force(lion, alice, olga):
    identity.approve_verification(submitted(lion, alice).pk, actor=olga)
    owner = parties.register_party(PartyInput("entity", "Harbour Holdings", "SG"), actor=alice)
    parties.declare_ownership(lion.pk, [OwnerInput(owner.pk, Decimal(100), Decimal(100))], True, actor=alice)
    assert kyc_status(lion.pk).state == "changed"
    identity.approve_verification(submitted(lion, alice).pk, actor=olga)
    assert kyc_status(lion.pk).in_force
    # The owner's own owner counts as well, though the company's row stays as it was.
    above = PartyInput("entity", "Peak Group", "CN")
    parties.declare_ownership(owner.pk, [OwnerInput(above, Decimal(100), Decimal(100))], True, actor=alice)
    assert kyc_status(lion.pk).state == "changed"


def test_an_officer_approves_only_what_was_submitted(lion, alice, olga):
    verification = submitted(lion, alice)
    parties.update_party(lion.pk, PartyInput("entity", "Other Name Pte Ltd", "SG"), actor=alice)
    with pytest.raises(identity.FactsChanged):
        identity.approve_verification(verification.pk, actor=olga)
    assert not kyc_status(lion.pk).in_force


def test_a_year_later_it_has_expired_once(lion, alice, olga, clock):
    verification = identity.approve_verification(submitted(lion, alice).pk, actor=olga)
    clock.advance(days=365)
    assert kyc_status(lion.pk).state == "expired"
    assert identity_expiry.expire_identities(actor=SYSTEM) == 1
    assert identity_expiry.expire_identities(actor=SYSTEM) == 0
    verification.refresh_from_db()
    assert verification.state == "expired"
    assert AuditEvent.objects.filter(event="identity.expired").count() == 1


def test_what_nobody_decides_ends_too(lion, alice, clock):
    submitted(lion, alice)
    clock.advance(days=30)
    assert identity_expiry.expire_identities(actor=SYSTEM) == 1
    assert Case.objects.get().state == "closed"


def test_a_rejected_one_stays_rejected(lion, alice, olga):
    verification = submitted(lion, alice)
    identity.reject_verification(verification.pk, actor=olga)
    with pytest.raises(IllegalTransition):
        identity.approve_verification(verification.pk, actor=olga)
    assert kyc_status(lion.pk).state == "rejected"


def test_rejecting_what_is_in_force_leaves_nothing_in_force(lion, alice, olga):
    first = identity.approve_verification(submitted(lion, alice).pk, actor=olga)
    second = identity.approve_verification(submitted(lion, alice).pk, actor=olga)
    first.refresh_from_db()
    assert first.state == "expired"
    assert kyc_status(lion.pk).verification_id == second.pk
    identity.reject_verification(second.pk, actor=olga)
    status = kyc_status(lion.pk)
    assert (status.in_force, status.verified_level) == (False, "")


def test_submitting_anew_does_not_hide_what_ran_out(lion, alice, olga, clock):
    identity.approve_verification(submitted(lion, alice).pk, actor=olga)
    clock.advance(days=366)
    identity_expiry.expire_identities(actor=SYSTEM)
    assert kyc_status(lion.pk).verified_level == "business"
    clock.advance(seconds=1)
    submitted(lion, alice)
    status = kyc_status(lion.pk)
    assert (status.state, status.in_force, status.verified_level) == ("submitted", False, "business")
