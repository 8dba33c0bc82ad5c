"""Each notice of the card network five times, in any order: the books end the same, and each notice acts once."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement.models import CardPayment, Dispute, Hold, InboundEvent
from settlement.rails import card as card_rail
from settlement.rails.card import CardRail
from settlement.services import holds, inbox, profiles
from settlement.services.books import verify_books
from tests.database import undone
from tests.settlement.scene import TESTER, Scene

COPIES = 5
EXPECTED = {"stripe": -(5_000 + 400), "available": 5_000, "payable": 380, "fees": 20}


@pytest.fixture
def told(card: Scene, monkeypatch) -> list[dict]:
    """A day at the card network of which we heard no answer: every event that it made.

    A top-up that is disputed and won, one that is disputed and lost, one that was declined, and a capture.
    """
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: CardRail(key, base=base, retries=0))
    profiles.customer_of(card.renter.pk)
    lease = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.settle_hold(lease.id, 400, TESTER)
    card.control("fail", path="/capture", times=1, mode="timeout_after_work")
    card.doorbell.ring()
    card.control("fail", path="/v1/payment_intents", times=2, mode="timeout_after_work")
    for key, amount in (("won", 5_000), ("lost", 3_000)):
        card.top_up(amount, key=key)
        card.doorbell.ring()
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    card.top_up(700, card="pm_card_chargeDeclined", key="declined")
    card.doorbell.ring()
    charges = {row["amount"]: row["id"] for row in card.objects("charge")}
    for amount, outcome in ((5_000, "won"), (3_000, "lost")):
        dispute = card.control("dispute", charge=charges[amount])
        card.control("decide", dispute=dispute["id"], outcome=outcome)
    return card.notices()


def test_every_order_ends_in_the_same_books(card: Scene, told: list[dict]):
    kinds = {event["type"] for event in told}
    assert {"charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "payment_intent.succeeded"} <= kinds
    before = card.books()

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def deliver(order: random.Random) -> None:
        with undone():
            copies = [event for event in told for _ in range(COPIES)]
            order.shuffle(copies)
            for event in copies:
                inbox.store(event)
            # What overtook its payment's own notice waits in the inbox; the sweep comes back to it.
            inbox.process_inbox()
            assert InboundEvent.objects.filter(processed_at=None).count() == 0
            assert InboundEvent.objects.count() == len(told)
            assert card.books() == EXPECTED
            assert dict(CardPayment.objects.values_list("amount_minor", "state")) == {
                1_000: "succeeded",
                5_000: "succeeded",
                3_000: "succeeded",
                700: "failed",
            }
            assert set(Dispute.objects.values_list("amount_minor", "state")) == {(5_000, "won"), (3_000, "lost")}
            assert Hold.objects.get().state == "settled"

    deliver()
    assert card.books() == before
    for event in told[::-1]:
        inbox.store(event)
    inbox.process_inbox()
    assert card.books() == EXPECTED
    assert verify_books().verified


def test_a_type_that_nobody_knows_is_kept(card: Scene, told: list[dict]):
    unknown = {"id": "evt_future", "type": "moon.landed", "data": {"object": {"id": "x"}}}
    assert [inbox.store(unknown) for _ in range(COPIES)] == ["kept", *["duplicate"] * (COPIES - 1)]
    row = InboundEvent.objects.get(external_id="evt_future")
    assert (row.payload, bool(row.processed_at)) == (unknown, True)
