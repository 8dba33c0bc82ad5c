"""Card holds and top-ups against a card network that declines, stalls, forgets to answer and tells things twice."""

import urllib.error
import urllib.request
from datetime import timedelta

import pytest
import stripe
from django.db import transaction

from compliance.services import clearances
from settlement.models import CardPayment, Hold, PaymentProfile
from settlement.rails import card as card_rail
from settlement.rails.card import CardRail
from settlement.services import card_deeds, card_payments, hold_sweep, holds, profiles, topups
from settlement.services.hold_terms import LONGEST_CARD_HOLD
from settlement.services.profiles import CardNetworkBusy, CardRejected
from settlement.services.topups import TopUpExists, TopUpRefused
from tests.settlement.scene import TESTER, Scene, post_notice
from tests.settlement.test_ledger import race


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """The library does not retry by itself: each failure is seen."""
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: CardRail(key, base=base, retries=0))


def _open(card: Scene, amount: int = 1_000, **changes) -> Hold:
    ref = card.open_hold(amount, rail="card", **changes)
    card.doorbell.ring()
    return card.hold(ref)


def _payment(hold: Hold) -> CardPayment:
    return CardPayment.objects.get(hold=hold)


# -- authorizing -------------------------------------------------------------------------------------------


def test_a_card_is_authorized_and_nothing_is_in_the_books_yet(card: Scene):
    hold = _open(card)
    assert (hold.state, _payment(hold).state) == ("open", "authorized")
    intent = card.objects("payment_intent")[0]
    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 1_000)
    assert intent["metadata"] == {"gridclear_payment": str(_payment(hold).pk)}
    assert card.books() == {}


def test_a_declined_card_fails_the_hold_with_the_banks_code(card: Scene):
    hold = _open(card, payment_method="pm_card_chargeDeclinedInsufficientFunds")
    assert (hold.state, hold.failure_code, _payment(hold).state) == ("failed", "insufficient_funds", "failed")
    assert card.books() == {}


def test_a_card_that_wants_its_holder_present_fails_the_hold(card: Scene):
    hold = _open(card, payment_method="pm_card_authenticationRequired")
    assert (hold.state, hold.failure_code) == ("failed", "authentication_required")


def test_the_same_task_many_times_at_once_authorizes_once(card: Scene):
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.lose()
    race(5, lambda number: card_deeds.authorize_hold(ref.id))
    assert card.hold(ref).state == "open"
    assert len(card.objects("payment_intent")) == 1


@pytest.mark.parametrize("mode", ["500", "timeout_after_work"])
def test_an_answer_that_never_came_is_asked_for_again_and_nothing_is_doubled(card: Scene, clock, mode: str):
    profiles.customer_of(card.renter.pk)
    card.control("fail", path="/v1/payment_intents", times=2, mode=mode)
    hold = _open(card)
    assert (hold.state, _payment(hold).state) == ("opening", "creating")
    for _ in range(2):
        clock.advance(seconds=11)
        hold_sweep.sweep_holds()
        card.doorbell.ring()
    hold.refresh_from_db()
    assert hold.state == "open"
    assert len(card.objects("payment_intent")) == 1


def test_a_lost_task_is_found_by_the_sweep(card: Scene, clock):
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.lose()
    clock.advance(seconds=11)
    hold_sweep.sweep_holds()
    card.doorbell.ring()
    assert card.hold(ref).state == "open"


def test_money_that_came_too_late_is_let_go(card: Scene, clock):
    profiles.customer_of(card.renter.pk)
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    hold = _open(card)
    clock.advance(minutes=16)
    hold_sweep.sweep_holds()
    hold.refresh_from_db()
    assert (hold.state, hold.failure_code) == ("failed", "funding_timeout")
    card.doorbell.ring()
    assert card.objects("payment_intent")[0]["status"] == "canceled"
    assert _payment(hold).state == "canceled"


def test_a_hold_that_was_never_asked_for_fails_at_its_deadline(card: Scene, clock):
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.lose()
    clock.advance(minutes=16)
    hold_sweep.sweep_holds()
    card.doorbell.ring()
    assert card.hold(ref).state == "failed"
    assert (card.objects("payment_intent"), _payment(card.hold(ref)).failure_code) == ([], "never_asked")


def test_a_clearance_that_fell_while_the_bank_was_asked_opens_nothing(card: Scene):
    ref = card.open_hold(1_000, rail="card")
    clearances.revoke(clearances.live_clearances([card.renter.pk]), "listed", actor=TESTER)
    card.doorbell.ring()
    hold = card.hold(ref)
    assert (hold.state, hold.failure_code) == ("failed", "clearance_lapsed")
    assert card.objects("payment_intent")[0]["status"] == "canceled"


