"""Bad input at the API's door: each gives one clear problem and changes nothing."""

from datetime import timedelta

import pytest
from django.test import Client

from compliance.base import clock as time
from marketplace.api.base import ApiView
from marketplace.models import ApiKey, Lease, Offer
from marketplace.services import api_keys
from tests.factories.marketplace import member


def body_of(offer, **changes) -> dict:
    """The JSON of an honest request for a lease."""
    return {
        "offer_id": str(offer.pk),
        "gpu_count": 1,
        "seconds": 3600,
        "rail": "balance",
        "image": "gridclear/demo:latest",
        "command": ["python", "-c", "print('hello')"],
        "end_use": "Training a model of protein folding",
        "end_user": {"kind": "self"},
        **changes,
    }


@pytest.fixture
def alice(cast) -> Client:
    """Alice's browser."""
    client = Client()
    client.force_login(cast.alice)
    return client


def send(client: Client, url: str, body=None, key: str = "k"):
    """A POST under an idempotency key."""
    return client.post(url, {} if body is None else body, "application/json", headers={"Idempotency-Key": key})


def problem(answer, status: int) -> str:
    """The code of a problem that says everything RFC 9457 asks for."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(said)
    assert said["status"] == status
    assert said["type"] == f"urn:gridclear:problem:{said['code']}"
    return said["code"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"gpu_count": 0}, "gpu_count"),
        ({"gpu_count": 3}, "gpu_count"),
        ({"seconds": 59}, "seconds"),
        ({"seconds": 8 * 24 * 3600}, "seconds"),
        ({"rail": "barter"}, "rail"),
        ({"rail": "card"}, "payment_method"),
        ({"rail": "escrow"}, "wallet"),
        ({"image": "; rm -rf /"}, "image"),
        ({"command": ["x" * 5000]}, "command"),
        ({"environment": {"1BAD": "x"}}, "environment"),
        ({"ports": [70_000]}, "ports"),
        ({"ssh_public_key": "not a key"}, "ssh_public_key"),
        ({"end_use": " "}, "end_use"),
        ({"end_use_kind": "mining"}, "end_use_kind"),
        ({"end_user": {"kind": "other"}}, "end_user"),
        ({"offer_id": "x"}, "offer_id"),
    ],
)
def test_a_wrong_field_is_named(cast, alice, change, field):
    _, offer = cast.supply()
    answer = send(alice, "/api/v1/leases", body_of(offer, **change))
    assert problem(answer, 422) == "invalid_input"
    assert field in answer.json()["errors"]
    assert not Lease.objects.exists()


def test_a_malformed_wallet(cast, alice):
    _, offer = cast.supply()
    # One letter of the checksum is wrong.
    wallet = "0x52908400098527886E0F7030069857D2E4169Ee7"
    answer = send(alice, "/api/v1/leases", body_of(offer, rail="escrow", wallet=wallet))
    assert problem(answer, 422) == "malformed_wallet"
    assert not Lease.objects.exists()


def test_a_body_that_is_no_json(cast, alice):
    for url in ("/api/v1/leases", "/api/v1/top-ups", "/api/v1/api-keys"):
        answer = alice.post(url, "{", "application/json", headers={"Idempotency-Key": "k"})
        assert problem(answer, 400) == "malformed_json"
    answer = alice.post("/api/v1/leases", "[1]", "application/json", headers={"Idempotency-Key": "k"})
    assert problem(answer, 422) == "invalid_input"
    answer = alice.post("/api/v1/leases", "a=b", "text/plain", headers={"Idempotency-Key": "k"})
    assert problem(answer, 415) == "unsupported_media_type"


def test_nobody_and_bad_keys(cast):
    anonymous = Client()
    answer = anonymous.get("/api/v1/leases")
    assert problem(answer, 401) == "not_authenticated"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    key, secret = api_keys.create_api_key(
        cast.lion, "ci", ["read"], user=cast.alice, expires_at=time.now() + timedelta(hours=1)
    )

    def ask(presented: str):
        return anonymous.get("/api/v1/leases", headers={"Authorization": f"Bearer {presented}"})

    assert ask(secret).status_code == 200
    for presented in ("", "gck_", secret[:-1], secret + "x", f"gck_{key.prefix}_", secret.replace("gck", "gcx")):
        assert problem(ask(presented), 401) == "invalid_api_key"
    ApiKey.objects.filter(pk=key.pk).update(expires_at=time.now())
    assert problem(ask(secret), 401) == "invalid_api_key"
    ApiKey.objects.filter(pk=key.pk).update(expires_at=None)
    assert ask(secret).status_code == 200
    api_keys.revoke_api_key(key.pk, user=cast.alice, actor=cast.alice.as_actor())
    assert problem(ask(secret), 401) == "invalid_api_key"


def test_a_key_is_held_to_its_scopes_and_its_organization(cast):
    _, offer = cast.supply()
    _, reading = api_keys.create_api_key(cast.lion, "reader", ["read"], user=cast.alice)
    client = Client(headers={"Authorization": f"Bearer {reading}"})
    answer = client.post("/api/v1/leases", body_of(offer), "application/json", headers={"Idempotency-Key": "k"})
    assert problem(answer, 403) == "scope_missing"
    assert problem(client.post("/api/v1/api-keys", {}, "application/json"), 403) == "person_needed"
    # Alice joins the provider too: her key of Lion City Labs stays with Lion City Labs.
    _, dealing = api_keys.create_api_key(cast.lion, "dealer", ["read", "offers"], user=cast.alice)
    cast.brisbane.memberships.create(user=cast.alice, role="owner")
    client = Client(headers={"Authorization": f"Bearer {dealing}"})
    assert problem(client.post(f"/api/v1/offers/{offer.pk}/pause"), 404) == "not_found"
    assert client.get("/api/v1/me").json()["organization"]["name"] == "Lion City Labs Pte Ltd"


def test_a_key_does_no_more_than_its_maker_may_now(cast):
    dealer = member(cast.lion, "dora@lion.example")
    _, secret = api_keys.create_api_key(cast.lion, "dora", ["read", "leases"], user=dealer)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/me").json()["scopes"] == ["leases", "read"]
    dealer.memberships.update(role="finance")
    assert client.get("/api/v1/me").json()["scopes"] == ["read"]
    dealer.memberships.all().delete()
    assert problem(client.get("/api/v1/me"), 401) == "invalid_api_key"


def test_a_refused_lease_says_why_and_where(cast, alice):
    _, offer = cast.supply()
    party = cast.lion.party
    party.headquarters_country = "CN"
    party.save(update_fields=["headquarters_country"])
    answer = send(alice, "/api/v1/leases", body_of(offer))
    assert problem(answer, 403) in {"clearance_denied", "clearance_in_review"}
    said = answer.json()
    assert said["reasons"]
    assert all(set(reason) == {"message", "next_step"} for reason in said["reasons"])
    decision = alice.get(f"/api/v1/decisions/{said['decision_id']}").json()
    assert decision["outcome"] in {"DENY", "REVIEW"}
    assert decision["reasons"] == said["reasons"]
    assert not Lease.objects.exists()


def test_an_offer_of_nothing_for_nothing(cast):
    agent, offer = cast.supply()
    pia = Client()
    pia.force_login(cast.pia)
    wanted = {"node_id": str(agent.node_id), "gpu_model": "h100-sxm", "gpu_count": 1, "price_minor_per_gpu_hour": 100}
    for number, change in enumerate(
        (
            {"price_minor_per_gpu_hour": 1_000_001},
            {"gpu_count": 3},
            {"gpu_count": 0},
            {"gpu_model": "rtx-3090"},
            {"min_seconds": 10},
            {"min_seconds": 7200, "max_seconds": 3600},
        )
    ):
        answer = send(pia, "/api/v1/offers", wanted | change, key=f"k{number}")
        assert problem(answer, 422) == "invalid_input"
        assert set(answer.json()["errors"]) & {*change, "gpu_count"}
    assert Offer.objects.count() == 1
    answer = pia.patch(f"/api/v1/offers/{offer.pk}", {"price_minor_per_gpu_hour": 0}, "application/json")
    assert problem(answer, 422) == "amount_invalid"
    offer.refresh_from_db()
    assert offer.price_minor_per_gpu_hour == 249


def test_too_many_requests(cast, alice, monkeypatch):
    class Tight(ApiView.throttle_classes[0]):
        THROTTLE_RATES = {"api": "2/min"}

    monkeypatch.setattr(ApiView, "throttle_classes", [Tight])
    assert [alice.get("/api/v1/me").status_code for _ in range(2)] == [200, 200]
    answer = alice.get("/api/v1/me")
    assert problem(answer, 429) == "too_many_requests"
    assert int(answer["Retry-After"]) > 0
