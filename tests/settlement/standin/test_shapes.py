"""The stand-in's objects bear exactly the keys that Stripe publishes."""

import json
import urllib.request
from pathlib import Path

import pytest
import stripe

from marketplace.views.disputes import FIELDS
from settlement.rails.card_client import API_VERSION
from settlement.rails.card_states import dispute_state, intent_state, recipient_state
from settlement.rails.standin.network import PINNED_VERSION
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
    second = client.v1.payment_intents.create(
        {"amount": 9_000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    )
    dispute = control(server, "dispute", charge=second.latest_charge, amount=100)
    page = client.v1.checkout.sessions.create(session | {"success_url": f"{server.url}/_control/state"})
    urllib.request.urlopen(urllib.request.Request(page.url, b"card=pm_card_visa", method="POST"), timeout=5)
    setup_intent = client.v1.checkout.sessions.retrieve(page.id).setup_intent
    objects = [
        client.v1.setup_intents.retrieve(setup_intent),
        proven,
        client.v1.disputes.retrieve(dispute["id"]),
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
    assert len(made) == 18
    differences = {kind: set(body) ^ set(published[kind]) for kind, body in made.items()}
    assert {kind: keys for kind, keys in differences.items() if keys} == {}


def test_the_card_of_a_charge_has_the_published_keys(
    standin: StandinServer, client: stripe.StripeClient, published: dict
):
    card = _made(standin, client)["charge"]["payment_method_details"]["card"]
    assert set(published["charge"]["payment_method_details"]["card"]) <= set(card)


def test_what_a_dispute_holds_has_the_published_keys(
    standin: StandinServer, client: stripe.StripeClient, published: dict
):
    dispute = _made(standin, client)["dispute"]
    assert set(dispute["evidence"]) == set(published["dispute"]["evidence"])
    # Newer than the examples; `contract` holds it against the pinned version.
    assert set(dispute["evidence_details"]) - {"submission_method"} == set(published["dispute"]["evidence_details"])
    card = published["dispute"]["payment_method_details"]["card"]
    assert set(dispute["payment_method_details"]["card"]) == set(card)


def test_the_rail_reads_the_published_examples(published: dict):
    """What is read of each object is there in Stripe's own examples, of the kind that is expected."""
    dispute = dispute_state(published["dispute"])
    assert (dispute.status, dispute.currency, dispute.charge_id[:3]) == ("warning_needs_response", "USD", "ch_")
    assert (dispute.amount_minor, dispute.due_by > 0, dispute.movements) == (1000, True, ())
    intent = intent_state(published["payment_intent"])
    assert intent.id.startswith("pi_")
    assert isinstance(intent.amount_minor, int)
    assert recipient_state(published["account"]).id.startswith("acct_")


def test_the_pinned_version_is_the_librarys_and_the_standins():
    assert stripe.api_version == API_VERSION == PINNED_VERSION


def test_evidence_is_sent_under_published_names(published: dict):
    assert set(FIELDS) <= set(published["dispute"]["evidence"])
