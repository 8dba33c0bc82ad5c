"""The distribution `gridclear` against the real server: what one side writes, the other reads."""

from pathlib import Path
from uuid import UUID

import httpx
import pytest
from django.test import Client as Browser
from gridclear.agent.clearance import verify_clearance
from gridclear.agent.clock import Clock
from gridclear.agent.enrolment import enrol, load_enrolment
from gridclear.agent.identity import load_key
from gridclear.agent.inventory import InventorySource, gpu_source
from gridclear.agent.messages import read_desired
from gridclear.agent.session import AgentSession
from gridclear.client import Client
from gridclear.errors import GridclearError
from gridclear.types import LeaseRequest

from marketplace.models import Node
from marketplace.services import api_keys, nodes, offers, sweeps
from marketplace.services.offers import OfferTerms
from tests.factories import places
from tests.factories.marketplace import H100

URL = "http://localhost"


class Following(Clock):
    """The agent's clock, set by the test's."""

    def __init__(self, source) -> None:
        self.source = source

    def unix(self) -> float:
        return self.source.now().timestamp()


@pytest.fixture
def wire() -> httpx.MockTransport:
    """The server, without a socket; its own request handling, in the test's transaction."""

    def serve(request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-type")}
        kind = request.headers.get("Content-Type", "application/json")
        address = request.url.raw_path.decode()
        answer = Browser().generic(request.method, address, request.content, content_type=kind, headers=headers)
        return httpx.Response(answer.status_code, headers=dict(answer.items()), content=answer.content)

    return httpx.MockTransport(serve)


@pytest.fixture
def session(cast, clock, wire, tmp_path: Path) -> AgentSession:
    """An agent that has enrolled and told what it has."""
    _, secret = nodes.create_enrolment_token(cast.brisbane, "bne-01", "AU", "AU-QLD", "Brisbane", user=cast.pia)
    enrolment = enrol(URL, secret, tmp_path, simulate_gpu=f"{H100}:2", transport=wire)
    with pytest.raises(GridclearError, match=r"(?s)enrolment token|used"):
        enrol(URL, secret, tmp_path / "another", transport=wire)
    made = AgentSession(enrolment, load_key(tmp_path), Following(clock), transport=wire)
    source = gpu_source(f"{H100}:2", node_id=enrolment.node_id, beside_real=True)
    answer = made.post("/api/agent/v1/inventory", InventorySource(source, docker=False).inventory().message())
    assert [gpu["slug"] for gpu in answer["gpus"]] == ["h100-sxm", "h100-sxm"]
    places.stand_there(UUID(enrolment.node_id), "AU", "AU-QLD", "Brisbane")
    made.post("/api/agent/v1/sync", {"workloads": [], "gpu_metrics": []})
    return made


def test_the_sdk_opens_a_lease_and_the_agent_may_run_it(cast, clock, wire, session, tmp_path):
    node = Node.objects.get()

    offers.create_offer(
        cast.brisbane, node.pk, "h100-sxm", OfferTerms(2, 249), user=cast.pia, actor=cast.pia.as_actor()
    )
    _, key = api_keys.create_api_key(cast.lion, "sdk", ["read", "leases"], user=cast.alice)
    with Client(URL, key, transport=wire) as sdk:
        assert sdk.me().organization == "Lion City Labs Pte Ltd"
        (offer,) = sdk.offers(gpu_model="h100-sxm", gpu_count=2, simulated=True)
        assert (offer.free_gpus, str(offer.price), offer.simulated, offer.country) == (2, "2.49 USD", True, "AU")
        wanted = LeaseRequest(offer.id, 2, 3600, "gridclear/demo:latest", "Protein folding", command=("python", "-V"))
        lease = sdk.open_lease(wanted, idempotency_key="one")
        assert sdk.open_lease(wanted, idempotency_key="one").id == lease.id
        sweeps.sweep_leases()

        answer = session.post("/api/agent/v1/sync", {"workloads": [], "gpu_metrics": []})
        (desired,) = read_desired(answer)
        assert (desired.lease_id, desired.run, desired.ticket.command) == (lease.id, True, ("python", "-V"))
        enrolment = load_enrolment(tmp_path)
        clearance = verify_clearance(
            desired.clearance,
            keys=enrolment.clearance_keys,
            lease_id=lease.id,
            node_id=enrolment.node_id,
            gpu_count=len(desired.ticket.gpu_uuids),
            at=clock.now().timestamp(),
        )
        assert clearance.gpu_count == 2

        line = {"sequence": 1, "stream": "stdout", "at": "2026-11-24T05:00:00.000Z", "line": "hello"}
        session.post("/api/agent/v1/logs", {"lease_id": lease.id, "chunks": [line]})
        assert [found.line for found in sdk.logs(lease.id)] == ["hello"]
        assert sdk.stop_lease(lease.id).state == "stopping"
        (desired,) = read_desired(session.post("/api/agent/v1/sync", {"workloads": [_pulling(lease.id)]}))
        assert (desired.run, desired.reason) == (False, "renter_stopped")
        assert sdk.lease(lease.id).over is False
        with pytest.raises(GridclearError) as refused:
            sdk.lease("00000000-0000-0000-0000-000000000000")
        assert (refused.value.code, refused.value.status) == ("not_found", 404)


def _pulling(lease_id: str) -> dict[str, object]:
    return {
        "lease_id": lease_id,
        "state": "pulling",
        "usage_seconds": 0,
        "usage_sequence": 1,
        "exit_code": None,
        "error": None,
        "runtime": "process",
        "started_at": None,
    }
