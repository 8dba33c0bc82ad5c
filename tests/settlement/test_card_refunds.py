"""Refunds to the card that paid: stored before they are asked for, asked for once, undone when they come to nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest

from compliance.base import clock as clocks
from compliance.models import Clearance
from compliance.services import restrictions
from settlement.models import DisputeShare, Invoice, PaymentProfile, ReconciliationDifference, Refund
from settlement.rails.card import CardRail
from settlement.selectors.money_alarms import money_alarms
from settlement.services import claims, holds, inbox, reconciliation, refund_deeds, refund_states
from settlement.services.amendments import amend_due
from settlement.services.books import verify_books
from settlement.services.invoicing import issue_due
from settlement.services.refunds import RefundContested, RefundTooLarge
from tests.factories.compliance import OFFICER, SECOND_OFFICER
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_amendments import notes
from tests.settlement.test_disputes import impatient, ready
from tests.settlement.test_invoices import next_month, ready_to_bill
from tests.settlement.test_refunds import give

__all__ = ["impatient", "ready"]
PAID = {"stripe": -1_000, "payable": 950, "fees": 50}


@pytest.fixture
def paid(card: Scene) -> Scene:
    """A settled lease of ten dollars that a card paid; `paid.lease_id` names it."""
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.settle_hold(ref.id, 1_000, TESTER)
    card.doorbell.ring()
    card.lease_id = ref.subject_id
    assert books(card) == PAID
    return card


def books(scene: Scene) -> dict[str, int]:
    assert verify_books().verified
    return scene.books()


def asked(scene: Scene) -> list[int]:
    """What the network gave back, by its own word."""
    return [each["amount"] for each in scene.objects("refund")]


def tell(scene: Scene, kind: str = "refund") -> None:
    """Every such notice arrives, twice."""
    for event in [*scene.notices(kind)] * 2:
        inbox.store(event)


def test_the_money_is_on_its_way_until_the_network_took_it_and_then_gone(paid):
    refund = give(paid, paid.lease_id, 400)
    assert refund.state == "requested"
    assert books(paid) == {"stripe": -1_000, "payable": 570, "fees": 50, "chargebacks": -20, "refunding": 400}
    paid.doorbell.ring()
    assert books(paid) == {"stripe": -600, "payable": 570, "fees": 50, "chargebacks": -20}
    row = Refund.objects.get()
    assert (row.state, row.external_id) == ("done", paid.objects("refund")[0]["id"])
    tell(paid)
    assert refund_deeds.deliver_refunds() == 0
    assert (asked(paid), books(paid)["stripe"]) == ([400], -600)
    with pytest.raises(RefundTooLarge):
        give(paid, paid.lease_id, 601)


@pytest.mark.parametrize("fault", ["500", "timeout_after_work", "409"])
def test_a_lost_answer_is_asked_after_and_nothing_is_given_twice(paid, fault):
    give(paid, paid.lease_id, 400)
    paid.control("fail", path="POST /v1/refunds", mode=fault)
    paid.doorbell.ring()
    assert Refund.objects.get().state == "sending"
    assert refund_deeds.deliver_refunds() == 1
    assert (Refund.objects.get().state, asked(paid)) == ("done", [400])
    assert books(paid) == {"stripe": -600, "payable": 570, "fees": 50, "chargebacks": -20}


def test_a_lost_answer_is_made_good_by_the_notice(paid):
    give(paid, paid.lease_id, 400)
    paid.control("fail", path="POST /v1/refunds", mode="timeout_after_work")
    paid.doorbell.ring()
    tell(paid, "refund.created")
    assert (Refund.objects.get().state, books(paid)["stripe"]) == ("done", -600)


def test_a_lost_doorbell_and_lost_notices_are_made_good_by_the_sweep(paid):
    give(paid, paid.lease_id, 400)
    paid.doorbell.lose()
    assert refund_deeds.deliver_refunds() == 1
    assert Refund.objects.get().state == "done"


def test_what_the_network_refuses_is_turned_back(paid):
    give(paid, paid.lease_id, 400)
    Refund.objects.update(charge_id="ch_unknown")
    paid.doorbell.ring()
    assert (Refund.objects.get().state, Refund.objects.get().failure_code) == ("failed", "resource_missing")
    assert books(paid) == PAID
    give(paid, paid.lease_id, 1_000)


def test_a_clearance_that_fell_before_the_money_left_turns_it_back(paid):
    give(paid, paid.lease_id, 400)
    Clearance.objects.filter(purpose="payout").update(revoked_at=clocks.now())
    paid.doorbell.ring()
    assert (Refund.objects.get().state, Refund.objects.get().failure_code) == ("failed", "clearance_invalid")
    assert (asked(paid), books(paid)) == ([], PAID)


def test_one_to_a_renter_that_was_restricted_meanwhile_goes_nowhere_until_it_is_let_go(paid, clock):
    """Neither to the card, nor back to the provider: it is the renter's property, and in the report about it."""
    give(paid, paid.lease_id, 400)
    on_its_way = books(paid)
    row = restrictions.impose(paid.renter.pk, "listed", actor=OFFICER)
    paid.doorbell.ring()
    for _ in range(2):
        clock.advance(hours=2)
        assert refund_deeds.deliver_refunds() == 1
    assert (Refund.objects.get().state, asked(paid), books(paid)) == ("requested", [], on_its_way)
    assert money_alarms() == []
    restrictions.propose_lift(row.pk, "Another of the name.", actor=OFFICER)
    restrictions.lift(row.pk, actor=SECOND_OFFICER)
    refund_deeds.deliver_refunds()
    assert (Refund.objects.get().failure_code, asked(paid), books(paid)) == ("clearance_invalid", [], PAID)


