"""The inbox: only signed notices, each once, its effect with it; what nobody knows is kept."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from compliance.base import clock
from compliance.models import Case
from settlement.models import InboundEvent
from settlement.rails import card as card_rail
from settlement.rails.standin.webhooks import signature
from settlement.services import inbox, profiles
from settlement.services.inbox import BadSignature
from tests.settlement.scene import Scene, post_notice
from tests.settlement.test_ledger import race


@pytest.fixture
def paid(card: Scene, impatient: None) -> dict:
    """The notice of a top-up that succeeded, whose answer was lost; nothing is booked yet."""
    profiles.customer_of(card.renter.pk)
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    card.top_up(5_000)
    card.doorbell.ring()
    assert card.books() == {}
    return card.notices("payment_intent.succeeded")[0]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: card_rail.CardRail(key, base=base, retries=0))


def test_a_notice_has_its_effect_once_however_often_it_comes(card: Scene, paid: dict):
    assert [post_notice(paid).json()["outcome"] for _ in range(5)] == ["applied", *["duplicate"] * 4]
    assert card.books() == {"stripe": -5_000, "available": 5_000}
    assert InboundEvent.objects.count() == 1


def test_deliveries_at_the_same_moment_act_once(card: Scene, paid: dict):
    outcomes = race(6, lambda number: inbox.store(paid))
    assert sorted(outcomes) == ["applied", *["duplicate"] * 5]
    assert card.books() == {"stripe": -5_000, "available": 5_000}


def test_a_wrong_secret_changes_nothing(card: Scene, paid: dict):
    answer = post_notice(paid, secret="whsec_somebody_else")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert (InboundEvent.objects.count(), card.books()) == (0, {})


def test_the_endpoint_for_connected_accounts_has_a_secret_of_its_own(card: Scene, paid: dict, settings):
    settings.STRIPE_WEBHOOK_SECRET = "whsec_platform, whsec_connect"
    news = {
        "id": "evt_account",
        "object": "event",
        "type": "account.updated",
        "account": "acct_1",
        "livemode": False,
        "data": {"object": {"id": "acct_1", "object": "account", "payouts_enabled": True}},
    }
    assert post_notice(news, secret="whsec_connect").json() == {"outcome": "nothing to do"}
    assert post_notice(paid, secret="whsec_platform").json() == {"outcome": "applied"}
    assert post_notice(paid, secret="whsec_other").status_code == 400
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert post_notice(paid, secret=" ").status_code == 400


def test_a_payment_of_a_connected_account_or_of_another_mode_moves_nothing(card: Scene, paid: dict, settings):
    assert post_notice(paid | {"id": "evt_theirs", "account": "acct_1"}).json() == {"outcome": "kept"}
    assert post_notice(paid | {"id": "evt_live", "livemode": True}).json() == {"outcome": "kept"}
    settings.STRIPE_API_KEY = "sk_live_1"
    assert post_notice(paid | {"id": "evt_test"}).json() == {"outcome": "kept"}
    assert card.books() == {}


def test_a_changed_body_changes_nothing(card: Scene, paid: dict):
    signed = json.dumps(paid)
    header = "t=1,v1=00"
    for body in (signed.replace("5000", "9000"), "", "no json", "[]", '{"id": 1}'):
        answer = Client().post("/webhooks/stripe", body, "application/json", headers={"Stripe-Signature": header})
        assert answer.status_code == 400
    assert InboundEvent.objects.count() == 0


@pytest.mark.parametrize("body", ["[]", "{}", '{"id": "evt_1"}', '{"id": "evt_1", "type": "x", "data": 5}', "nonsense"])
def test_a_signed_body_that_is_no_event_is_refused(card: Scene, body: str):
    header = signature("whsec_test_gridclear", int(clock.now().timestamp()), body)
    answer = Client().post("/webhooks/stripe", body, "application/json", headers={"Stripe-Signature": header})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_notice")
    assert InboundEvent.objects.count() == 0


def test_an_old_notice_is_refused(card: Scene, paid: dict):
    long_ago = int((clock.now() - timedelta(minutes=10)).timestamp())
    assert post_notice(paid, at=long_ago).status_code == 400
    assert card.books() == {}


def test_a_missing_signature_is_refused(card: Scene):
    with pytest.raises(BadSignature):
        inbox.receive_stripe(b"{}", "")


def test_only_post_is_taken():
    assert Client().get("/webhooks/stripe").status_code == 405


def test_a_type_that_nobody_knows_is_kept(card: Scene):
    event = {"id": "evt_new", "object": "event", "type": "moon.phase_changed", "data": {"object": {"id": "x"}}}
    assert post_notice(event).json() == {"outcome": "kept"}
    assert InboundEvent.objects.get().payload == event


def test_somebody_elses_payment_moves_nothing(card: Scene, paid: dict):
    paid["data"]["object"]["metadata"] = {"gridclear_payment": "11111111-1111-1111-1111-111111111111"}
    assert post_notice(paid).json() == {"outcome": "nothing to do"}
    paid |= {"id": "evt_2"}
    paid["data"]["object"]["metadata"] = {"gridclear_payment": "not an id"}
    assert post_notice(paid).json() == {"outcome": "nothing to do"}
    assert card.books() == {}


def test_an_effect_that_fails_is_tried_again_until_it_holds(card: Scene, paid: dict, monkeypatch):
    def broken(*args: object, **kwargs: object) -> bool:
        raise ValueError("for now")

    with monkeypatch.context() as patch:
        patch.setattr(inbox.card_payments, "apply_intent", broken)
        assert post_notice(paid).json() == {"outcome": "ValueError"}
    assert (InboundEvent.objects.get().processed_at, card.books()) == (None, {})
    assert inbox.process_inbox() == 1
    assert card.books() == {"stripe": -5_000, "available": 5_000}
    assert inbox.process_inbox() == 0


def test_notices_that_keep_failing_wait_longer_stop_no_other_and_are_a_case_after_a_day(
    card: Scene, paid: dict, clock, monkeypatch, caplog
):
    def broken(body: dict) -> bool:
        raise AttributeError("about somebody@example.org")

    monkeypatch.setitem(inbox._EFFECTS, "account.updated", broken)
    monkeypatch.setattr(inbox, "BATCH", 2)
    for number in range(3):
        poison = {"id": f"evt_poison_{number}", "type": "account.updated", "data": {"object": {"id": "x"}}}
        assert post_notice(poison).json() == {"outcome": "AttributeError"}
    with monkeypatch.context() as patch:
        patch.setitem(inbox._EFFECTS, paid["type"], broken)
        post_notice(paid)
    assert [inbox.process_inbox() for _ in range(3)] == [2, 2, 0], "the newest had its turn"
    assert card.books() == {"stripe": -5_000, "available": 5_000}
    clock.advance(hours=23)
    assert inbox.process_inbox() == 2
    assert not Case.objects.exists()
    assert InboundEvent.objects.filter(attempts=2, due_at=clock.now() + 2 * inbox.FIRST_WAIT).count() == 2
    clock.advance(hours=1)
    assert [inbox.process_inbox() for _ in range(3)] == [2, 1, 0]
    case = Case.objects.get()
    assert (case.kind, case.reason_codes) == (Case.Kind.MONEY_ALARM, ["MONEY_WORK_STUCK"])
    assert "account.updated" in case.summary
    assert "somebody" not in case.summary + caplog.text


def test_the_real_webhook_verifies_at_the_door(card: Scene, paid: dict):
    """Signed by the stand-in's own deliverer, byte for byte as it goes over the wire."""
    payload = json.dumps(paid, indent=2)
    header = signature("whsec_test_gridclear", int(clock.now().timestamp()), payload)
    answer = Client().post("/webhooks/stripe/", payload, "application/json", headers={"Stripe-Signature": header})
    assert answer.json() == {"outcome": "applied"}
