"""Who may do what at each address of the API: owner, team-mate, finance, stranger, anonymous."""

import uuid

import pytest

from marketplace.models import Lease, Membership, Offer
from marketplace.services import api_keys, leases, metering, sweeps
from tests.factories.marketplace import lease_request
from tests.marketplace.test_api_errors import body_of
from tests.permissions import answers, clients, covers


def everybody(**status: int) -> dict[str, int]:
    """The status for each person."""
    return status


@covers("api:me", "api:organizations", "api:api-keys", "api:gpu-models", "api:offers", "api:nodes", "api:leases")
@covers("api:balance", "api:statement", "api:payouts", "api:decisions", "api:verification")
@pytest.mark.parametrize(
    "name",
    [
        "me",
        "organizations",
        "api-keys",
        "gpu-models",
        "offers",
        "nodes",
        "leases",
        "balance",
        "statement",
        "payouts",
        "decisions",
        "verification",
    ],
)
def test_lists_are_for_people_who_are_logged_in(cast, name):
    got = answers(clients(cast), "get", f"/api/v1/{name}")
    assert got == everybody(owner=200, team_mate=200, finance=200, stranger=200, anonymous=401)


@covers("api:leases")
def test_dealing_takes_an_owner_or_a_member(cast):
    _agent, offer = cast.supply(gpus="NVIDIA H100 80GB HBM3:4")
    got = answers(clients(cast), "post", "/api/v1/leases", body_of(offer))
    assert got == everybody(owner=201, team_mate=201, finance=403, stranger=201, anonymous=401)
    assert set(Lease.objects.values_list("renter__name", flat=True)) == {
        "Lion City Labs Pte Ltd",
        "Stranger Systems Oy",
    }


@covers(
    "api:lease-resume",
    "api:lease",
    "api:lease-stop",
    "api:lease-logs",
    "api:lease-decision",
    "api:lease-deposit",
    "api:lease-receipt",
)
def test_a_lease_is_its_renters_and_half_its_providers(cast, clock):
    _agent, offer = cast.supply()
    lease = cast.lease(offer)
    url = f"/api/v1/leases/{lease.pk}"
    renters, providers = clients(cast), clients(cast, side="provider")

    assert answers(renters, "get", url) == everybody(owner=200, team_mate=200, finance=200, stranger=404, anonymous=401)
    assert answers(providers, "get", url)["owner"] == 200
    assert renters["owner"].get(url).json()["workload"]["image"] == "gridclear/demo:latest"
    assert providers["owner"].get(url).json()["workload"] is None
    assert "environment" not in renters["owner"].get(url).json()["workload"]

    assert answers(renters, "get", f"{url}/logs")["finance"] == 200
    assert answers(renters, "get", f"{url}/logs")["stranger"] == 404
    assert answers(providers, "get", f"{url}/logs")["owner"] == 404
    assert answers(renters, "get", f"{url}/decision")["owner"] == 200
    assert answers(renters, "get", f"{url}/decision")["stranger"] == 404
    assert answers(providers, "get", f"{url}/decision")["owner"] == 404
    assert answers(providers, "get", f"{url}/deposit")["owner"] == 404
    assert answers(renters, "get", f"{url}/deposit")["stranger"] == 404
    # This lease is paid from the balance: its renter is told that it waits for no deposit.
    signed = {"signature": "0x" + 130 * "0"}
    assert answers(providers, "post", f"{url}/deposit", signed)["owner"] == 404
    assert answers(renters, "post", f"{url}/deposit", signed) == everybody(
        owner=409, team_mate=409, finance=409, stranger=404, anonymous=401
    )
    assert answers({"owner": renters["owner"]}, "post", f"{url}/deposit", {"signature": "0x"}) == {"owner": 422}
    assert answers(renters, "get", f"{url}/receipt") == everybody(
        owner=404, team_mate=404, finance=404, stranger=404, anonymous=401
    )

    resuming = everybody(owner=409, team_mate=409, finance=403, stranger=404, anonymous=401)
    assert answers(renters, "post", f"{url}/resume") == resuming
    assert answers(providers, "post", f"{url}/resume")["owner"] == 404

    stop = {name: client for name, client in renters.items() if name != "owner"}
    assert answers(providers, "post", f"{url}/stop")["owner"] == 404
    got = answers({name: stop[name] for name in ("finance", "stranger", "anonymous")}, "post", f"{url}/stop")
    assert got == {"finance": 403, "stranger": 404, "anonymous": 401}
    assert answers({"team_mate": stop["team_mate"]}, "post", f"{url}/stop") == {"team_mate": 200}
    assert answers({"owner": renters["owner"]}, "post", f"{url}/stop") == {"owner": 409}