# -- collecting --------------------------------------------------------------------------------------------


def test_one_capture_takes_the_total_and_releases_the_rest(card: Scene):
    hold = _open(card)
    assert holds.settle_hold(hold.pk, 333, TESTER).state == "settling"
    card.doorbell.ring()
    hold.refresh_from_db()
    assert hold.state == "settled"
    assert card.objects("payment_intent")[0]["amount_received"] == 333
    assert card.books() == {"stripe": -333, "payable": 317, "fees": 16}


@pytest.mark.parametrize("mode", ["500", "timeout_after_work"])
def test_a_capture_without_an_answer_is_asked_for_again_and_taken_once(card: Scene, clock, mode: str):
    hold = _open(card)
    card.control("fail", path="/capture", times=1, mode=mode)
    holds.settle_hold(hold.pk, 333, TESTER)
    card.doorbell.ring()
    hold.refresh_from_db()
    assert hold.state == "settling"
    clock.advance(seconds=11)
    hold_sweep.sweep_holds()
    card.doorbell.ring()
    assert card.books() == {"stripe": -333, "payable": 317, "fees": 16}
    assert [line["amount"] for line in card.objects("balance_transaction")] == [333]


def test_a_lease_that_cost_nothing_releases_the_card(card: Scene):
    hold = _open(card)
    holds.settle_hold(hold.pk, 0, TESTER)
    card.doorbell.ring()
    assert card.objects("payment_intent")[0]["status"] == "canceled"
    hold.refresh_from_db()
    assert (hold.state, card.books()) == ("settled", {})


def test_a_frozen_card_hold_is_kept_through_the_end_of_its_authorization(card: Scene):
    hold = _open(card)
    holds.capture(hold.pk, 200, 1)
    assert card.books() == {"uncollected": -200, "accrued": 200}
    holds.freeze_hold(hold.pk, "listed", actor=TESTER)
    assert card.books() == {}
    card_rail.rail().cancel_intent(card.objects("payment_intent")[0]["id"], "elsewhere")
    post_notice(card.notices("payment_intent.canceled")[0])
    hold.refresh_from_db()
    assert hold.state == "frozen"
    assert holds.unfreeze_hold(hold.pk, actor=TESTER).state == "released"
    holds.settle_hold(hold.pk, 200, TESTER)
    card.doorbell.ring()
    assert card.books() == {"owed": -200, "payable": 190, "fees": 10}


def test_a_hold_frozen_before_its_money_came_fails_when_let_go(card: Scene):
    ref = card.open_hold(1_000, rail="card")
    holds.freeze_hold(ref.id, "listed", actor=TESTER)
    card.doorbell.ring()
    assert card.objects("payment_intent") == []
    assert holds.unfreeze_hold(ref.id, actor=TESTER).state == "failed"


# -- notices -----------------------------------------------------------------------------------------------


def test_notices_alone_carry_a_hold_when_every_answer_was_lost(card: Scene):
    profiles.customer_of(card.renter.pk)
    card.control("fail", path="/v1/payment_intents", times=9, mode="timeout_after_work")
    hold = _open(card)
    for event in card.notices():
        post_notice(event)
    hold.refresh_from_db()
    assert hold.state == "open"
    holds.settle_hold(hold.pk, 500, TESTER)
    card.doorbell.ring()
    for event in card.notices():
        post_notice(event)
    hold.refresh_from_db()
    assert hold.state == "settled"
    assert card.books() == {"stripe": -500, "payable": 475, "fees": 25}


def test_notices_in_any_order_and_number_move_nothing_more(card: Scene):
    hold = _open(card)
    holds.settle_hold(hold.pk, 500, TESTER)
    card.doorbell.ring()
    before = card.books()
    for event in [*card.notices()[::-1], *card.notices()] * 2:
        assert post_notice(event).status_code == 200
    card.doorbell.ring()
    hold.refresh_from_db()
    assert (hold.state, _payment(hold).state, card.books()) == ("settled", "succeeded", before)


# -- top-ups -----------------------------------------------------------------------------------------------


def test_a_top_up_fills_the_balance_once(card: Scene):
    ref = card.top_up(5_000)
    card.doorbell.ring()
    assert topups.top_up(ref.id).state == "succeeded"
    for event in card.notices() * 2:
        post_notice(event)
    card_deeds.charge_top_up(ref.id)
    assert card.books() == {"stripe": -5_000, "available": 5_000}


