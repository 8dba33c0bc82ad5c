"""What a card does not pay for a lease is owed by its renter: in the books, before anything else, and said."""

import pytest

from compliance.models import AuditEvent
from settlement.models import CardPayment, Hold, Receipt
from settlement.rails import card as card_rail
from settlement.rails.card import IntentState
from settlement.selectors.receipts import receipt_for
from settlement.selectors.refunds import refundable_minor
from settlement.services import card_payments, claims, holds
from settlement.services.books import verify_books
from settlement.services.claims import PartyOwes
from settlement.services.refunds import RefundTooLarge
from tests.settlement.scene import TESTER, Scene, post_notice
from tests.settlement.test_refunds import give
from tests.settlement.test_stands_alone import restrict


def lapsed(card: Scene, amount: int = 400) -> Hold:
    """A lease that a card was to pay, settled after its authorization was gone."""
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    card_rail.rail().cancel_intent(card.objects("payment_intent")[-1]["id"], f"elsewhere:{ref.id}")
    post_notice(card.notices("payment_intent.canceled")[-1])
    holds.settle_hold(ref.id, amount, TESTER)
    card.doorbell.ring()
    hold = card.hold(ref)
    assert hold.state == "settled"
    return hold


def books(card: Scene) -> dict[str, int]:
    assert verify_books().verified
    return card.books()


def test_an_authorization_that_ran_out_is_owed_and_the_provider_is_paid(card: Scene):
    hold = lapsed(card)
    assert books(card) == {"owed": -400, "payable": 380, "fees": 20}
    told = AuditEvent.objects.get(event="hold.settled", subject_id=str(hold.pk))
    assert told.data["owed_minor"] == 400
    mine, theirs = (receipt_for(hold.subject_id, party.pk) for party in (card.renter, card.provider))
    assert (mine.total_minor, mine.owed_minor, theirs.owed_minor) == (400, 400, 0)


def test_a_lease_that_the_card_paid_leaves_nothing_owed(card: Scene):
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.settle_hold(ref.id, 400, TESTER)
    card.doorbell.ring()
    assert books(card) == {"stripe": -400, "payable": 380, "fees": 20}
    assert receipt_for(ref.subject_id, card.renter.pk).owed_minor == 0
    assert "owed_minor" not in AuditEvent.objects.get(event="hold.settled", subject_id=str(ref.id)).data


@pytest.mark.parametrize(("used", "charged"), [(3, 0), (49, 0), (50, 50)])
def test_use_below_the_least_charge_lets_the_card_go_and_is_owed(card: Scene, used: int, charged: int):
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.settle_hold(ref.id, used, TESTER, billed_seconds=20)
    card.doorbell.ring()
    assert card.hold(ref).state == "settled"
    (intent,) = card.objects("payment_intent")
    assert (intent["amount_received"], intent["amount_capturable"]) == (charged, 0)
    assert claims.owed_minor(card.renter.pk) == used - charged
    assert receipt_for(ref.subject_id, card.renter.pk).owed_minor == used - charged
    card.top_up(500)
    card.doorbell.ring()
    assert books(card)["available"] == 500 - used + charged


def test_whoever_owes_begins_nothing_until_the_next_payment_has_settled_it_first(card: Scene):
    lapsed(card)
    for rail in ("balance", "card"):
        with pytest.raises(PartyOwes, match=r"You owe \$4\.00"):
            card.open_hold(500, rail=rail)
    card.top_up(5_000)
    card.doorbell.ring()
    assert books(card) == {"stripe": -5_000, "available": 4_600, "payable": 380, "fees": 20}
    assert card.open_hold(500).state == "open"


def test_what_is_on_the_balance_pays_at_once(card: Scene):
    card.credit(150)
    lapsed(card)
    assert books(card) == {"stripe": -150, "owed": -250, "payable": 380, "fees": 20}


def test_nothing_is_set_off_against_the_property_of_a_restricted_party(card: Scene):
    card.credit(1_000)
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.settle_hold(ref.id, 400, TESTER)
    card.doorbell.lose()
    restrict(card.renter)
    payment = CardPayment.objects.get(hold_id=ref.id)
    gone = IntentState(payment.payment_intent_id, "canceled", 1_000, 0, 0, payment.charge_id, str(payment.pk), "")
    assert card_payments.apply_intent(gone, actor=TESTER)
    assert books(card) == {"stripe": -1_000, "available": 1_000, "owed": -400, "payable": 380, "fees": 20}
    assert claims.pay_off_all() == 0


@pytest.mark.parametrize(("owed", "stops"), [(49, False), (50, True)])
def test_a_debt_below_the_least_charge_stops_nobody(card: Scene, owed: int, stops: bool):
    lapsed(card, owed)
    assert claims.owed_minor(card.renter.pk) == owed
    if stops:
        with pytest.raises(PartyOwes):
            card.open_hold(500, rail="card")
        return
    assert card.open_hold(500, rail="card").state == "opening"


def test_what_a_card_yields_after_all_pays_the_debt(card: Scene):
    hold = lapsed(card)
    payment = CardPayment.objects.get(hold=hold)
    CardPayment.objects.filter(pk=payment.pk).update(state="failed")
    late = IntentState(payment.payment_intent_id, "succeeded", 1_000, 0, 450, payment.charge_id, str(payment.pk), "")
    assert card_payments.apply_intent(late, actor=TESTER)
    assert not card_payments.apply_intent(late, actor=TESTER)
    assert books(card) == {"stripe": -450, "available": 50, "payable": 380, "fees": 20}


def test_what_a_card_yielded_only_in_part_is_owed_for_the_rest(card: Scene):
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    card_rail.rail().capture_intent(card.objects("payment_intent")[0]["id"], 300, "by-hand")
    post_notice(card.notices("payment_intent.succeeded")[0])
    holds.settle_hold(ref.id, 400, TESTER)
    card.doorbell.ring()
    assert books(card) == {"stripe": -300, "owed": -100, "payable": 380, "fees": 20}
    assert receipt_for(ref.subject_id, card.renter.pk).owed_minor == 100
    assert refundable_minor(ref.subject_id) == 300, "the card has back what it paid"


def test_what_a_card_yields_for_a_hold_that_had_failed_is_the_renters(card: Scene):
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.lose()
    holds.cancel_hold(ref.id, actor=TESTER)
    payment = CardPayment.objects.get(hold_id=ref.id)
    taken = IntentState("pi_late", "succeeded", 1_000, 0, 1_000, "ch_late", str(payment.pk), "")
    assert card_payments.apply_intent(taken, actor=TESTER)
    assert not card_payments.apply_intent(taken, actor=TESTER)
    assert card.hold(ref).state == "failed"
    assert books(card) == {"stripe": -1_000, "available": 1_000}


def test_a_refund_of_what_the_card_did_not_pay_takes_the_debt_away(card: Scene):
    hold = lapsed(card)
    assert refundable_minor(hold.subject_id) == 400
    given = give(card, hold.subject_id, 300)
    assert (given.state, given.rail) == ("done", "balance")
    assert books(card) == {"owed": -100, "payable": 95, "fees": 20, "chargebacks": -15}
    with pytest.raises(RefundTooLarge):
        give(card, hold.subject_id, 101)
    assert Receipt.objects.get().total_minor == 400
