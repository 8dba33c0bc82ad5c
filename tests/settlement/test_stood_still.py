"""A worker that stands still for an hour, and clocks that are minutes apart: another does the work, nothing twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from compliance.base import clock as clocks
from compliance.base.clock import ManualClock
from compliance.models import Case
from settlement.models import CardPayment, Entry, PaymentProfile, Payout
from settlement.rails.card import CardRail
from settlement.services import (
    card_deeds,
    hold_sweep,
    holds,
    inbox,
    ledger,
    payout_deeds,
    payouts,
    profiles,
    reconciliation,
)
from settlement.services.accounts import Kind, Pot, of_party
from settlement.services.books import verify_books
from settlement.services.usage import UsageLine, post_usage
from tests.settlement.scene import TESTER, Scene


def stand_still(monkeypatch: pytest.MonkeyPatch, name: str, clock: ManualClock, others: Callable[[], None]) -> None:
    """The next caller of the rail's method stops before it asks; an hour passes, in which others work; it goes on."""
    honest = getattr(CardRail, name)

    def stopped(rail: CardRail, *args: Any, **given: Any) -> Any:
        monkeypatch.setattr(CardRail, name, honest)
        clock.advance(hours=1)
        others()
        return honest(rail, *args, **given)

    monkeypatch.setattr(CardRail, name, stopped)


def payable(card: Scene) -> None:
    """The provider is owed 950 and can be paid."""
    profiles.begin_card_payouts(card.provider.pk, "AU", return_url="http://x/", refresh_url="http://x/", actor=TESTER)
    card.control("onboard", account=PaymentProfile.objects.get(party=card.provider).stripe_account_id)
    profiles.refresh_recipient(card.provider.pk)
    card.top_up(5_000)
    card.doorbell.ring()
    holds.settle_hold(card.open_hold(1_000).id, 1_000, TESTER)


def test_a_settlement_that_stood_still_for_an_hour_captures_once(card: Scene, clock, monkeypatch):
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.settle_hold(ref.id, 400, TESTER)

    def others() -> None:
        assert hold_sweep.sweep_holds() == 1
        card.doorbell.ring()
        assert card.hold(ref).state == "settled"

    card.doorbell.lose()
    stand_still(monkeypatch, "capture_intent", clock, others)
    card_deeds.settle_hold(ref.id)
    assert [row["amount_captured"] for row in card.objects("charge")] == [400]
    assert card.books() == {"stripe": -400, "payable": 380, "fees": 20}
    assert verify_books().verified


def test_a_top_up_that_stood_still_for_an_hour_charges_once(card: Scene, clock, monkeypatch):
    top_up = card.top_up(5_000)
    card.doorbell.lose()

    def others() -> None:
        hold_sweep.sweep_holds()
        card.doorbell.ring()

    stand_still(monkeypatch, "create_intent", clock, others)
    card_deeds.charge_top_up(top_up.id)
    for event in card.notices():
        inbox.store(event)
    paid = [row["amount_captured"] for row in card.objects("charge")]
    assert card.books().get("available", 0) == sum(paid)
    assert len(paid) <= 1
    assert CardPayment.objects.count() == 1


def test_a_payout_that_stood_still_for_an_hour_is_paid_once(card: Scene, clock, monkeypatch):
    payable(card)
    payout = card.request_payout()
    card.doorbell.lose()

    def others() -> None:
        assert payout_deeds.deliver_payouts() == 1

    stand_still(monkeypatch, "transfer", clock, others)
    payout_deeds.send_payout(payout.id)
    assert Payout.objects.get().state == "failed", "its clearance had lapsed, and the network knew of no transfer"
    assert [row["amount"] for row in card.objects("transfer")] == [950]
    assert "payable" not in card.books(), "what left late is not owed any more"
    assert Case.objects.get().kind == Case.Kind.MONEY_ALARM
    clock.advance(minutes=5)
    assert reconciliation.reconcile_card().balanced
    payout_deeds.send_payout(payout.id)
    assert verify_books().verified


def test_a_transfer_of_a_failed_payout_is_found_before_the_next_is_sent(card: Scene, clock, monkeypatch):
    """The worker died right after the network did the work: the next payout meets the transfer at the network."""
    payable(card)
    payout = card.request_payout()
    card.doorbell.lose()

    def die(*_: object, **__: object) -> bool:
        raise SystemExit

    stand_still(monkeypatch, "transfer", clock, lambda: payout_deeds.deliver_payouts())
    with monkeypatch.context() as patched:
        patched.setattr(payouts, "finish_payout", die)
        with pytest.raises(SystemExit):
            payout_deeds.send_payout(payout.id)
    assert card.books()["payable"] == 950
    card.request_payout()
    card.doorbell.ring()
    assert [row["amount"] for row in card.objects("transfer")] == [950]
    assert "payable" not in card.books()
    assert verify_books().verified


@pytest.mark.parametrize("minutes", [-4, 4])
def test_web_and_worker_minutes_apart_make_the_same_books(card: Scene, clock, minutes: int):
    """The web server's clock and the worker's differ; each deed takes place on the one that does it."""
    worker = ManualClock(clock.now() + timedelta(minutes=minutes))

    def work() -> None:
        with clocks.use_clock(worker):
            card.doorbell.ring()

    card.top_up(5_000)
    work()
    with clocks.use_clock(worker):
        for event in card.notices():
            inbox.store(event)
    prepaid, by_card = card.open_hold(2_000), card.open_hold(1_000, rail="card")
    work()
    with clocks.use_clock(worker):
        assert hold_sweep.sweep_holds() == 0, "nothing is overdue because a clock is fast"
        post_usage([UsageLine(each.id, each.subject_id, 1, 300, 60) for each in (prepaid, by_card)])
    post_usage([UsageLine(prepaid.id, prepaid.subject_id, 2, 500, 100)])
    holds.settle_hold(prepaid.id, 500, TESTER)
    with clocks.use_clock(worker):
        holds.settle_hold(by_card.id, 400, TESTER)
    work()
    assert card.books() == {"stripe": -5_400, "available": 4_500, "payable": 855, "fees": 45}
    report = verify_books()
    assert report.verified, report.faults
    held = of_party(Kind.HELD, card.renter.pk, Pot.CARD, "USD")
    rows = Entry.objects.filter(account__kind=held.kind, account__party=held.party_id).order_by("pk")
    times = list(rows.values_list("at", flat=True))
    assert times == sorted(times), "a statement never runs backwards"
    assert rows.last().balance_after_minor == ledger.balance_of(held)
