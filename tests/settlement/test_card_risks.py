"""What the card network tells of a payment's risk is a fact about the payer: once, in any order, without the holder."""

import json
import random
from datetime import timedelta

import pytest

from compliance.base.audit import AuditEvent
from compliance.models import PaymentSign, PlaceSign
from compliance.selectors.payment_signs import newest_payment_signs, payment_risks_of
from compliance.selectors.policies import pack_for
from compliance.services import payment_signs
from compliance.signals import facts_moved
from settlement.models import CardPayment, InboundEvent
from settlement.services import inbox
from tests.settlement.scene import Scene, post_notice


def charged(card: Scene, method: str = "pm_card_visa", key: str = "k") -> str:
    """A top-up with the card; returns the charge. What the network tells of it was delivered."""
    card.top_up(5_000, card=method, key=key)
    card.doorbell.ring()
    deliver(card)
    return card.objects("charge")[-1]["id"]


def deliver(card: Scene, kind: str = "") -> None:
    for event in card.notices(kind):
        post_notice(event)


def told(card: Scene) -> list[tuple]:
    return [(row.kind, row.level, row.score, row.standing) for row in newest_payment_signs(card.renter.pk)]


def risks(card: Scene, clock) -> list[tuple]:
    found = payment_risks_of(card.renter.pk, clock.now(), pack_for(clock.now()))
    return [(risk.kind, risk.level, risk.score) for risk in found]


@pytest.mark.parametrize(
    ("method", "level", "score", "outcome", "speaks"),
    [
        ("pm_card_visa", "normal", 20, "authorized", False),
        ("pm_card_riskLevelElevated", "elevated", 68, "authorized", True),
        ("pm_card_chargeDeclinedFraudulent", "highest", 92, "blocked", True),
    ],
)
def test_how_a_charge_was_judged_is_a_dated_fact(card: Scene, clock, method, level, score, outcome, speaks):
    charge = charged(card, method)
    row = PaymentSign.objects.get()
    assert (row.party, row.kind, row.external_id, row.level, row.score) == (
        card.renter,
        "outcome",
        charge,
        level,
        score,
    )
    assert (row.outcome_type, row.payment_id) == (outcome, CardPayment.objects.get().pk)
    assert abs(row.happened_at - clock.now()) < timedelta(minutes=1)
    assert risks(card, clock) == ([("outcome", level, score)] if speaks else [])


def test_a_banks_warning_and_its_end_come_in_any_order_and_any_number(card: Scene, clock):
    charge = charged(card)
    warning = card.control("warn", charge=charge, fraud_type="made_with_stolen_card")
    card.control("warn", warning=warning["id"])
    events = card.notices("radar.") * 3
    random.Random(7).shuffle(events)
    for event in [events[-1], *events]:
        post_notice(event)
    row = PaymentSign.objects.get(kind="warning")
    assert (row.level, row.standing, row.external_id) == ("made_with_stolen_card", False, warning["id"])
    # Refunded since, or disputed: what the bank said stays said.
    assert risks(card, clock) == [("warning", "made_with_stolen_card", None)]
    assert AuditEvent.objects.filter(event="payment_sign.noted", subject_id=str(row.pk)).count() in (1, 2)


@pytest.mark.parametrize("late", [False, True])
def test_a_review_speaks_against_the_payer_until_it_is_closed(card: Scene, clock, late: bool):
    charge = charged(card)
    review = card.control("review", charge=charge)
    if not late:
        deliver(card, "review.opened")
        assert risks(card, clock) == [("review", "rule", None)]
    card.control("review", review=review["id"], closed="approved")
    deliver(card, "review.closed")
    deliver(card, "review.opened")
    assert risks(card, clock) == []
    assert told(card)[0] == ("review", "rule", None, False) or told(card)[1] == ("review", "rule", None, False)


def test_nothing_of_the_cardholder_is_kept(card: Scene):
    charge = charged(card)
    card.control("review", charge=charge)
    deliver(card, "review")
    stored = json.dumps([row.payload for row in InboundEvent.objects.filter(type__startswith="review")])
    for word in ("203.0.113.9", "Bern", "46.9", "Firefox", "1234", "session"):
        assert word not in stored
    assert "billing_details" not in InboundEvent.objects.get(type="charge.succeeded").payload["data"]["object"]
    columns = {field.name for field in PaymentSign._meta.get_fields()}
    assert not columns & {"name", "email", "address", "ip", "country", "last4", "fingerprint"}


def test_the_country_of_the_card_that_was_charged_is_a_sign_of_place(card: Scene):
    charged(card, "pm_card_ch")
    assert list(PlaceSign.objects.filter(party=card.renter, kind="card").values_list("country", flat=True)) == ["CH"]


def test_a_warning_that_comes_before_its_payment_waits_for_it(card: Scene, clock):
    card.top_up(5_000)
    card.doorbell.ring()
    charge = card.objects("charge")[-1]["id"]
    payment = CardPayment.objects.get()
    known = {"charge_id": payment.charge_id, "payment_intent_id": payment.payment_intent_id}
    CardPayment.objects.update(charge_id="", payment_intent_id="")
    card.control("warn", charge=charge)
    deliver(card, "radar.")
    assert InboundEvent.objects.get().outcome == "payment_not_known_yet"
    assert told(card) == []
    CardPayment.objects.update(**known)
    inbox.process_inbox()
    assert [row[0] for row in told(card)] == ["warning"]


def test_a_charge_of_somebody_else_and_a_warning_about_one_change_nothing(card: Scene, clock):
    charged(card)
    event = card.notices("charge.succeeded")[0]
    body = {**event["data"]["object"], "id": "ch_other", "payment_intent": "pi_other", "metadata": {}}
    post_notice({**event, "id": "evt_other", "data": {"object": body}})
    warning = card.control("warn", charge=card.objects("charge")[0]["id"])
    event = card.notices("radar.")[0]
    body = {**warning, "charge": "ch_other", "payment_intent": "pi_other"}
    post_notice({**event, "id": "evt_warn", "data": {"object": body}})
    clock.advance(days=4)
    inbox.process_inbox()
    assert InboundEvent.objects.get(external_id="evt_warn").outcome == "not ours"
    assert [row[0] for row in told(card)] == ["outcome"]


def test_who_is_being_served_is_looked_at_again_for_what_speaks_against_and_not_for_more(card: Scene):
    heard = []
    receiver = lambda **news: heard.append((news["what"], news["party_ids"]))  # noqa: E731
    facts_moved.connect(receiver)
    charge = charged(card)
    assert ("payment", [card.renter.pk]) not in heard
    card.control("warn", charge=charge)
    deliver(card, "radar.")
    deliver(card, "radar.")
    facts_moved.disconnect(receiver)
    assert heard.count(("payment", [card.renter.pk])) == 1


def test_old_signs_are_forgotten(card: Scene, clock):
    charged(card)
    assert payment_signs.forget_signs(clock.now() - timedelta(days=1)) == 0
    assert payment_signs.forget_signs(clock.now() + timedelta(days=1)) == 1


def test_what_was_never_told_is_no_reason_to_allow_more(card: Scene, clock):
    """A charge without an assessment stands on record as such, and speaks neither for nor against its payer."""
    charged(card)
    event = card.notices("charge.succeeded")[0]
    body = {**event["data"]["object"], "id": "ch_2", "outcome": None}
    post_notice({**event, "id": "evt_2", "data": {"object": body}})
    row = PaymentSign.objects.get(external_id="ch_2")
    assert (row.level, row.score, row.outcome_type) == ("", None, "")
    assert risks(card, clock) == []
