"""The stand-in as the real `stripe` library sees it: payments, refunds, idempotency, errors."""

import pytest
import stripe

from settlement.rails.standin.server import StandinServer
from tests.settlement.standin.conftest import client_for, control

MANUAL = {
    "amount": 10_000,
    "currency": "usd",
    "capture_method": "manual",
    "confirm": True,
    "allowed_payment_method_types": ["card"],
}


def _hold(client: stripe.StripeClient, key: str = "hold-1", **params: object) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {**MANUAL, "payment_method": "pm_card_visa", **params}, {"idempotency_key": key}
    )


def test_part_of_an_authorization_is_captured_and_the_rest_released(client: stripe.StripeClient):
    intent = _hold(client, metadata={"hold": "h1"})
    assert (intent.status, intent.amount_capturable, intent.metadata["hold"]) == ("requires_capture", 10_000, "h1")

    intent = client.v1.payment_intents.capture(
        intent.id, {"amount_to_capture": 4_200, "expand": ["latest_charge.balance_transaction"]}
    )

    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 4_200, 0)
    line = intent.latest_charge.balance_transaction
    assert (line.amount, line.fee, line.net, line.reporting_category) == (4_200, 152, 4_048, "charge")
    assert client.v1.balance.retrieve().available[0].amount == 4_048


def test_a_second_capture_is_refused_and_moves_nothing(client: stripe.StripeClient):
    intent = _hold(client)
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 100})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(intent.id)
    assert refusal.value.code == "payment_intent_unexpected_state"
    assert client.v1.payment_intents.retrieve(intent.id).amount_received == 100


def test_more_than_was_authorized_cannot_be_captured(client: stripe.StripeClient):
    intent = _hold(client)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 10_001})
    assert refusal.value.code == "amount_too_large"


def test_a_canceled_authorization_leaves_no_money(client: stripe.StripeClient):
    intent = client.v1.payment_intents.cancel(_hold(client).id)
    assert (intent.status, intent.amount_capturable) == ("canceled", 0)
    assert client.v1.balance_transactions.list().data == []


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_declined_card_is_a_card_error_and_the_same_key_repeats_it(client: stripe.StripeClient, card: str, code: str):
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refusal:
            _hold(client, payment_method=card)
        assert (refusal.value.http_status, refusal.value.error.decline_code) == (402, code)
    intents = client.v1.payment_intents.list().data
    assert [intent.status for intent in intents] == ["requires_payment_method"]


def test_the_same_key_and_body_give_the_same_answer(client: stripe.StripeClient):
    first, second = _hold(client), _hold(client)
    assert first.id == second.id
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.payment_intents.list().data) == 1


def test_the_same_key_with_another_body_is_refused(client: stripe.StripeClient):
    _hold(client)
    with pytest.raises(stripe.IdempotencyError):
        _hold(client, amount=20_000)
    assert len(client.v1.payment_intents.list().data) == 1


def test_a_request_that_fails_validation_does_not_use_up_its_key(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        _hold(client, amount=49)
    assert refusal.value.code == "amount_too_small"
    assert _hold(client).status == "requires_capture"


@pytest.mark.parametrize(("currency", "least"), [("usd", 50), ("eur", 50), ("gbp", 30), ("jpy", 50), ("sek", 300)])
def test_no_card_is_charged_less_than_the_least_of_its_currency(client: stripe.StripeClient, currency: str, least: int):
    terms = {"currency": currency, "payment_method": "pm_card_visa", "confirm": True}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.create({"amount": least - 1, **terms})
    assert refusal.value.code == "amount_too_small"
    assert client.v1.payment_intents.create({"amount": least, **terms}).status == "succeeded"


def test_no_less_than_the_least_is_captured_and_the_authorization_stands(client: stripe.StripeClient):
    intent = _hold(client)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 49})
    assert (refusal.value.code, refusal.value.param) == ("amount_too_small", "amount_to_capture")
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    assert client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 50}).amount_received == 50


def test_a_refund_goes_back_to_the_card_and_never_exceeds_the_charge(client: stripe.StripeClient):
    intent = client.v1.payment_intents.create(
        {"amount": 5_000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    )
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 2_000})
    assert (refund.status, refund.payment_intent, refund.amount) == ("succeeded", intent.id, 2_000)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 3_001})
    client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert refusal.value.code == "charge_already_refunded"
    lines = client.v1.balance_transactions.list().data
    assert [(line.type, line.amount) for line in lines] == [("refund", -3_000), ("refund", -2_000), ("charge", 5_000)]


def test_a_saved_card_belongs_to_its_customer_alone(client: stripe.StripeClient):
    alice = client.v1.customers.create({"email": "alice@example.org", "metadata": {"party": "p1"}})
    bob = client.v1.customers.create({"name": "Bob"})
    card = client.v1.payment_methods.attach("pm_card_sg", {"customer": alice.id})
    assert (card.card.country, card.card.last4) == ("SG", "0003")
    assert [row.id for row in client.v1.payment_methods.list({"customer": alice.id}).data] == [card.id]
    with pytest.raises(stripe.InvalidRequestError):
        _hold(client, customer=bob.id, payment_method=card.id)
    assert _hold(client, "hold-2", customer=alice.id, payment_method=card.id).customer == alice.id


@pytest.mark.parametrize("key", ["sk_live_gridclear", "nonsense"])
def test_only_test_keys_are_taken(standin: StandinServer, key: str):
    with pytest.raises(stripe.AuthenticationError):
        client_for(standin, key=key).v1.customers.create({})


def test_unknown_ids_and_addresses_are_not_found(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.retrieve("pi_none")
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.coupons.list()


def test_an_outage_before_the_work_is_overcome_by_the_librarys_retry(standin: StandinServer):
    control(standin, "fail", path="/v1/payment_intents", times=2, mode="500")
    intent = _hold(client_for(standin, retries=2))
    assert intent.status == "requires_capture"


def test_an_answer_lost_after_the_work_does_not_double_it(standin: StandinServer):
    control(standin, "fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    with pytest.raises(stripe.APIConnectionError):
        _hold(client_for(standin))
    again = _hold(client_for(standin))
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client_for(standin).v1.payment_intents.list().data) == 1


def test_a_card_can_be_told_to_decline_once(standin: StandinServer, client: stripe.StripeClient):
    control(standin, "fail", path="/confirm", times=1, mode="decline")
    with pytest.raises(stripe.CardError):
        _hold(client)
    assert _hold(client, "hold-2").status == "requires_capture"


def test_lists_are_paged_newest_first(client: stripe.StripeClient):
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(3)]
    for customer in made:
        client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    assert client.v1.payment_methods.list({"customer": made[0]}).has_more is False
    for number in range(5):
        _hold(client, f"hold-{number}")
    assert len(list(client.v1.payment_intents.list({"limit": 2}).auto_paging_iter())) == 5
