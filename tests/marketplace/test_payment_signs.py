"""What a bank told of a renter's payment reaches the gate, the running lease and the officer, and never the renter."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from compliance.base import clock
from compliance.models import Case, Decision
from compliance.selectors.subject_data import subject_data
from compliance.services import gate, payment_signs
from compliance.services.payment_signs import PaymentSignTold
from marketplace.services import reassessments, sweeps
from tests.cast import Cast
from tests.factories import marketplace as make


def tell(cast: Cast, kind: str, level: str, external_id: str = "issfr_1", **more: object) -> None:
    told = PaymentSignTold(
        kind=kind, external_id=external_id, payment_id=uuid.uuid4(), happened_at=clock.now(), level=level, **more
    )
    payment_signs.note(cast.lion.party_id, told, actor=cast.olga.as_actor())


def test_a_new_lease_after_a_warning_waits_for_an_officer(cast: Cast):
    _, offer = cast.supply()
    tell(cast, "outcome", "normal", "ch_1", score=20)
    cast.lease(offer)
    tell(cast, "warning", "made_with_stolen_card")
    with pytest.raises(gate.ClearanceInReview) as refused:
        cast.lease(offer)
    decision = Decision.objects.get(pk=refused.value.decision_id)
    (reason,) = gate.decisions.decision(decision.pk).reasons
    assert (reason["code"], reason["kind"]) == ("card_fraud_warning", "POLICY")
    assert "read 2026-11-25" in reason["citation"]
    assert "made with stolen card" in reason["sentence"]
    assert gate.replay(decision.pk)
    # The renter reads that a person looks, and nothing of fraud.
    words = str(refused.value.reasons).lower()
    assert not any(word in words for word in ("fraud", "stolen", "bank", "card"))


def test_a_lease_that_runs_is_looked_at_again(cast: Cast):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    tell(cast, "outcome", "highest", "ch_1", score=92, outcome_type="blocked")
    assert reassessments.reassess_leases_of([cast.lion.party_id]) == 0
    assert not Case.objects.filter(reason_codes__contains=["card_fraud_warning"]).exists()
    tell(cast, "warning", "misc")
    assert reassessments.reassess_leases_of([cast.lion.party_id]) == 1
    case = Case.objects.filter(reason_codes__contains=["card_fraud_warning"]).get()
    lease.refresh_from_db()
    assert (case.party, lease.end_reason) == (cast.lion.party, "clearance_lapsed")


def test_an_officer_sees_them_on_the_case_and_on_the_partys_page(cast: Cast):
    _, offer = cast.supply()
    tell(cast, "outcome", "elevated", "ch_9", score=68, outcome_type="authorized", message="Payment complete.")
    tell(cast, "warning", "made_with_stolen_card", "issfr_9")
    tell(cast, "review", "rule", "prv_9", standing=False)
    with pytest.raises(gate.ClearanceInReview):
        make.open_lease(offer, cast.alice, cast.lion)
    case = Case.objects.get(kind="gate_review")
    officer = Client()
    officer.force_login(cast.olga, backend="allauth.account.auth_backends.AuthenticationBackend")
    for page in (reverse("web:case", args=[case.pk]), reverse("web:subject", args=[cast.lion.party_id])):
        text = officer.get(page).content.decode()
        assert "Payment judged as of elevated risk (68 of 100)" in text
        assert "Early fraud warning of the bank: made with stolen card" in text
        assert "Review closed" in text
        assert "issfr_9" in text


def test_the_party_itself_reads_that_a_payment_was_seen_and_not_how_it_was_judged(cast: Cast):
    tell(cast, "warning", "made_with_stolen_card", message="words of the bank")
    seen = subject_data(cast.lion.party_id)["payments_seen"]
    assert len(seen) == 1
    assert "made_with_stolen_card" not in str(seen)
    assert "words of the bank" not in str(seen)
