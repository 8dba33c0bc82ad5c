"""Somebody lets a card go, or charges it, on the network's own pages while a lease rests on it: no unit is lost."""

import pytest

from settlement.models import CardPayment, DisputeShare
from settlement.rails import card as card_rail
from settlement.rails.card import CardRail
from settlement.services import card_deeds, claims, hold_sweep, holds, profiles, reconciliation
from settlement.services.books import verify_books
from settlement.signals import hold_unsecured
from tests.settlement.scene import TESTER, Scene, post_notice


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: CardRail(key, base=base, retries=0))


@pytest.fixture
def unsecured():
    """The holds of which it was said that nothing stands behind them."""
    heard = []
    receiver = lambda **told: heard.append(told["hold_id"])  # noqa: E731
    hold_unsecured.connect(receiver)
    yield heard
    hold_unsecured.disconnect(receiver)


def _open(card: Scene) -> CardPayment:
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    return CardPayment.objects.get(hold_id=ref.id)


def _tell(card: Scene, *kinds: str) -> None:
    for kind in kinds or ("payment_intent",):
        for event in card.notices(kind):
            assert post_notice(event).status_code == 200
    card.doorbell.ring()


def _agree(clock) -> None:
    clock.advance(minutes=5)
    assert reconciliation.reconcile_card().balanced
    assert verify_books().verified


def test_an_authorization_that_is_let_go_while_the_lease_runs_is_told_at_once(card: Scene, clock, unsecured):
    payment = _open(card)
    card_rail.rail().cancel_intent(payment.payment_intent_id, "by hand")
    _tell(card)
    payment.refresh_from_db()
    assert (payment.state, unsecured) == ("canceled", [payment.hold_id])
    _tell(card)
    assert len(unsecured) == 1, "and told once"
    # The provider is paid what ran until then; the renter owes it.
    holds.settle_hold(payment.hold_id, 100, TESTER)
    card.doorbell.ring()
    assert card.books() == {"payable": 95, "fees": 5, "owed": -100}
    _agree(clock)


def test_a_settlement_lets_nobody_hear_that_a_lease_is_unsecured(card: Scene, unsecured):
    for total in (0, 400):
        payment = _open(card)
        holds.settle_hold(payment.hold_id, total, TESTER)
        card.doorbell.ring()
    _tell(card)
    assert unsecured == []


@pytest.mark.parametrize("captured", [1_000, 300])
def test_what_was_charged_while_the_lease_ran_pays_for_it_and_the_rest_is_prepaid(
    card: Scene, clock, unsecured, captured: int
):
    payment = _open(card)
    card_rail.rail().capture_intent(payment.payment_intent_id, captured, "by hand")
    _tell(card)
    assert unsecured == [payment.hold_id]
    holds.settle_hold(payment.hold_id, 300, TESTER)
    card.doorbell.ring()
    rest = {"available": captured - 300} if captured > 300 else {}
    assert card.books() == {"stripe": -captured, "payable": 285, "fees": 15} | rest
    _agree(clock)


def test_a_charge_that_is_told_before_its_authorization_opens_the_hold(card: Scene, clock):
    profiles.customer_of(card.renter.pk)
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    payment = _open(card)
    (intent,) = card.objects("payment_intent")
    card_rail.rail().capture_intent(intent["id"], 1_000, "by hand")
    _tell(card, "payment_intent.succeeded", "payment_intent.amount_capturable_updated")
    assert payment.hold is not None
    payment.hold.refresh_from_db()
    assert payment.hold.state == "open"
    holds.settle_hold(payment.hold_id, 400, TESTER)
    card.doorbell.ring()
    assert card.books() == {"stripe": -1_000, "payable": 380, "fees": 20, "available": 600}
    _agree(clock)


def test_a_charge_for_a_lease_that_came_to_nothing_is_the_renters_prepaid_money(card: Scene, clock):
    profiles.customer_of(card.renter.pk)
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    payment = _open(card)
    (intent,) = card.objects("payment_intent")
    card_rail.rail().capture_intent(intent["id"], 700, "by hand")
    holds.cancel_hold(payment.hold_id, actor=TESTER)
    card.doorbell.ring()
    for _ in range(2):
        _tell(card)
        card_deeds.release_card(payment.hold_id)
        clock.advance(minutes=1)
        hold_sweep.sweep_holds()
        card.doorbell.ring()
    assert card.books() == {"stripe": -700, "available": 700}
    _agree(clock)


@pytest.mark.parametrize("used", [0, 300])
def test_who_takes_such_a_charge_back_has_no_prepaid_money_of_it(card: Scene, used: int):
    """A bank gives the money back: what of it is prepaid is not kept besides."""
    payment = _open(card)
    card_rail.rail().capture_intent(payment.payment_intent_id, 1_000, "by hand")
    _tell(card)
    holds.settle_hold(payment.hold_id, used, TESTER)
    card.doorbell.ring()
    assert card.books()["available"] == 1_000 - used
    card.control("dispute", charge=card.objects("charge")[0]["id"])
    _tell(card, "charge.dispute")
    _tell(card, "charge.dispute")
    books = card.books()
    assert "available" not in books
    assert claims.owed_minor(card.renter.pk) == 0
    assert books.get("chargebacks", 0) == -used * 5 // 100, "the platform gives its fee, and no more"
    assert sum(share.amount_minor for share in DisputeShare.objects.all()) == 1_000
    assert verify_books().verified
