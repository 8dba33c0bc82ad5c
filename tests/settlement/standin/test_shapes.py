"""The stand-in's objects bear exactly the keys that Stripe publishes."""

import json
from pathlib import Path

import pytest
import stripe

from settlement.rails.standin.server import StandinServer
from tests.settlement.standin.conftest import control

pytestmark = pytest.mark.shared_data


@pytest.fixture
def published(shared_data: Path) -> dict[str, dict]:
    return json.loads((shared_data / "stripe" / "fixtures3.json").read_text())["resources"]


def _made(server: StandinServer, client: stripe.StripeClient) -> dict[str, dict]:
    customer = client.v1.customers.create({})
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    intent = client.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "expand": ["latest_charge"],
        }
    )
    account = client.v1.accounts.create({"type": "express"})
    control(server, "onboard", account=account.id)
    transfer = client.v1.transfers.create({"amount": 100, "currency": "usd", "destination": account.id})
    session = {"mode": "setup", "customer": customer.id, "success_url": "http://x/", "cancel_url": "http://x/"}
    checked = client.v1.identity.verification_sessions.create({"type": "document"})
    control(server, "identify", session=checked.id, outcome="verified", first_name="A", last_name="B", country="SG")
    proven = client.v1.identity.verification_sessions.retrieve(checked.id)
    objects = [
        proven,
        client.v1.identity.verification_reports.retrieve(proven.last_verification_report),
        customer,
        client.v1.checkout.sessions.create(session),
        card,
        intent,
        intent.latest_charge,
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 50}),
        client.v1.accounts.retrieve(account.id),
        client.v1.account_links.create(
            {"account": account.id, "type": "account_onboarding", "refresh_url": "http://x/", "return_url": "http://x/"}
        ),
        transfer,
        client.v1.transfers.reversals.create(transfer.id, {"amount": 10}),
        client.v1.payouts.create({"amount": 10, "currency": "usd"}),
        client.v1.balance.retrieve(),
        client.v1.balance_transactions.list().data[0],
        client.v1.events.list().data[0],
    ]
    return {thing["object"]: json.loads(str(thing)) for thing in objects}


def test_every_object_has_the_published_keys(standin: StandinServer, client: stripe.StripeClient, published: dict):
    made = _made(standin, client)
    assert len(made) == 16
    differences = {kind: set(body) ^ set(published[kind]) for kind, body in made.items()}
    assert {kind: keys for kind, keys in differences.items() if keys} == {}


def test_the_card_of_a_charge_has_the_published_keys(
    standin: StandinServer, client: stripe.StripeClient, published: dict
):
    card = _made(standin, client)["charge"]["payment_method_details"]["card"]
    assert set(published["charge"]["payment_method_details"]["card"]) <= set(card)