def test_a_receipt_shows_each_side_what_is_its_own(cast, clock):
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(lease))
    clock.advance(seconds=3600)
    agent.sync(agent.workload(lease, "exited", 3600, exit_code=0))
    metering.settle_ended_leases()
    url = f"/api/v1/leases/{lease.pk}/receipt"
    renter, provider = clients(cast)["owner"].get(url).json(), clients(cast, side="provider")["owner"].get(url).json()
    assert (renter["total_minor"], renter["fee_minor"], renter["payee_minor"]) == (249, None, None)
    assert (provider["total_minor"], provider["fee_minor"], provider["payee_minor"]) == (249, 12, 237)
    assert clients(cast)["stranger"].get(url).status_code == 404


@covers("api:offers", "api:offer", "api:offer-pause", "api:offer-resume", "api:offer-withdraw")
def test_offers_are_their_providers(cast):
    agent, offer = cast.supply()
    url = f"/api/v1/offers/{offer.pk}"
    wanted = {"node_id": str(agent.node_id), "gpu_model": "h100-sxm", "gpu_count": 1, "price_minor_per_gpu_hour": 100}
    everyone = {**clients(cast), "provider": clients(cast, side="provider")["owner"]}
    assert set(answers(everyone, "get", url).values()) == {200, 401}
    got = answers(everyone, "post", "/api/v1/offers", wanted)
    assert got == everybody(owner=409, team_mate=409, finance=403, stranger=409, anonymous=401, provider=201)
    got = answers(everyone, "patch", url, {"price_minor_per_gpu_hour": 300})
    assert got == everybody(owner=404, team_mate=404, finance=404, stranger=404, anonymous=401, provider=200)
    for deed in ("pause", "resume", "withdraw"):
        got = answers(everyone, "post", f"{url}/{deed}")
        assert got == everybody(owner=404, team_mate=404, finance=404, stranger=404, anonymous=401, provider=200), deed
    assert Offer.objects.get(pk=offer.pk).state == "withdrawn"
    assert everyone["owner"].get(url).status_code == 404


@covers("api:nodes", "api:node", "api:node-retire", "api:enrolment-tokens")
def test_nodes_are_their_providers(cast):
    agent, _ = cast.supply()
    everyone = {**clients(cast), "provider": clients(cast, side="provider")["owner"]}
    got = answers(everyone, "get", f"/api/v1/nodes/{agent.node_id}")
    assert got == everybody(owner=404, team_mate=404, finance=404, stranger=404, anonymous=401, provider=200)
    got = answers(everyone, "post", "/api/v1/enrolment-tokens", {"node_name": "bne-09", "country": "AU"})
    assert got == everybody(owner=409, team_mate=409, finance=403, stranger=409, anonymous=401, provider=201)
    got = answers(everyone, "post", f"/api/v1/nodes/{agent.node_id}/retire")
    assert got == everybody(owner=404, team_mate=404, finance=404, stranger=404, anonymous=401, provider=200)


@covers("api:organization", "api:members", "api:member")
def test_an_organizations_people_are_managed_by_its_owners(cast):
    url, by = f"/api/v1/organizations/{cast.lion.pk}", clients(cast)
    for address in (url, f"{url}/members"):
        assert answers(by, "get", address) == everybody(
            owner=200, team_mate=200, finance=200, stranger=404, anonymous=401
        )
    fay = Membership.objects.get(user=cast.fay)
    wanted = {"email": "charlie@strange.example", "role": "member"}
    others = {name: client for name, client in by.items() if name != "owner"}
    refused = everybody(team_mate=403, finance=403, stranger=404, anonymous=401)
    assert answers(others, "post", f"{url}/members", wanted) == refused
    assert answers(others, "patch", f"{url}/members/{fay.pk}", {"role": "owner"}) == refused
    alice = Membership.objects.get(user=cast.alice)
    assert answers(others, "delete", f"{url}/members/{alice.pk}") == refused
    owner = {"owner": by["owner"]}
    assert answers(owner, "post", f"{url}/members", wanted) == {"owner": 201}
    assert answers(owner, "patch", f"{url}/members/{fay.pk}", {"role": "member"}) == {"owner": 200}
    assert answers(owner, "delete", f"{url}/members/{fay.pk}") == {"owner": 204}
    assert answers(owner, "delete", f"{url}/members/{uuid.uuid4()}") == {"owner": 404}
    assert answers(owner, "delete", f"{url}/members/{alice.pk}") == {"owner": 409}, "the last owner stays"
    bob, team_mate = Membership.objects.get(user=cast.bob), {"team_mate": by["team_mate"]}
    assert answers(team_mate, "delete", f"{url}/members/{bob.pk}") == {"team_mate": 204}, "whoever wants to leaves"


