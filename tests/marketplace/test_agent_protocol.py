"""The agent's door: enrolment, proofs, inventory, logs. What is refused changes nothing."""

import json
import threading
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections
from django.test import Client

from compliance.services import clearances
from marketplace.models import EnrolmentToken, Gpu, Node, WorkloadLog
from marketplace.services import logs, sweeps
from tests.factories.marketplace import Agent, online_agent

SYNC = "/api/agent/v1/sync"
EMPTY = json.dumps({"workloads": []}).encode()


@pytest.fixture
def agent(cast) -> Agent:
    """An agent with a token and no enrolment yet."""
    return Agent(cast.brisbane, cast.pia)


def problem(answer, status: int) -> str:
    """The code of a clear problem."""
    body = answer.json()
    assert answer.status_code == status, body
    assert answer["Content-Type"] == "application/problem+json"
    assert body["status"] == status
    assert body["detail"]
    return body["code"]


def test_enrolment_gives_an_id_and_the_keys_to_pin(agent):
    answer = agent.client.post("/api/agent/v1/enrol", agent.enrolment(), "application/json")
    assert answer.status_code == 201
    body = answer.json()
    assert body["clearance_keys"] == clearances.public_keys()
    assert set(body) == {"node_id", "clearance_keys", "poll_seconds", "heartbeat_timeout_seconds"}
    node = Node.objects.get(pk=body["node_id"])
    assert (node.state, node.name, node.country, node.region) == ("enrolled", "bne-01", "AU", "AU-QLD")
    assert agent.secret not in EnrolmentToken.objects.get(pk=agent.token.pk).secret_hash


def test_a_token_serves_once(agent):
    agent.enrol()
    agent.key = Ed25519PrivateKey.generate()
    answer = agent.client.post("/api/agent/v1/enrol", agent.enrolment(), "application/json")
    assert problem(answer, 401) == "enrolment_token_invalid"
    assert Node.objects.count() == 1


def test_a_token_expires(agent, clock, settings):
    clock.advance(seconds=settings.GRIDCLEAR_ENROLMENT_TOKEN_SECONDS)
    answer = agent.client.post("/api/agent/v1/enrol", agent.enrolment(), "application/json")
    assert problem(answer, 401) == "enrolment_token_invalid"


@pytest.mark.parametrize("change", [{"proof": "AAAA"}, {"public_key": "AAAA"}, {"token": "gce_another"}])
def test_enrolment_needs_the_private_key(agent, change):
    answer = agent.client.post("/api/agent/v1/enrol", agent.enrolment() | change, "application/json")
    assert problem(answer, 401) == "key_not_proven"
    assert not Node.objects.exists()
    agent.enrol()  # the token is still good


def test_inventory_matches_devices_to_models(cast):
    agent = Agent(cast.brisbane, cast.pia)
    agent.enrol()
    agent.gpus[1]["name"] = "Nobody's Accelerator 9000"
    answer = agent.inventory().json()
    assert answer["accepted"] is True
    assert [gpu["slug"] for gpu in answer["gpus"]] == ["h100-sxm", None]
    node = agent.node
    assert (node.simulated, node.cpu_count, node.docker) == (True, 64, True)
    del agent.gpus[1]
    agent.inventory()
    assert list(node.gpus.order_by("index").values_list("present", flat=True)) == [True, False]


def test_production_takes_no_simulated_gpus(cast, settings):
    agent = Agent(cast.brisbane, cast.pia)
    agent.enrol()
    settings.GRIDCLEAR_ALLOW_SIMULATED = False
    assert problem(agent.inventory(), 422) == "simulated_refused"
    assert not Gpu.objects.exists()


