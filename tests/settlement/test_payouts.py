"""Payouts: cleared, once, to where the provider said; money that did not leave is payable again."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.services import clearances, restrictions
from compliance.services.clearances import ClearanceInvalid
from settlement.models import PaymentProfile, Payout
from settlement.rails import card as card_rail
from settlement.rails.card import CardRail
from settlement.selectors.balances import payable_minor, payable_parties
from settlement.selectors.payouts import payouts_of
from settlement.services import holds, payout_deeds, payouts, profiles
from settlement.services.payouts import NoPayoutDestination, PayoutExists
from tests.settlement.scene import TESTER, Scene, clear
from tests.settlement.test_ledger import race


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """The library does not retry by itself: each failure is seen."""
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: CardRail(key, base=base, retries=0))


@pytest.fixture
def owed(card: Scene) -> Scene:
    """A provider that earned $9.50 from money that a card really brought, with an account that can receive it."""
    card.top_up(5_000)
    card.doorbell.ring()
    ref = card.open_hold(2_000)
    holds.settle_hold(ref.id, 1_000, TESTER)
    profiles.begin_card_payouts(card.provider.pk, "AU", return_url="http://x/", refresh_url="http://x/", actor=TESTER)
    card.control("onboard", account=PaymentProfile.objects.get(party=card.provider).stripe_account_id)
    profiles.refresh_recipient(card.provider.pk)
    return card


def test_what_was_earned_is_paid_to_the_cent(owed: Scene):
    assert payable_parties() == [(owed.provider.pk, "card")]
    ref = owed.request_payout()
    assert owed.books() == {"stripe": -5_000, "available": 4_000, "paying": 950, "fees": 50}
    owed.doorbell.ring()
    assert owed.books() == {"stripe": -4_050, "available": 4_000, "fees": 50}
    transfer = owed.objects("transfer")[0]
    assert (transfer["amount"], transfer["transfer_group"]) == (950, str(ref.id))
    view = payouts_of(owed.provider.pk)[0]
    assert (view.state, view.external_id) == ("sent", transfer["id"])
    assert payable_minor(owed.provider.pk) == 0
    assert payouts.plan_payout(owed.provider.pk, "card") is None


def test_a_payout_told_many_times_at_once_is_paid_once(owed: Scene):
    ref = owed.request_payout()
    race(6, lambda number: payout_deeds.send_payout(ref.id))
    payout_deeds.deliver_payouts()
    assert [row["amount"] for row in owed.objects("transfer")] == [950]
    assert owed.books() == {"stripe": -4_050, "available": 4_000, "fees": 50}


@pytest.mark.parametrize("mode", ["500", "timeout_after_work"])
def test_an_answer_that_never_came_does_not_pay_twice(owed: Scene, mode: str):
    ref = owed.request_payout()
    owed.control("fail", path="POST /v1/transfers", times=2, mode=mode)
    owed.doorbell.ring()
    assert Payout.objects.get(pk=ref.id).state == "sending"
    assert owed.books()["paying"] == 950
    for _ in range(3):
        payout_deeds.deliver_payouts()
    assert Payout.objects.get(pk=ref.id).state == "sent"
    assert [row["amount"] for row in owed.objects("transfer")] == [950]


def test_a_transfer_whose_answer_was_lost_is_found_even_when_the_key_is_forgotten(owed: Scene, clock):
    ref = owed.request_payout()
    owed.control("fail", path="POST /v1/transfers", times=1, mode="timeout_after_work")
    owed.doorbell.ring()
    with owed.network.store.transaction():
        owed.network.store._db.execute("DELETE FROM idempotency")
    clock.advance(days=2)
    payout_deeds.deliver_payouts()
    assert Payout.objects.get(pk=ref.id).state == "sent"
    assert len(owed.objects("transfer")) == 1


def test_money_that_is_not_available_yet_is_paid_when_it_is(owed: Scene):
    platform = owed.network
    owed.request_payout()
    with platform.store.transaction():
        line = platform.store.every("balance_transaction")[0]
        platform.store.put(line | {"available_on": line["available_on"] + 10**6})
    owed.doorbell.ring()
    assert Payout.objects.get().state == "sending"
    with platform.store.transaction():
        platform.store.put(line)
    payout_deeds.deliver_payouts()
    assert Payout.objects.get().state == "sent"
    assert len(owed.objects("transfer")) == 1


def test_a_definite_refusal_makes_the_money_payable_again(owed: Scene):
    owed.request_payout()
    account = PaymentProfile.objects.get(party=owed.provider).stripe_account_id
    with owed.network.store.transaction():
        body = owed.network.store.get(account)
        owed.network.store.put(body | {"capabilities": {"transfers": "inactive"}})
    owed.doorbell.ring()
    assert Payout.objects.get().failure_code == "insufficient_capabilities_for_transfer"
    assert owed.books() == {"stripe": -5_000, "available": 4_000, "payable": 950, "fees": 50}
    assert payouts.plan_payout(owed.provider.pk, "card") is not None


# -- the walls ---------------------------------------------------------------------------------------------


def test_no_payout_without_a_live_clearance_about_just_this(owed: Scene):
    plan = payouts.plan_payout(owed.provider.pk, "card")
    wrong = [
        clear("payout", uuid4(), renter=None, provider=owed.provider),
        clear("lease", plan.payout_id, renter=None, provider=owed.provider),
        clear("payout", plan.payout_id, renter=None, provider=owed.renter),
        clear("payout", plan.payout_id, renter=None, provider=owed.provider, max_amount_minor=949, currency="USD"),
        clear("payout", plan.payout_id, renter=None, provider=owed.provider, max_amount_minor=950, currency="USDC"),
    ]
    for clearance in wrong:
        with pytest.raises(ClearanceInvalid):
            payouts.request_payout(plan, clearance=clearance, idempotency_key="k", actor=TESTER)
    assert Payout.objects.count() == 0
    assert owed.books()["payable"] == 950


def test_a_clearance_that_fell_before_the_money_left_stops_it(owed: Scene):
    owed.request_payout()
    clearances.revoke(clearances.live_clearances([owed.provider.pk]), "listed", actor=TESTER)
    owed.doorbell.ring()
    assert Payout.objects.get().failure_code == "clearance_invalid"
    assert owed.objects("transfer") == []
    assert owed.books()["payable"] == 950


def test_a_clearance_that_fell_between_two_attempts_stops_the_second(owed: Scene, clock):
    owed.request_payout()
    owed.control("fail", path="POST /v1/transfers", times=1, mode="500")
    owed.doorbell.ring()
    restrictions.impose(owed.provider.pk, "listed", actor=TESTER)
    payout_deeds.deliver_payouts()
    assert (Payout.objects.get().state, owed.objects("transfer")) == ("sending", [])
    clock.advance(minutes=3)
    payout_deeds.deliver_payouts()
    assert (Payout.objects.get().failure_code, owed.objects("transfer")) == ("clearance_invalid", [])
    assert owed.books()["payable"] == 950


def test_raw_sql_sends_nothing_past_the_wall(owed: Scene):
    ref = owed.request_payout()
    clearances.revoke(clearances.live_clearances([owed.provider.pk]), "listed", actor=TESTER)
    with pytest.raises(IntegrityError, match="needs a live clearance"), transaction.atomic():
        connection.cursor().execute("UPDATE settlement_payout SET state = 'sending' WHERE id = %s", [ref.id])


def test_a_frozen_payout_waits_for_a_fresh_clearance(owed: Scene):
    ref = owed.request_payout()
    assert payouts.freeze_payouts([owed.provider.pk], "listed", actor=TESTER) == 1
    owed.doorbell.ring()
    assert (Payout.objects.get().state, owed.objects("transfer")) == ("frozen", [])
    fresh = clear("payout", ref.id, renter=None, provider=owed.provider)
    payout_deeds.send_payout(ref.id, fresh)
    assert (Payout.objects.get().state, len(owed.objects("transfer"))) == ("sent", 1)


# -- asking ------------------------------------------------------------------------------------------------


def test_two_who_ask_at_once_get_one_payout(owed: Scene):
    plans = [payouts.plan_payout(owed.provider.pk, "card") for _ in range(4)]
    cleared = [clear("payout", plan.payout_id, renter=None, provider=owed.provider) for plan in plans]
    outcomes = race(
        4, lambda n: payouts.request_payout(plans[n], clearance=cleared[n], idempotency_key=str(n), actor=TESTER)
    )
    assert sum(isinstance(outcome, payouts.PayoutRef) for outcome in outcomes) == 1, outcomes
    assert owed.books()["paying"] == 950


def test_the_same_key_with_other_terms_is_refused(owed: Scene):
    plan = payouts.plan_payout(owed.provider.pk, "card")
    clearance = clear("payout", plan.payout_id, renter=None, provider=owed.provider)
    first = payouts.request_payout(plan, clearance=clearance, idempotency_key="k", actor=TESTER)
    assert payouts.request_payout(plan, clearance=clearance, idempotency_key="k", actor=TESTER) == first
    other = payouts.PayoutPlan(uuid4(), plan.party_id, plan.pot, plan.currency, 1, plan.destination)
    with pytest.raises(PayoutExists):
        payouts.request_payout(other, clearance=clearance, idempotency_key="k", actor=TESTER)


def test_there_is_no_plan_without_a_place_to_pay_to(owed: Scene):
    plan = payouts.plan_payout(owed.provider.pk, "card")
    PaymentProfile.objects.update(payouts_enabled=False)
    assert payouts.plan_payout(owed.provider.pk, "card") is None
    clearance = clear("payout", plan.payout_id, renter=None, provider=owed.provider)
    with pytest.raises(NoPayoutDestination):
        payouts.request_payout(plan, clearance=clearance, idempotency_key="k", actor=TESTER)
    assert payouts.plan_payout(owed.provider.pk, "escrow") is None