def test_the_same_key_is_one_top_up_and_another_amount_is_refused(card: Scene):
    assert card.top_up(5_000).id == card.top_up(5_000).id
    with pytest.raises(TopUpExists):
        card.top_up(6_000)
    card.doorbell.ring()
    assert card.books() == {"stripe": -5_000, "available": 5_000}


def test_a_declined_top_up_leaves_the_balance_alone(card: Scene):
    ref = card.top_up(card="pm_card_chargeDeclined")
    card.doorbell.ring()
    assert (topups.top_up(ref.id).state, topups.top_up(ref.id).failure_code) == ("failed", "generic_decline")
    assert card.books() == {}


@pytest.mark.parametrize("amount", [0, -1, 499, 10_000_001, 5.5, True])
def test_a_top_up_out_of_range_is_refused(card: Scene, amount):
    with pytest.raises(TopUpRefused):
        card.top_up(amount)
    assert CardPayment.objects.count() == 0


def test_a_top_up_whose_answers_are_lost_for_hours_follows_the_network(card: Scene, clock):
    profiles.customer_of(card.renter.pk)
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    ref = card.top_up(5_000)
    card.doorbell.ring()
    clock.advance(hours=13)
    hold_sweep.sweep_holds()
    assert "settlement.give_up_top_up" in card.doorbell.names
    card.doorbell.ring()
    assert topups.top_up(ref.id).state == "succeeded"
    assert card.books() == {"stripe": -5_000, "available": 5_000}


def test_money_that_the_network_took_after_all_is_booked(card: Scene):
    ref = card.top_up(5_000)
    card_payments.fail_payment(ref.id, "never_asked", actor=TESTER)
    payment = CardPayment.objects.get(pk=ref.id)
    intent = card_rail.rail().create_intent(
        payment.pk,
        amount_minor=5_000,
        customer_id=profiles.customer_of(card.renter.pk),
        payment_method="pm_card_visa",
        manual=False,
        key="late",
    )
    assert intent.status == "succeeded"
    for event in card.notices("payment_intent.succeeded"):
        post_notice(event)
    assert card.books() == {"stripe": -5_000, "available": 5_000}


# -- cards and accounts ------------------------------------------------------------------------------------


def test_cards_are_saved_with_their_party_and_declined_ones_are_refused(card: Scene):
    saved = profiles.save_card(card.renter.pk, "pm_card_sg")
    assert [(row["last4"], row["country"]) for row in profiles.saved_cards(card.renter.pk)] == [("0003", "SG")]
    assert profiles.saved_cards(card.provider.pk) == []
    with pytest.raises(CardRejected):
        profiles.save_card(card.provider.pk, saved["id"])
    assert _open(card, payment_method=saved["id"]).state == "open"


def test_a_card_is_saved_on_the_card_networks_own_page(card: Scene):
    url = profiles.card_form_url(card.renter.pk, return_url=card.network.url, cancel_url=card.network.url)
    with urllib.request.urlopen(url, timeout=5) as page:
        assert "4242" in page.read().decode()
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError, match="401"):  # where the redirect leads, a key is wanted
            urllib.request.urlopen(urllib.request.Request(url, b"card=pm_card_ch", method="POST"), timeout=5)
    assert [row["last4"] for row in profiles.saved_cards(card.renter.pk)] == ["0009"]


def test_a_card_network_that_is_down_is_said_to_be(card: Scene):
    card.control("fail", path="/v1/customers", times=1, mode="500")
    with pytest.raises(CardNetworkBusy):
        profiles.save_card(card.renter.pk, "pm_card_visa")


def test_a_provider_is_onboarded(card: Scene):
    url = profiles.begin_card_payouts(
        card.provider.pk, "AU", return_url="http://localhost/", refresh_url="http://localhost/", actor=TESTER
    )
    account = PaymentProfile.objects.get(party=card.provider).stripe_account_id
    assert url.endswith(account)
    assert profiles.refresh_recipient(card.provider.pk) is False
    card.control("onboard", account=account)
    post_notice(card.notices("account.updated")[0])
    assert PaymentProfile.objects.get(party=card.provider).payouts_enabled is True
    assert profiles.refresh_recipient(card.provider.pk) is True


def test_the_rail_is_never_asked_inside_a_transaction(card: Scene):

    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database transaction"):
        card_rail.rail().balance_minor()


def test_the_pinned_version_is_the_librarys():

    assert stripe.api_version == card_rail.API_VERSION
    assert timedelta(days=7) > LONGEST_CARD_HOLD
