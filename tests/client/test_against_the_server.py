"""The SDK and the agent against the real server: one lease through both, in this process."""

import httpx
import pytest
from django.test import Client as DjangoClient
from gridclear import Client, GridclearError, LeaseRequest, Money
from gridclear.agent.clock import SystemClock
from gridclear.agent.enrolment import enrol
from gridclear.agent.identity import load_key
from gridclear.agent.session import AgentSession

from compliance.services import clearances
from marketplace.services import api_keys, metering, nodes, sweeps
from tests.cast import build_cast
from tests.client.conftest import H100, URL, Rig
from tests.client.parts import MemoryRunner
from tests.factories import marketplace as make
from tests.factories.disputed import top_up_of

pytestmark = pytest.mark.django_db


class Wire:
    """What the rig needs of a marketplace: a way to it, here through Django's own test client."""

    def __init__(self):
        self.transport = httpx.MockTransport(self.handle)

    def handle(self, request):
        response = DjangoClient().generic(
            request.method,
            request.url.raw_path.decode(),
            request.content,
            request.headers.get("Content-Type", ""),
            headers=dict(request.headers),
        )
        return httpx.Response(response.status_code, headers=dict(response.headers), content=response.content)


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def cast():
    return build_cast()


@pytest.fixture
def rig(cast, wire, state):
    where = {"country": "AU", "region": "AU-QLD", "city": "Brisbane"}
    _, secret = nodes.create_enrolment_token(cast.brisbane, "bne-01", **where, user=cast.pia)
    enrolment = enrol(URL, secret, state, simulate_gpu=H100, transport=wire.transport)
    rig = Rig(enrolment, wire, state, SystemClock(), MemoryRunner())
    rig.agent.tick()
    return rig


@pytest.fixture
def offer(rig, cast):
    node = nodes.Node.objects.get(pk=rig.parts[0].node_id)
    return make.offer_on(_Enrolled(node), cast.pia)


class _Enrolled:
    def __init__(self, node):
        self.node, self.gpus = node, [1, 2]


@pytest.fixture
def market(cast, wire):
    _, secret = api_keys.create_api_key(cast.lion, "sdk", ["read", "leases"], user=cast.alice)
    with Client(URL, secret, transport=wire.transport, pause=lambda seconds: None) as client:
        yield client


def wanted(offer, **changed):
    facts = {"image": "gridclear/demo:1", "end_use": "Training a model of protein folding", "command": ("a", "b c")}
    return LeaseRequest(str(offer.pk), 2, 3600, **{**facts, **changed})


def test_a_lease_through_sdk_and_agent(market, rig, offer):
    assert market.me().organization == "Lion City Labs Pte Ltd"
    (found,) = market.offers(gpu_model="h100-sxm", gpu_count=2, simulated=True)
    assert (found.id, found.free_gpus, found.simulated) == (str(offer.pk), 2, True)
    assert (found.city, found.country, found.provider) == ("Brisbane", "AU", "Brisbane Compute Pty Ltd")
    assert str(found.price) == "2.49 USD"
    assert market.offer(found.id) == found

    lease = market.open_lease(wanted(offer, environment={"TOKEN": "t"}), idempotency_key="once")
    assert market.open_lease(wanted(offer, environment={"TOKEN": "t"}), idempotency_key="once").id == lease.id
    assert (lease.state, lease.image, str(lease.limit)) == ("pending_funds", "gridclear/demo:1", "4.98 USD")
    sweeps.sweep_leases()

    rig.agent.tick()  # fetches the ticket, verifies the clearance, starts
    runner = rig.parts[4]
    assert runner.states == {lease.id: "running"}
    assert runner.jobs[lease.id].ticket.command == ("a", "b c")
    assert runner.jobs[lease.id].ticket.environment == {"TOKEN": "t"}
    runner.output[lease.id] += ["token t", "  indented \x1b[1m"]
    rig.agent.tick()
    assert market.lease(lease.id).state == "running"
    assert [line.line for line in market.logs(lease.id)] == ["token t", "  indented \x1b[1m"]
    assert [line.line for line in market.logs(lease.id, after=1)] == ["  indented \x1b[1m"]

    assert market.stop_lease(lease.id).state == "stopping"
    rig.agent.tick()
    assert runner.states[lease.id] == 143
    rig.agent.tick()
    ended = market.lease(lease.id)
    assert (ended.state, ended.end_reason, ended.over) == ("ended", "renter_stopped", True)
    rig.agent.tick()
    assert runner.removed == [lease.id]
    assert [each.id for each in market.leases()] == [lease.id]
    metering.settle_ended_leases()
    receipt = market.receipt(lease.id)
    assert (receipt.lease_id, receipt.total, receipt.fee) == (lease.id, market.lease(lease.id).cost, None)
    assert market.refunds(lease.id) == []