@covers("api:api-keys", "api:api-key")
def test_keys_are_their_makers_and_the_owners(cast):
    by = clients(cast)
    got = answers(by, "post", "/api/v1/api-keys", {"name": "all", "scopes": ["payments"]})
    assert got == everybody(owner=201, team_mate=403, finance=201, stranger=201, anonymous=401)
    key, _ = api_keys.create_api_key(cast.lion, "alice's", ["read"], user=cast.alice)
    others = {name: client for name, client in by.items() if name != "owner"}
    got = answers(others, "delete", f"/api/v1/api-keys/{key.pk}")
    assert got == everybody(team_mate=403, finance=403, stranger=404, anonymous=401)
    assert answers({"owner": by["owner"]}, "delete", f"/api/v1/api-keys/{key.pk}") == {"owner": 204}


@covers("api:top-ups", "api:top-up", "api:payouts")
def test_paying_takes_an_owner_or_finance(cast):
    by = clients(cast)
    wanted = {"amount_minor": 5000, "payment_method": "pm_card_visa"}
    got = answers(by, "post", "/api/v1/top-ups", wanted)
    assert got == everybody(owner=201, team_mate=403, finance=201, stranger=201, anonymous=401)
    made = by["owner"].post("/api/v1/top-ups", wanted, "application/json", headers={"Idempotency-Key": "mine"}).json()
    got = answers(by, "get", f"/api/v1/top-ups/{made['id']}")
    assert got == everybody(owner=200, team_mate=200, finance=200, stranger=404, anonymous=401)
    got = answers(by, "post", "/api/v1/payouts", {"pot": "card"})
    assert got == everybody(owner=409, team_mate=403, finance=409, stranger=409, anonymous=401)


@covers("api:decision", "api:decisions")
def test_a_decision_is_for_the_party_it_is_about(cast):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    url = f"/api/v1/decisions/{lease.clearance.decision_id}"
    assert answers(clients(cast), "get", url) == everybody(
        owner=200, team_mate=200, finance=200, stranger=404, anonymous=401
    )
    assert clients(cast, side="provider")["owner"].get(url).status_code == 404, "what was found about a renter"


@covers("api:verification")
def test_only_an_owner_submits_the_verification(cast):
    wanted = {
        "level": "business",
        "declaration": {"purpose": "research"},
        "owners": [
            {
                "party": {"kind": "entity", "name": "Lion Holdings", "country": "SG"},
                "share_min": "100",
                "share_max": "100",
                "owners": [
                    {
                        "party": {"kind": "person", "name": "Lee Hui Min", "country": "SG"},
                        "share_min": "100",
                        "share_max": "100",
                    }
                ],
            }
        ],
    }
    by = clients(cast)
    got = answers(by, "post", "/api/v1/verification", wanted)
    assert got == everybody(owner=201, team_mate=403, finance=403, stranger=201, anonymous=401)
    # What was verified before stays in the books; the facts have changed, so it is in force no more.
    assert by["owner"].get("/api/v1/verification").json()["state"] in {"submitted", "changed"}


@covers("api:schema", "api:docs")
def test_schema_and_docs_are_public(cast):
    for url in ("/api/v1/schema", "/api/v1/docs"):
        assert set(answers(clients(cast), "get", url).values()) == {200}, url


@covers("agent:enrol", "agent:inventory", "agent:sync", "agent:logs")
def test_the_agents_door_is_not_for_people(cast):
    for door in ("inventory", "sync", "logs"):
        assert set(answers(clients(cast), "post", f"/api/agent/v1/{door}").values()) == {401}, door
    assert set(answers(clients(cast), "post", "/api/agent/v1/enrol").values()) == {422}


def test_a_stranger_with_anothers_lease_id_learns_nothing(cast):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    request = lease_request(offer, cast.strange, lease_id=lease.pk)
    with pytest.raises(leases.Conflict, match="This id is taken"):
        leases.request_lease(request, user=cast.charlie, actor=cast.charlie.as_actor())
