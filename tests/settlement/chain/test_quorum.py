"""Several nodes as one: a liar, a staller and a forker are outvoted; without agreement nothing is concluded."""

import contextlib
from collections.abc import Iterator

import pytest

from compliance.base.audit import AuditEvent
from settlement.models import ChainAlarm, ChainCursor, ChainEvent, ChainTransaction, Hold
from settlement.rails import chain as rail
from settlement.rails.chain import (
    CallRefused,
    ChainDisagrees,
    ChainNotConfigured,
    ChainUnavailable,
    connect,
    open_nodes,
)
from settlement.selectors.chain_alarms import open_chain_alarms
from settlement.services import chain_follower, chain_sender
from settlement.services.chain_deposits import prepare_deposit
from settlement.services.chain_indexer import follow
from tests.settlement.chain.proxy import (
    Lie,
    Proxy,
    failing,
    far_ahead,
    forged_logs,
    forked_at,
    lying_node,
    nonsense,
    rate_limited,
    without_logs,
)
from tests.settlement.chain.scene import CAP, Scene
from tests.settlement.chain.test_sender import NO_TERMS, _revocation

pytestmark = pytest.mark.chain

LIES: list[Lie] = [failing, rate_limited, nonsense, far_ahead, without_logs, forged_logs]


@pytest.fixture
def nodes(scene: Scene, settings, monkeypatch) -> Iterator[list[Proxy]]:
    """Three nodes of the same chain, any of which can be made to lie."""
    monkeypatch.setattr(rail, "TIMEOUT_SECONDS", 2)
    with contextlib.ExitStack() as stack:
        proxies = [stack.enter_context(lying_node(scene.node.url)) for _ in range(3)]
        settings.CHAIN_RPC_URL = ", ".join(proxy.url for proxy in proxies)
        yield proxies


def _deposit(scene: Scene) -> Hold:
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    scene.finalise()
    hold.refresh_from_db()
    return hold


def test_honest_nodes_are_one(scene: Scene, nodes: list[Proxy]):
    assert _deposit(scene).state == Hold.State.OPEN
    row = chain_sender.submit(_revocation(1))
    scene.deliver()
    row.refresh_from_db()
    assert row.state == ChainTransaction.State.CONFIRMED
    assert all("eth_sendRawTransaction" in node.asked for node in nodes)
    chain_follower.follow_and_guard()
    assert open_chain_alarms() == []


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_one_liar_of_three_is_outvoted(scene: Scene, nodes: list[Proxy], lie: Lie):
    nodes[1].lie = lie
    assert _deposit(scene).state == Hold.State.OPEN
    assert scene.books() == {"contract": -CAP, "held": CAP}
    chain_sender.submit(_revocation(1))
    scene.deliver()
    assert ChainTransaction.objects.get().state == ChainTransaction.State.CONFIRMED


@pytest.mark.parametrize("depth", [1, 12])
def test_a_node_on_a_fork_is_outvoted_and_alarmed(scene: Scene, nodes: list[Proxy], depth: int):
    scene.node.mine(depth)
    nodes[2].lie = forked_at(scene.node.web3.eth.block_number - depth)
    assert _deposit(scene).state == Hold.State.OPEN
    scene.node.mine()
    chain_follower.follow_and_guard()
    (alarm,) = open_chain_alarms()
    assert alarm.code == "node_faulty"
    assert "3: 127.0.0.1" in alarm.detail
    assert nodes[2].url not in alarm.detail


