"""What we send and what the stand-in answers is what Stripe publishes for the pinned version, in every test."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import stripe

from settlement.rails import card as card_rail
from settlement.rails.card import CardRail, CardRefused
from settlement.rails.standin import contract
from settlement.rails.standin.api import _ROUTES
from settlement.rails.standin.network import PINNED_VERSION
from settlement.rails.standin.server import StandinServer

SCRIPT = Path(__file__).parents[3] / "scripts" / "extract_stripe_shapes.py"
INTENT = {"amount": 900, "currency": "usd"}


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("extract_stripe_shapes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_extract_is_what_the_pinned_library_says():
    script = _script()
    assert script.written(script.extracted()) == contract.PUBLISHED.read_text(), f"run {SCRIPT.name} again"
    assert contract.published()["api_version"] == PINNED_VERSION == card_rail.API_VERSION


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({**INTENT, "amuont": 1}, "parameter_unknown", "amuont"),
        # Removed with 2026-09-30.endive; what took its place is asked for below.
        ({**INTENT, "payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({**INTENT, "amount": "9.5"}, "parameter_invalid_integer", "amount"),
        ({**INTENT, "confirm": "yes"}, "parameter_invalid_boolean", "confirm"),
        ({**INTENT, "capture_method": "later"}, "parameter_invalid_enum", "capture_method"),
        ({**INTENT, "expand": "latest_charge"}, "parameter_invalid_array", "expand"),
        ({**INTENT, "metadata": "x"}, "parameter_invalid_object", "metadata"),
    ],
)
def test_a_parameter_that_stripe_does_not_publish_is_refused(client: stripe.StripeClient, params, code, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.create(params, {"idempotency_key": "one"})
    assert (refused.value.code, refused.value.param) == (code, param)
    # Nothing was made of it, and the key is still free: validation comes before the work.
    assert client.v1.payment_intents.list().data == []
    good = {**INTENT, "allowed_payment_method_types": ["card"], "metadata": {"a": "b"}, "expand": ["latest_charge"]}
    assert client.v1.payment_intents.create(good, {"idempotency_key": "one"}).id


def test_inside_of_a_parameter_names_are_known_too(client: stripe.StripeClient):
    options = {"document": {"require_matching_selfie": True}}
    assert client.v1.identity.verification_sessions.create({"type": "document", "options": options}).id
    wrong = {"document": {"require_matching_selfy": True}}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.identity.verification_sessions.create({"type": "document", "options": wrong})
    assert refused.value.param == "options[document][require_matching_selfy]"


def test_every_route_of_the_stand_in_is_in_the_extract():
    assert {f"{verb} {route}" for verb, route, _ in _ROUTES} == set(contract.published()["requests"])


def test_a_refused_parameter_is_a_refusal_for_the_rail_and_no_outage(standin: StandinServer):
    rail = CardRail("sk_test_gridclear", base=standin.url, retries=0)
    with pytest.raises(CardRefused) as refused:
        rail._do(lambda: rail._client.v1.transfers.create({"amount": 1, "currency": "usd"}))
    assert refused.value.code == "parameter_missing"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"amount": None}, "refund.amount is null"),
        ({"amount": "900"}, "refund.amount is no integer"),
        ({"amount": True}, "refund.amount is no integer"),
        ({"reason": "whim"}, "refund.reason is 'whim'"),
        ({"colour": "red"}, "refund.colour is unknown"),
        ({"charge": 7}, "refund.charge is no string"),
    ],
)
def test_an_answer_that_is_not_as_published_is_told(client: stripe.StripeClient, changes, fault):
    intent = client.v1.payment_intents.create({**INTENT, "payment_method": "pm_card_visa", "confirm": True})
    body = client.v1.refunds.create({"payment_intent": intent.id}).to_dict()
    assert contract.faults_of(body) == []
    assert contract.faults_of({**body, **changes}) == [fault]
    del body["currency"]
    assert contract.faults_of(body) == ["refund.currency is missing"]
