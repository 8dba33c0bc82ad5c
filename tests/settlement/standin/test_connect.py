"""The stand-in as the real `stripe` library sees it: connected accounts, transfers, payouts, webhooks, restarts."""

import urllib.request
from pathlib import Path

import pytest
import stripe

from settlement.rails.standin.server import StandinServer
from tests.settlement.standin.conftest import WEBHOOK_SECRET, Receiver, client_for, control, eventually


def _charge(client: stripe.StripeClient, amount: int = 10_000) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {"amount": amount, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    )


def _provider(server: StandinServer, client: stripe.StripeClient) -> str:
    account = client.v1.accounts.create(
        {"type": "express", "country": "AU", "capabilities": {"transfers": {"requested": True}}}
    )
    control(server, "onboard", account=account.id)
    return account.id


def test_a_provider_is_onboarded_on_the_hosted_page(
    standin: StandinServer, client: stripe.StripeClient, receiver: Receiver
):
    account = client.v1.accounts.create({"type": "express", "country": "AU", "email": "provider@example.org"})
    assert account.payouts_enabled is False
    link = client.v1.account_links.create(
        {"account": account.id, "type": "account_onboarding", "refresh_url": receiver.url, "return_url": receiver.url}
    )
    with urllib.request.urlopen(link.url, timeout=5) as page:
        assert account.id in page.read().decode()
    opener = urllib.request.build_opener(_NoRedirect)
    with pytest.raises(urllib.error.HTTPError) as redirect:
        opener.open(urllib.request.Request(link.url, method="POST"), timeout=5)
    assert (redirect.value.code, redirect.value.headers["Location"]) == (303, receiver.url)
    assert client.v1.accounts.retrieve(account.id).payouts_enabled is True
    eventually(lambda: "account.updated" in receiver.kinds)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


def test_no_transfer_goes_to_an_account_that_was_not_onboarded(client: stripe.StripeClient):
    _charge(client)
    account = client.v1.accounts.create({"type": "express", "country": "AU"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.transfers.create({"amount": 100, "currency": "usd", "destination": account.id})
    assert refusal.value.code == "insufficient_capabilities_for_transfer"


def test_a_transfer_moves_available_money_and_no_more(standin: StandinServer, client: stripe.StripeClient):
    _charge(client)
    provider = _provider(standin, client)
    transfer = client.v1.transfers.create({"amount": 9_000, "currency": "usd", "destination": provider})
    assert client.v1.balance.retrieve(options={"stripe_account": provider}).available[0].amount == 9_000
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.transfers.create({"amount": 1_000, "currency": "usd", "destination": provider})
    assert refusal.value.code == "balance_insufficient"
    client.v1.transfers.reversals.create(transfer.id, {"amount": 500})
    assert client.v1.balance.retrieve(options={"stripe_account": provider}).available[0].amount == 8_500
    payout = client.v1.payouts.create({"amount": 8_500, "currency": "usd"}, {"stripe_account": provider})
    assert payout.status == "in_transit"
    assert client.v1.balance.retrieve(options={"stripe_account": provider}).available[0].amount == 0


def test_pending_money_moves_only_with_its_source(tmp_path: Path, receiver: Receiver):
    server = StandinServer(
        port=0,
        state=str(tmp_path / "slow.sqlite"),
        webhook_url=receiver.url,
        webhook_secret=WEBHOOK_SECRET,
        available_after=3_600,
    )
    server.start()
    try:
        client = client_for(server)
        intent = _charge(client)
        provider = _provider(server, client)
        wanted = {"amount": 9_000, "currency": "usd", "destination": provider}
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.transfers.create(wanted)
        assert client.v1.balance.retrieve().pending[0].amount == 9_680
        transfer = client.v1.transfers.create({**wanted, "source_transaction": intent.latest_charge})
        assert transfer.source_transaction == intent.latest_charge
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.transfers.create({**wanted, "amount": 1_001, "source_transaction": intent.latest_charge})
    finally:
        server.close()


def test_webhooks_verify_with_the_library_and_a_changed_body_does_not(client: stripe.StripeClient, receiver: Receiver):
    intent = _charge(client)
    eventually(lambda: "payment_intent.succeeded" in receiver.kinds)
    body, header = receiver.taken[receiver.kinds.index("payment_intent.succeeded")]
    event = stripe.Webhook.construct_event(body, header, WEBHOOK_SECRET)
    assert event.data.object["id"] == intent.id
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body.replace(b"10000", b"90000"), header, WEBHOOK_SECRET)
    assert [row.type for row in client.v1.events.list().data] == [
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]


def test_a_webhook_is_sent_until_it_is_taken(client: stripe.StripeClient, receiver: Receiver, standin: StandinServer):
    receiver.status = 503
    _charge(client)
    eventually(lambda: control(standin, "state")["pending_webhooks"] == 3)
    receiver.status = 200
    eventually(
        lambda: sorted(receiver.kinds) == ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"], 10
    )


def test_webhooks_can_be_lost_doubled_and_out_of_order(
    standin: StandinServer, client: stripe.StripeClient, receiver: Receiver
):
    control(standin, "fail", path="charge.succeeded", times=1, mode="drop_webhook")
    control(standin, "fail", path="payment_intent.created", times=1, mode="reorder")
    control(standin, "fail", path="payment_intent.succeeded", times=1, mode="duplicate_webhook")
    _charge(client)
    eventually(lambda: len(receiver.taken) == 3)
    assert receiver.kinds == ["payment_intent.succeeded", "payment_intent.succeeded", "payment_intent.created"]
    assert control(standin, "state")["pending_webhooks"] in (0, 1)


def test_the_books_survive_a_restart(tmp_path: Path, receiver: Receiver):
    state = str(tmp_path / "kept.sqlite")
    params = {"amount": 700, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    ids = []
    for _ in range(2):
        server = StandinServer(port=0, state=state, webhook_url=receiver.url, webhook_secret=WEBHOOK_SECRET)
        server.start()
        ids.append(client_for(server).v1.payment_intents.create(params, {"idempotency_key": "k"}).id)
        server.close()
    assert ids[0] == ids[1]