def test_when_all_differ_nothing_is_concluded_and_an_alarm_sounds(scene: Scene, nodes: list[Proxy]):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    scene.follow()
    before = ChainCursor.objects.get()
    scene.node.mine(20)
    nodes[0].lie = forked_at(before.block_number)
    nodes[1].lie = nonsense
    for _ in range(2):
        with pytest.raises(ChainDisagrees):
            chain_follower.follow_and_guard()
    hold.refresh_from_db()
    assert (hold.state, scene.books()) == (Hold.State.OPENING, {})
    assert ChainCursor.objects.get().block_number == before.block_number
    (alarm,) = open_chain_alarms()
    assert (alarm.code, alarm.count) == ("nodes_disagree", 2)
    assert AuditEvent.objects.filter(event="chain.alarm").count() == 1
    nodes[0].lie = nodes[1].lie = None
    chain_follower.follow_and_guard()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
    assert "nodes_disagree" not in {alarm.code for alarm in open_chain_alarms()}


def test_nodes_that_stall_are_not_waited_for_when_others_agree(scene: Scene, nodes: list[Proxy]):
    nodes[0].stalled = True
    assert _deposit(scene).state == Hold.State.OPEN


def test_when_most_stall_everything_waits(scene: Scene, nodes: list[Proxy], monkeypatch):
    monkeypatch.setattr(rail, "TIMEOUT_SECONDS", 0.2)
    rail._connected.cache_clear()
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    nodes[0].stalled = nodes[1].stalled = True
    with pytest.raises(ChainUnavailable):
        chain_follower.follow_and_guard()
    assert not ChainEvent.objects.exists()
    for node in nodes:
        node.release()
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN


def test_a_contracts_refusal_is_believed_like_any_answer(scene: Scene, nodes: list[Proxy]):
    nodes[0].lie = failing
    with pytest.raises(CallRefused) as refused:
        chain_sender.submit(chain_sender.ContractCall("x", "close", "settler", "close", (NO_TERMS, 0)))
    assert refused.value.error == "NotOpen"


def test_a_transaction_that_one_node_takes_is_sent(scene: Scene, nodes: list[Proxy]):
    nodes[0].lie = nodes[1].lie = lambda method, params, honest: (
        rate_limited(method, params, honest) if method == "eth_sendRawTransaction" else honest
    )
    row = chain_sender.submit(_revocation(1))
    assert row.state == ChainTransaction.State.BROADCAST


def test_two_nodes_must_both_agree(scene: Scene, nodes: list[Proxy], settings):
    settings.CHAIN_RPC_URL = f"{nodes[0].url},{nodes[1].url}"
    assert follow().caught_up
    nodes[1].lie = forked_at(0)
    scene.node.mine()
    with pytest.raises(ChainDisagrees):
        follow()


@pytest.mark.parametrize("quorum", [1, 4, -1])
def test_a_quorum_that_is_no_majority_is_refused(quorum: int):
    with pytest.raises(ChainNotConfigured, match="CHAIN_RPC_QUORUM"):
        open_nodes(("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"), quorum)


def test_a_well_node_ends_its_alarm_after_a_while(scene: Scene, nodes: list[Proxy], clock):
    nodes[1].lie = failing
    chain_follower.follow_and_guard()
    assert [alarm.code for alarm in open_chain_alarms()] == ["node_faulty"]
    nodes[1].lie = None
    connect().take_faults()
    chain_follower.follow_and_guard()
    assert [alarm.code for alarm in open_chain_alarms()] == ["node_faulty"], "not at once"
    clock.advance(minutes=11)
    chain_follower.follow_and_guard()
    assert open_chain_alarms() == []
    assert ChainAlarm.objects.get().ended_at is not None


# -- one node alone --------------------------------------------------------------------------------------------


def test_a_single_node_whose_events_lie_in_other_blocks_is_not_believed(scene: Scene, nodes: list[Proxy], settings):
    settings.CHAIN_RPC_URL = nodes[0].url
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    scene.node.mine(5)

    def elsewhere(method, params, honest):
        if method != "eth_getLogs":
            return honest
        return honest | {"result": [log | {"blockHash": "0x" + "ab" * 32} for log in honest["result"]]}

    nodes[0].lie = elsewhere
    follow()
    assert not ChainEvent.objects.exists()
    nodes[0].lie = None
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