def test_one_that_the_bank_sends_back_later_is_undone_once_and_its_credit_note_too(paid, clock, settings):
    ready_to_bill(paid, settings)
    paid.books()
    next_month(clock)
    issue_due(actor=TESTER)
    give(paid, paid.lease_id, 400)
    paid.doorbell.ring()
    assert sorted(gross for _, _, gross in notes()) == [20, 400]
    paid.control("fail_refund", refund=Refund.objects.get().external_id, reason="expired_or_canceled_card")
    tell(paid)
    paid.doorbell.ring()
    assert (Refund.objects.get().state, Refund.objects.get().failure_code) == ("failed", "expired_or_canceled_card")
    found = books(paid)
    assert (found["payable"], found["fees"], found.get("chargebacks", 0)) == (950, 50, 0)
    assert sorted(Invoice.objects.filter(form="debit_note").values_list("gross_minor", flat=True)) == [20, 400]
    assert amend_due(actor=TESTER) == (0, 0)
    give(paid, paid.lease_id, 1_000)


def test_notices_in_the_wrong_order_end_the_same(paid):
    give(paid, paid.lease_id, 400)
    paid.control("fail", path="POST /v1/refunds", mode="timeout_after_work")
    paid.doorbell.ring()
    paid.control("fail_refund", refund=paid.objects("refund")[0]["id"], reason="declined")
    for event in reversed(paid.notices("refund")):
        inbox.store(event)
    assert (Refund.objects.get().state, books(paid)) == ("failed", PAID)


def test_reconciliation_finds_a_line_for_each_refund_and_a_refund_for_each_line(paid, clock):
    give(paid, paid.lease_id, 400)
    paid.doorbell.ring()
    clock.advance(minutes=5)
    assert reconciliation.reconcile_card().balanced
    paid.control("fail_refund", refund=Refund.objects.get().external_id, reason="declined")
    clock.advance(minutes=5)
    # No notice came: the line itself is enough to ask after it.
    assert reconciliation.reconcile_card().balanced
    assert Refund.objects.get().state == "failed"
    found = books(paid)
    assert (found["payable"], found.get("suspense", 0)) == (950, 0)
    assert not ReconciliationDifference.objects.exists()


def test_a_refund_that_the_network_does_not_show_is_a_difference(paid, clock):
    give(paid, paid.lease_id, 400)
    paid.doorbell.ring()
    with paid.network.store.transaction():
        line = next(each for each in paid.network.store.every("balance_transaction") if each["type"] == "refund")
        paid.network.store.put(line | {"currency": "eur"}, "")
    clock.advance(minutes=5)
    assert not reconciliation.reconcile_card().balanced
    explained = ReconciliationDifference.objects.values_list("explanation", flat=True)
    assert "no line for this refund" in list(explained)


