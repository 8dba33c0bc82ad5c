import json
import stat

import httpx
import pytest
from gridclear.agent.enrolment import enrol, load_enrolment
from gridclear.agent.identity import load_key
from gridclear.errors import AgentError, GridclearError

from tests.client.conftest import URL
from tests.client.marketplace import KID, TOKEN


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_enrolment_makes_a_private_key_and_pins_the_servers(enrolment, marketplace, state):
    assert enrolment.node_id == marketplace.node_id
    assert list(enrolment.clearance_keys) == [KID]
    assert enrolment.poll_seconds == 1
    assert load_key(state).public_key() == marketplace.node_key
    assert (mode(state), mode(state / "node.key"), mode(state / "enrolment.json")) == (0o700, 0o600, 0o600)
    assert load_enrolment(state) == enrolment


def test_a_key_that_others_may_read_is_refused(enrolment, state):
    (state / "node.key").chmod(0o644)
    with pytest.raises(AgentError, match="chmod 600") as refused:
        load_key(state)
    assert refused.value.code == "key_readable"


def test_a_refused_token_leaves_nothing_and_can_be_replaced(marketplace, state):
    with pytest.raises(GridclearError) as refused:
        enrol(URL, "gce_wrong", state, transport=marketplace.transport)
    assert (refused.value.code, refused.value.status) == ("bad_token", 401)
    assert not list(state.iterdir())
    assert enrol(URL, TOKEN, state, transport=marketplace.transport).node_id == marketplace.node_id


def test_an_enrolled_node_is_not_enrolled_again(enrolment, marketplace, state):
    before = (state / "node.key").read_bytes()
    with pytest.raises(AgentError) as refused:
        enrol(URL, TOKEN, state, transport=marketplace.transport)
    assert refused.value.code == "already_enrolled"
    assert (state / "node.key").read_bytes() == before


@pytest.mark.parametrize("url", ["http://gridclear.example", "http://10.0.0.7:8000", "http://127.0.0.1.example.com"])
def test_plain_http_to_another_machine_is_refused_before_anything_is_sent(url, marketplace, state):
    with pytest.raises(AgentError) as refused:
        enrol(url, TOKEN, state, transport=marketplace.transport)
    assert refused.value.code == "insecure_url"
    assert marketplace.paths == []


@pytest.mark.parametrize("url", ["https://gridclear.example", "http://localhost:8000", "http://[::1]:8000"])
def test_https_and_loopback_are_accepted(url, marketplace, state):
    assert enrol(url, TOKEN, state, transport=marketplace.transport).url == url


@pytest.mark.parametrize(
    "answer",
    [
        {"node_id": "n"},
        {"node_id": "n", "clearance_keys": [], "poll_seconds": 1, "heartbeat_timeout_seconds": 30},
        {
            "node_id": "n",
            "clearance_keys": [{"kid": "k", "public_key": "c2hvcnQ"}],
            "poll_seconds": 1,
            "heartbeat_timeout_seconds": 30,
        },
    ],
)
def test_an_answer_without_a_usable_key_enrols_nothing(answer, state):
    transport = httpx.MockTransport(lambda _: httpx.Response(201, content=json.dumps(answer)))
    with pytest.raises(AgentError) as refused:
        enrol(URL, TOKEN, state, transport=transport)
    assert refused.value.code == "bad_answer"
    assert not list(state.iterdir())


def test_a_page_that_is_no_gridclear_server_is_named_as_such(state):
    transport = httpx.MockTransport(lambda _: httpx.Response(201, text="<html>hello"))
    with pytest.raises(AgentError, match="did not answer as a Gridclear server"):
        enrol(URL, TOKEN, state, transport=transport)
