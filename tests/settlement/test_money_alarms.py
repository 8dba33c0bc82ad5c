"""Money that stands still, and rails that differ from the books, are what an operator has to look at."""

import pytest

from compliance.base import clock as clocks
from compliance.base.actor import system
from settlement.models import PaymentProfile, ReconciliationRun
from settlement.selectors.money_alarms import money_alarms
from settlement.services import holds, payout_deeds, profiles
from settlement.services.differences import Comparison, Difference, record
from tests.settlement.scene import TESTER, Scene


def _titles() -> list[str]:
    return [alarm.title for alarm in money_alarms()]


def _compared(rail: str, *found: Difference) -> ReconciliationRun:
    currency = "USD" if rail == "card" else "USDC"
    return record(Comparison(rail, currency, 1, 1, 1, clocks.now(), found), actor=system("tests"))


@pytest.mark.django_db
def test_the_newest_comparison_of_each_rail_counts(clock, caplog):
    assert _titles() == []
    for rail in ("card", "escrow"):
        _compared(rail, Difference("a-1", 5, None, "no line for this"), Difference("a-2", 5, 6, "another amount"))
        clock.advance(minutes=1)
    assert _titles() == ["The card network and the books differ", "The escrow contract and the books differ"]
    assert "2 at " in money_alarms()[0].text
    assert "no line for this (a-1)" in money_alarms()[0].text
    assert "reconciliation of the escrow rail: 2 differences" in caplog.text
    _compared("card")
    assert _titles() == ["The escrow contract and the books differ"]
    _compared("escrow")
    assert _titles() == []


def test_a_rail_that_is_compared_no_more_is_an_alarm_while_there_is_money_on_it(money: Scene, clock):
    _compared("card")
    clock.advance(minutes=61)
    assert _titles() == [], "there is nothing to compare"
    money.credit(500)
    assert _titles() == ["The card network was not compared with the books for an hour"]
    _compared("card", Difference("a-1", 5, None, "no line for this"))
    assert _titles() == ["The card network and the books differ"]
    clock.advance(minutes=61)
    assert len(_titles()) == 2


def test_a_settlement_and_a_payout_are_alarms_after_an_hour_and_until_they_are_done(card: Scene, clock, caplog):
    card.top_up(5_000)
    hold = card.open_hold(2_000, rail="card")
    card.doorbell.ring()
    holds.settle_hold(hold.id, 1_000, TESTER)
    clock.advance(minutes=59)
    assert _titles() == []
    clock.advance(minutes=2)
    assert _titles() == ["Holds that have settled for an hour: 1"]
    card.doorbell.ring()
    assert _titles() == []
    profiles.begin_card_payouts(card.provider.pk, "AU", return_url="http://x/", refresh_url="http://x/", actor=TESTER)
    card.control("onboard", account=PaymentProfile.objects.get(party=card.provider).stripe_account_id)
    profiles.refresh_recipient(card.provider.pk)
    card.request_payout()
    clock.advance(minutes=59)
    assert _titles() == []
    clock.advance(minutes=2)
    assert _titles() == ["Payouts that have waited for an hour: 1"]
    payout_deeds.deliver_payouts()
    assert "1 payouts have waited for an hour" in caplog.text
    assert _titles() == []
