import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gridclear.agent.enrolment import Enrolment
from gridclear.agent.identity import load_key
from gridclear.agent.session import AgentSession
from gridclear.errors import AgentError, GridclearError

SYNC = "/api/agent/v1/sync"
EMPTY = {"workloads": [], "gpu_metrics": []}


@pytest.fixture
def session(enrolment, state, clock, marketplace):
    return AgentSession(enrolment, load_key(state), clock, marketplace.transport)


def test_every_request_is_proven_and_numbered_upwards_even_when_the_clock_stands(session, marketplace):
    seen = []
    for _ in range(3):
        session.post(SYNC, EMPTY)
        seen.append(marketplace.last_sequence)
    assert seen == sorted(set(seen))
    assert len(marketplace.syncs) == 3


def test_numbers_go_on_upwards_when_the_clock_is_set_back(session, marketplace, clock):
    session.post(SYNC, EMPTY)
    clock.set_wall(-30)
    session.post(SYNC, EMPTY)
    assert len(marketplace.syncs) == 2


def test_a_replayed_request_is_refused_and_changes_nothing(session, marketplace, enrolment, state, clock):
    sent = []

    def record(request):
        sent.append(request)
        return marketplace.handle(request)

    AgentSession(enrolment, load_key(state), clock, httpx.MockTransport(record)).post(SYNC, EMPTY)
    again = marketplace.handle(sent[0])
    assert again.status_code == 401
    assert again.json()["code"] == "replayed_request"
    assert len(marketplace.syncs) == 1


def test_another_key_is_refused_as_a_wrong_signature(enrolment, marketplace, clock):
    stranger = AgentSession(enrolment, Ed25519PrivateKey.generate(), clock, marketplace.transport)
    with pytest.raises(GridclearError) as refused:
        stranger.post(SYNC, EMPTY)
    assert (refused.value.status, refused.value.code) == (401, "bad_signature")
    assert marketplace.syncs == []


def test_a_path_before_the_api_is_part_of_the_proof(enrolment, state, clock, marketplace):
    moved = Enrolment(**{**enrolment.__dict__, "url": "https://host.example/gpu"})
    AgentSession(moved, load_key(state), clock, marketplace.transport).post(SYNC, EMPTY)
    assert marketplace.paths[-1] == "/gpu" + SYNC


def test_a_state_file_that_names_plain_http_is_refused(enrolment, state, clock):
    moved = Enrolment(**{**enrolment.__dict__, "url": "http://host.example"})
    with pytest.raises(AgentError) as refused:
        AgentSession(moved, load_key(state), clock)
    assert refused.value.code == "insecure_url"


def test_a_redirect_is_not_followed_with_the_proof(enrolment, state, clock):
    asked = []

    def elsewhere(request):
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://thief.example/"})

    with pytest.raises(GridclearError):
        AgentSession(enrolment, load_key(state), clock, httpx.MockTransport(elsewhere)).post(SYNC, EMPTY)
    assert asked == ["127.0.0.1"]


def test_silence_is_a_refusal_that_may_pass(session, marketplace):
    marketplace.down = True
    with pytest.raises(GridclearError) as silent:
        session.post(SYNC, EMPTY)
    assert (silent.value.code, silent.value.status, silent.value.may_pass) == ("unreachable", 0, True)