def test_a_chargeback_after_a_refund_takes_from_the_sides_no_more_than_what_is_left(paid):
    give(paid, paid.lease_id, 400)
    paid.doorbell.ring()
    paid.control("dispute", charge=paid.objects("charge")[-1]["id"], amount=1_000)
    tell(paid, "charge.dispute")
    # The bank took the whole 1,000: 600 was left, and the 400 that the renter has twice it owes.
    assert books(paid) == {"stripe": 400, "fees": 50, "chargebacks": -50, "owed": -400}
    with pytest.raises(RefundContested):
        give(paid, paid.lease_id, 1)


def test_a_refund_that_fails_because_of_the_dispute_is_borne_by_the_sides_and_owed_by_nobody_twice(paid):
    give(paid, paid.lease_id, 400)
    paid.doorbell.ring()
    paid.control("dispute", charge=paid.objects("charge")[-1]["id"], amount=1_000)
    tell(paid, "charge.dispute")
    reason = "charge_for_pending_refund_disputed"
    paid.control("fail_refund", refund=Refund.objects.get().external_id, reason=reason)
    tell(paid)
    assert books(paid) == {"fees": 50, "chargebacks": -50}
    dispute = paid.objects("dispute")[0]["id"]
    paid.control("decide", dispute=dispute, outcome="won")
    tell(paid, "charge.dispute")
    assert books(paid) == PAID
    shares = DisputeShare.objects.all()
    assert all(share.returned_minor == share.amount_minor for share in shares)


def test_a_worker_that_stood_still_while_its_refund_was_given_up_is_believed(paid, monkeypatch, clock):
    """The sweep gives the refund up for its fallen clearance; then the worker goes on and asks the network."""
    give(paid, paid.lease_id, 400)
    asking = CardRail.refund

    def late(self, *given, **more):
        Clearance.objects.filter(purpose="payout").update(revoked_at=clocks.now())
        clock.advance(seconds=timedelta(hours=1).total_seconds())
        with monkeypatch.context() as patch:
            patch.setattr(CardRail, "refund", asking)
            refund_deeds.deliver_refunds()
        assert Refund.objects.get().state == "failed"
        return asking(self, *given, **more)

    monkeypatch.setattr(CardRail, "refund", late)
    paid.doorbell.ring()
    assert (Refund.objects.get().state, asked(paid)) == ("done", [400])
    assert books(paid) == {"stripe": -600, "payable": 570, "fees": 50, "chargebacks": -20}


def test_a_refund_of_somebody_elses_changes_nothing(paid):
    refund = give(paid, paid.lease_id, 400)
    paid.doorbell.ring()
    (event,) = paid.notices("refund.created")
    body = event["data"]["object"]
    body |= {"id": "re_other", "metadata": {}}
    assert inbox.store(event | {"id": "evt_other"}) == "nothing to do"
    # One that names ours, but is another than the network told us first.
    body |= {"metadata": {"gridclear_refund": str(refund.id)}, "status": "failed"}
    assert inbox.store(event | {"id": "evt_third"}) == "nothing to do"
    body |= {"metadata": {"gridclear_refund": str(uuid4())}}
    assert inbox.store(event | {"id": "evt_fourth"}) == "nothing to do"
    assert Refund.objects.get().state == "done"


def test_after_the_payout_the_platform_gives_back_and_claims_it_from_the_provider(ready: Scene):
    ref = ready.open_hold(1_000, rail="card")
    ready.doorbell.ring()
    holds.settle_hold(ref.id, 1_000, TESTER)
    ready.doorbell.ring()
    ready.request_payout()
    ready.doorbell.ring()
    assert PaymentProfile.objects.get(party=ready.provider).payouts_enabled
    give(ready, ref.subject_id, 1_000, given_by="platform", reason="broke_off")
    ready.doorbell.ring()
    assert claims.owed_minor(ready.provider.pk) == 950
    refund_id = Refund.objects.get().pk
    assert refund_states.fail_refund(refund_id, "late", actor=TESTER) is False
    assert books(ready)["claim"] == -950
