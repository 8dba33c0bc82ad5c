"""The answer to a bank: what the records say, handed in once, by an operator or before the bank's day comes."""

from dataclasses import replace

import pytest

from compliance.base.audit import AuditEvent
from compliance.base.errors import NotFound
from compliance.models import Case
from marketplace.models import WorkloadLog
from marketplace.services import dispute_answers, metering, sweeps
from settlement.models import Dispute
from settlement.rails.card import CardRail, CardRefused, CardUnavailable
from settlement.services import dispute_deeds
from settlement.services.dispute_deeds import DisputeAnswered, EvidenceNotTaken, EvidenceTooLong
from tests.factories import disputed


@pytest.fixture
def handed_in(monkeypatch) -> list[dict[str, str]]:
    """What the card network was given; it says that the bank has it."""
    taken: list[dict[str, str]] = []

    def submit(self, dispute_id, evidence, key):
        taken.append(dict(evidence))
        row = Dispute.objects.get(external_id=dispute_id)
        return replace(disputed.told(row.payment, "under_review"))

    monkeypatch.setattr(CardRail, "submit_evidence", submit)
    return taken


@pytest.fixture
def dispute(cast, clock):
    """A top-up of Alice's organization paid a lease of 3,600 seconds, and is disputed."""
    agent, offer = cast.supply()
    payment = disputed.top_up_of(cast.lion.party)
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(lease))
    clock.advance(seconds=3600)
    agent.sync(agent.workload(lease, "exited", 3600, exit_code=0))
    WorkloadLog.objects.create(lease=lease, sequence=1, stream="stdout", at=clock.now(), line="the renter's secret")
    metering.settle_ended_leases()
    return disputed.dispute_of(cast.lion.party, payment=payment)


def test_the_evidence_is_what_the_records_say(cast, dispute):
    evidence = dispute_answers.evidence_for(dispute.pk)
    assert evidence["customer_name"] == "Lion City Labs Pte Ltd"
    assert evidence["customer_email_address"] == "alice@lion.example"
    assert "H100" in evidence["product_description"]
    activity = evidence["access_activity_log"]
    assert "3600 s of use so far, as signed by the machine" in activity
    assert "started on a machine in Brisbane, AU" in activity
    assert "The workload wrote 1 lines" in activity
    assert "Receipt 1 of" in evidence["uncategorized_text"]
    assert "total 2.49 USD" in evidence["uncategorized_text"]
    assert "secret" not in "".join(evidence.values())
    assert evidence == dispute_answers.evidence_for(dispute.pk)


def test_nothing_used_is_said_so(cast, clock):
    row = disputed.dispute_of(cast.strange.party)
    evidence = dispute_answers.evidence_for(row.pk)
    assert evidence["access_activity_log"] == "No service was used from this payment."
    assert "service_date" not in evidence


def test_an_operator_hands_it_in_once_with_a_note(cast, dispute, handed_in):
    dispute_answers.answer(dispute.pk, "  They asked for it twice.  ", user=cast.ned, actor=cast.ned.as_actor())
    dispute.refresh_from_db()
    assert (dispute.state, bool(dispute.evidence_sent_at)) == ("under_review", True)
    assert handed_in[0]["uncategorized_text"].startswith("They asked for it twice.\n\nPayment ")
    with pytest.raises(DisputeAnswered):
        dispute_answers.answer(dispute.pk, "", user=cast.ned, actor=cast.ned.as_actor())
    assert len(handed_in) == 1
    event = AuditEvent.objects.get(event="dispute.evidence_sent")
    assert event.data["digest"] == dispute.evidence_digest
    assert "Lion" not in str(event.data)


def test_nobody_else_answers(cast, dispute, handed_in):
    for user in (cast.alice, cast.pia, cast.olga):
        with pytest.raises(NotFound):
            dispute_answers.answer(dispute.pk, "", user=user, actor=user.as_actor())
    assert handed_in == []


def test_what_nobody_answered_is_answered_two_days_before(cast, dispute, handed_in, clock):
    clock.advance(days=6, hours=22)
    assert (dispute_answers.answer_due(), handed_in) == (0, [])
    clock.advance(hours=2)
    assert dispute_answers.answer_due() == 1
    assert dispute_answers.answer_due() == 0
    assert len(handed_in) == 1


def test_an_outage_leaves_it_to_be_answered(cast, dispute, monkeypatch):
    def down(*args):
        raise CardUnavailable("down", "down")

    monkeypatch.setattr(CardRail, "submit_evidence", down)
    with pytest.raises(EvidenceNotTaken):
        dispute_answers.answer(dispute.pk, "", user=cast.ned, actor=cast.ned.as_actor())
    dispute.refresh_from_db()
    assert (dispute.state, dispute.evidence_sent_at) == ("needs_response", None)


def test_evidence_that_was_handed_in_before_is_found_out(cast, dispute, monkeypatch):
    """The answer was lost, and the words have changed since: the network refuses the key, and tells how it stands."""

    def refuse(*args):
        raise CardRefused("idempotency_error", "other words")

    monkeypatch.setattr(CardRail, "submit_evidence", refuse)
    monkeypatch.setattr(CardRail, "read_dispute", lambda self, _: disputed.told(dispute.payment, "under_review"))
    dispute_answers.answer(dispute.pk, "", user=cast.ned, actor=cast.ned.as_actor())
    dispute.refresh_from_db()
    assert dispute.state == "under_review"


def test_too_much_is_refused_before_it_is_sent(cast, dispute, handed_in):
    with pytest.raises(EvidenceTooLong):
        dispute_deeds.submit_evidence(dispute.pk, {"uncategorized_text": "x" * 20_001}, actor=disputed.ACTOR)
    assert handed_in == []


def test_a_dispute_past_its_day_is_asked_about(cast, dispute, monkeypatch, clock):
    monkeypatch.setattr(CardRail, "read_dispute", lambda self, _: disputed.told(dispute.payment, "lost"))
    assert dispute_deeds.follow_overdue() == 0
    clock.advance(days=10)
    assert dispute_deeds.follow_overdue() == 1
    dispute.refresh_from_db()
    assert dispute.state == "lost"
    assert dispute_deeds.follow_overdue() == 0


def test_a_dispute_that_cannot_be_followed_stops_no_other_and_is_asked_about_in_a_day(
    cast, dispute, monkeypatch, clock
):
    other = disputed.dispute_of(cast.lion.party)

    def read(self, external_id):
        if external_id == dispute.external_id:
            raise KeyError("not to be told")
        return disputed.told(other.payment, "lost")

    monkeypatch.setattr(CardRail, "read_dispute", read)
    clock.advance(days=10)
    assert [dispute_deeds.follow_overdue() for _ in range(2)] == [2, 0]
    for row in (dispute, other):
        row.refresh_from_db()
    assert (dispute.state, other.state) == ("needs_response", "lost")
    assert "An overdue dispute keeps failing" in Case.objects.get(reason_codes=["MONEY_WORK_STUCK"]).summary
    clock.advance(days=1)
    assert dispute_deeds.follow_overdue() == 1