def test_a_wrong_signature_a_stale_one_another_body_and_a_replay(cast, clock):
    agent = online_agent(cast.brisbane, cast.pia)
    before = Node.objects.get(pk=agent.node_id)
    clock.advance(seconds=5)

    def refused(proof: str, data: bytes = EMPTY) -> str:
        code = problem(agent.send(SYNC, data, proof), 401)
        after = Node.objects.get(pk=agent.node_id)
        assert (after.last_sequence, after.last_heartbeat_at) == (before.last_sequence, before.last_heartbeat_at)
        return code

    far = int((clock.now() - timedelta(seconds=61)).timestamp())
    assert refused(agent.proof(SYNC, EMPTY, key=Ed25519PrivateKey.generate())) == "bad_signature"
    assert refused("no.jwt.atall") == "bad_signature"
    assert refused(agent.proof(SYNC, EMPTY, iss="00000000-0000-0000-0000-000000000000")) == "bad_signature"
    assert refused(agent.proof(SYNC, EMPTY, iat=far)) == "stale_request"
    assert refused(agent.proof(SYNC, EMPTY, iat="now")) == "stale_request"
    assert refused(agent.proof(SYNC, EMPTY), b'{"workloads": [] }') == "body_mismatch"
    assert refused(agent.proof("/api/agent/v1/logs", EMPTY)) == "body_mismatch"
    assert refused(agent.proof(SYNC, EMPTY, htm="GET")) == "body_mismatch"
    assert refused(agent.proof(SYNC, EMPTY, seq=before.last_sequence)) == "replayed_request"
    assert refused(agent.proof(SYNC, EMPTY, seq=2**63)) == "replayed_request"

    proof = agent.proof(SYNC, EMPTY)
    assert agent.send(SYNC, EMPTY, proof).status_code == 200
    assert problem(agent.send(SYNC, EMPTY, proof), 401) == "replayed_request"


def test_of_one_request_sent_twice_at_once_one_gets_through(real_cast):
    agent = online_agent(real_cast.brisbane, real_cast.pia)
    proof, statuses, start = agent.proof(SYNC, EMPTY), [], threading.Barrier(4)

    def send() -> None:
        start.wait()
        answer = Client().post(SYNC, EMPTY, "application/json", headers={"Authorization": f"GridclearAgent {proof}"})
        statuses.append(answer.status_code)
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 401, 401, 401]


def test_a_retired_node_is_nobody(cast):
    agent = online_agent(cast.brisbane, cast.pia)
    Node.objects.filter(pk=agent.node_id).update(state="retired")
    assert problem(agent.post("sync", {"workloads": []}), 401) == "bad_signature"


def test_a_body_that_is_no_json(cast):
    agent = online_agent(cast.brisbane, cast.pia)
    answer = agent.send(SYNC, b"{", agent.proof(SYNC, b"{"))
    assert problem(answer, 400) == "malformed_json"
    answer = agent.post("sync", {"workloads": [{"lease_id": "x"}]})
    assert problem(answer, 422) == "invalid_input"
    assert "workloads.0.lease_id" in answer.json()["errors"]


def test_logs_stand_once_and_within_bounds(cast, monkeypatch):
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()

    def line(sequence: int, text: str = "epoch 1") -> dict:
        return {"sequence": sequence, "stream": "stdout", "at": "2026-11-24T04:00:00Z", "line": text}

    def send(*lines: dict) -> int:
        answer = agent.post("logs", {"lease_id": str(lease.pk), "chunks": list(lines)})
        assert answer.status_code == 200, answer.content
        return answer.json()["next_sequence"]

    assert send(line(1), line(2, "nul\u0000and" + "x" * 5000)) == 3
    assert send(line(2, "another"), line(3)) == 4
    kept = WorkloadLog.objects.filter(lease=lease)
    assert list(kept.values_list("sequence", flat=True)) == [1, 2, 3]
    assert kept.get(sequence=2).line == ("nuland" + "x" * 5000)[:4000]
    monkeypatch.setattr(logs, "MAX_LINES_PER_LEASE", 4)
    assert send(line(4), line(5), line(6)) == 7
    assert kept.count() == 4


def test_logs_of_another_nodes_lease(cast):
    _agent, offer = cast.supply()
    lease = cast.lease(offer)
    other = online_agent(cast.brisbane, cast.pia, name="bne-02")
    answer = other.post("logs", {"lease_id": str(lease.pk), "chunks": []})
    assert problem(answer, 404) == "not_found"


def test_a_sync_costs_a_fixed_number_of_queries(cast, django_assert_max_num_queries):
    agent, offer = cast.supply()
    first = cast.lease(offer)
    second = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(first), agent.workload(second))
    with django_assert_max_num_queries(22):
        agent.sync(agent.workload(first), agent.workload(second))