def test_unused_money_goes_back_through_the_sdk_to_owners_alone(cast, wire):
    top_up_of(cast.lion.party)
    _, secret = api_keys.create_api_key(cast.lion, "money", ["read", "payments"], user=cast.alice)
    with Client(URL, secret, transport=wire.transport, pause=lambda seconds: None) as market:
        assert market.unused_money().returnable == Money(5_000, "USD")
        (made,) = market.return_unused_money(2_000, idempotency_key="once")
        assert market.return_unused_money(2_000, idempotency_key="once") == [made]
        assert (str(made.amount), made.lease_id, made.reason, made.done) == ("20.00 USD", "", "unused", False)
        found = market.unused_money()
        assert (found.returnable, [each.id for each in found.refunds]) == (Money(3_000, "USD"), [made.id])
        with pytest.raises(GridclearError) as refused:
            market.return_unused_money(3_001)
        assert refused.value.code == "refund_too_large"
    _, other = api_keys.create_api_key(cast.lion, "finance", ["read", "payments"], user=cast.fay)
    with Client(URL, other, transport=wire.transport, pause=lambda seconds: None) as market:
        with pytest.raises(GridclearError) as refused:
            market.return_unused_money(100)
        assert refused.value.status == 403


def test_an_unknown_image_comes_back_as_the_leases_error(market, rig, offer):
    lease = market.open_lease(wanted(offer, image="nobody/knows:1"))
    sweeps.sweep_leases()
    for _ in range(3):
        rig.agent.tick()
    failed = market.lease(lease.id)
    assert (failed.state, failed.end_reason, failed.error) == ("ended", "workload_failed", "image_not_found")
    assert market.logs(lease.id)[-1].line == "gridclear: The image is not on this node."


def test_a_workload_that_ends_by_itself_ends_the_lease_with_its_code(market, rig, offer):
    lease = market.open_lease(wanted(offer))
    sweeps.sweep_leases()
    rig.agent.tick()
    rig.agent.tick()
    rig.parts[4].states[lease.id] = 0
    rig.agent.tick()
    assert market.lease(lease.id).end_reason == "workload_exited"
    assert market.lease(lease.id).exit_code == 0


def test_a_revoked_clearance_ends_the_workload_at_the_next_word(market, rig, offer, cast):
    lease = market.open_lease(wanted(offer))
    sweeps.sweep_leases()
    rig.agent.tick()
    rig.agent.tick()
    assert clearances.revoke_for_party(cast.lion.party_id, "test", cast.olga.as_actor()) == 1
    rig.agent.tick()
    assert rig.parts[4].states[lease.id] == 143


def test_refusals_have_their_codes(market, rig, offer, cast, wire):
    for changed, code, status in (
        ({"seconds": 1}, "invalid_input", 422),
        ({"gpu_count": 3}, "invalid_input", 422),
        ({"rail": "barter"}, "invalid_input", 422),
    ):
        body = LeaseRequest(**{**vars(wanted(offer)), **changed})
        with pytest.raises(GridclearError) as refused:
            market.open_lease(body)
        assert (refused.value.status, refused.value.code) == (status, code), refused.value
        assert next(iter(changed)) in refused.value.detail
    with pytest.raises(GridclearError) as refused:
        market.lease("0a000000-0000-4000-8000-00000000000f")
    assert (refused.value.status, refused.value.code) == (404, "not_found")
    with (
        Client(URL, "gck_aaaaaaaaaaaa_nobody", transport=wire.transport) as stranger,
        pytest.raises(GridclearError) as refused,
    ):
        stranger.me()
    assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")


def test_the_second_agent_of_a_key_and_a_replay_are_refused(rig, wire, state):
    enrolment, key = rig.parts[0], load_key(state)
    sent = []

    def record(request):
        sent.append(request)
        return wire.transport.handle_request(request)

    AgentSession(enrolment, key, SystemClock(), httpx.MockTransport(record)).post(
        "/api/agent/v1/sync", {"workloads": [], "gpu_metrics": []}
    )
    again = httpx.Client(transport=wire.transport).send(sent[0])
    assert (again.status_code, again.json()["code"]) == (401, "replayed_request")
