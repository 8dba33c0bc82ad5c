"""What we sent is seen through: dearer when it waits, never twice, signed anew when its nonce is gone."""

from datetime import timedelta

import pytest
from django.conf import settings

from compliance.services import chain_signer
from settlement.models import ChainAlarm, ChainAttempt, ChainTransaction
from settlement.rails.chain import Chain
from settlement.services import chain_delivery
from settlement.services.chain_sender import submit
from tests.settlement.chain.scene import Scene
from tests.settlement.chain.test_sender import _revocation

pytestmark = pytest.mark.chain

State = ChainTransaction.State
GWEI = 10**9


@pytest.fixture
def scene(forking_scene: Scene) -> Scene:
    """On a node of its own: fees are not undone with what a test did."""
    return forking_scene


@pytest.fixture
def waiting(scene: Scene):
    """A transaction that no block takes: the base fee rose after it was signed."""
    scene.node.rpc("evm_setAutomine", False)
    row = submit(_revocation(1))
    scene.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    scene.node.mine()
    yield row
    scene.node.rpc("evm_setAutomine", True)


def _executed(scene: Scene) -> int:
    """How often the revocation stands on chain."""
    chain = scene.chain
    return sum(log.name == "LeaseRevoked" for log in chain.logs(chain.deployment.block, chain.head().number))


def test_what_waits_is_offered_more_for_and_happens_once(scene: Scene, waiting: ChainTransaction, clock):
    scene.deliver()
    assert ChainAttempt.objects.count() == 1, "not at once"
    clock.advance(minutes=4)
    scene.deliver()
    first, second = ChainAttempt.objects.order_by("created_at")
    assert (first.nonce, first.transaction_id) == (second.nonce, second.transaction_id)
    assert second.max_fee >= first.max_fee * 9 // 8
    scene.node.mine()
    scene.deliver()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.hash) == (State.CONFIRMED, second.hash)
    assert _executed(scene) == 1


def test_the_first_signing_counts_when_a_block_takes_it_after_all(scene: Scene, waiting: ChainTransaction, clock):
    first = waiting.raw
    clock.advance(minutes=4)
    scene.deliver()
    scene.node.rpc("anvil_dropAllTransactions")
    scene.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    scene.node.rpc("eth_sendRawTransaction", first)
    scene.node.mine()
    scene.deliver()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.raw) == (State.CONFIRMED, first)
    assert _executed(scene) == 1


def test_no_more_is_offered_than_the_limit(scene: Scene, waiting: ChainTransaction, clock, settings):
    settings.CHAIN_MAX_FEE_GWEI = 50
    clock.advance(minutes=4)
    scene.deliver()
    assert ChainAttempt.objects.count() == 1
    clock.advance(hours=1)
    scene.deliver()
    assert ChainAlarm.objects.get(ended_at=None).code == "transaction_stuck"
    settings.CHAIN_MAX_FEE_GWEI = 500
    scene.deliver()
    scene.node.mine()
    scene.deliver()
    waiting.refresh_from_db()
    assert waiting.state == State.CONFIRMED
    scene.deliver()
    submit(_revocation(2))
    scene.deliver()
    assert not ChainAlarm.objects.filter(ended_at=None).exists()


def test_a_crash_between_the_dearer_signing_and_its_sending_loses_nothing(
    scene: Scene, waiting: ChainTransaction, clock, monkeypatch
):
    def crash(row, chain):
        raise SystemExit

    clock.advance(minutes=4)
    with monkeypatch.context() as patched:
        patched.setattr(chain_delivery, "broadcast", crash)
        with pytest.raises(SystemExit):
            scene.deliver()
    assert ChainAttempt.objects.count() == 2
    clock.advance(seconds=130)
    scene.deliver()
    scene.node.mine()
    scene.deliver()
    waiting.refresh_from_db()
    assert waiting.state == State.CONFIRMED
    assert _executed(scene) == 1


def _stolen(scene: Scene) -> ChainTransaction:
    """A transaction whose nonce was used by another that somebody else signed with our key."""
    scene.node.rpc("evm_setAutomine", False)
    try:
        row = submit(_revocation(1))
        scene.node.rpc("anvil_dropAllTransactions")
        sender = chain_signer.signer_for(chain_signer.GUARDIAN)
        foreign = sender.sign_transaction(
            {
                "type": 2,
                "chainId": scene.chain.deployment.chain_id,
                "nonce": row.nonce,
                "to": scene.payee.address,
                "value": 0,
                "data": "0x",
                "gas": 21_000,
                "maxFeePerGas": 100 * GWEI,
                "maxPriorityFeePerGas": GWEI,
            }
        )
        scene.node.rpc("eth_sendRawTransaction", "0x" + foreign.hex())
        scene.node.mine()
    finally:
        scene.node.rpc("evm_setAutomine", True)
    return row


def test_a_nonce_that_somebody_else_used_is_replaced_and_alarmed(scene: Scene, clock):
    row = _stolen(scene)
    scene.deliver()
    row.refresh_from_db()
    assert row.state == State.BROADCAST, "the other one is not final"
    scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)
    scene.deliver()
    row.refresh_from_db()
    assert row.state == State.DISPLACED
    assert ChainAlarm.objects.get(code="nonce_displaced").ended_at is None
    scene.deliver()
    scene.deliver()
    old = row.nonce
    row.refresh_from_db()
    assert (row.state, row.nonce) == (State.CONFIRMED, old + 1)
    assert _executed(scene) == 1


def test_what_another_worker_is_at_is_left_until_it_is_taken_for_dead(scene: Scene, clock):
    row = submit(_revocation(1))
    ChainTransaction.objects.update(taken_until=clock.now() + timedelta(minutes=1))
    assert scene.deliver() == 0
    clock.advance(minutes=2)
    assert scene.deliver() == 1
    row.refresh_from_db()
    assert (row.state, row.taken_until) == (State.CONFIRMED, None)


def test_one_that_cannot_be_looked_after_stops_no_other_and_lets_others_go_first(scene: Scene, clock, monkeypatch):
    poison, other = submit(_revocation(1)), submit(_revocation(2))
    honest = chain_delivery._look_after

    def look_after(row, chain):
        if row.pk == poison.pk:
            raise ValueError
        honest(row, chain)

    monkeypatch.setattr(chain_delivery, "_look_after", look_after)
    assert scene.deliver() == 2
    other.refresh_from_db()
    assert (other.state, other.taken_until) == (State.CONFIRMED, None)
    assert scene.deliver() == 0, "not at once"
    clock.advance(hours=2)
    assert scene.deliver() == 1
    assert ChainAlarm.objects.get(ended_at=None).code == "transaction_stuck"
    monkeypatch.setattr(chain_delivery, "_look_after", honest)
    clock.advance(minutes=2)
    assert scene.deliver() == 1
    poison.refresh_from_db()
    assert poison.state == State.CONFIRMED


def test_what_becomes_final_between_two_questions_is_not_taken_for_lost(scene: Scene, monkeypatch):
    scene.node.rpc("evm_setAutomine", False)
    row = submit(_revocation(1))
    honest = Chain.final_nonce

    def final_nonce(self: Chain, account: str, depth: int) -> int:
        scene.node.mine(30)
        scene.node.rpc("evm_setAutomine", True)
        return honest(self, account, depth)

    monkeypatch.setattr(Chain, "final_nonce", final_nonce)
    for _ in range(3):
        scene.deliver()
    before = row.nonce
    row.refresh_from_db()
    assert (row.state, row.nonce, _executed(scene)) == (State.CONFIRMED, before, 1)
    assert not ChainAlarm.objects.exists()


@pytest.mark.parametrize("place", ["_displace", "next_nonce"])
def test_a_worker_that_stands_still_over_a_lost_nonce_signs_nothing_twice(scene: Scene, clock, monkeypatch, place: str):
    row = _stolen(scene)
    scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)
    if place == "next_nonce":
        scene.deliver()
    scene.node.rpc("evm_setAutomine", False)
    honest = getattr(chain_delivery, place)

    def stood_still(*arguments):
        monkeypatch.setattr(chain_delivery, place, honest)
        clock.advance(hours=1)
        for _ in range(2):
            scene.deliver()
        return honest(*arguments)

    monkeypatch.setattr(chain_delivery, place, stood_still)
    scene.deliver()
    before = row.nonce
    row.refresh_from_db()
    assert (row.state, row.nonce) == (State.BROADCAST, before + 1), "as the other worker left it"
    scene.node.rpc("evm_setAutomine", True)
    for _ in range(3):
        scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)
        scene.deliver()
    row.refresh_from_db()
    assert (row.state, row.nonce, _executed(scene)) == (State.CONFIRMED, before + 1, 1)


def test_a_worker_that_dies_while_it_signs_anew_takes_no_nonce(scene: Scene, clock, monkeypatch):
    row = _stolen(scene)
    scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)
    scene.deliver()

    def die(*arguments, **named):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(chain_delivery, "transition", die)
        with pytest.raises(SystemExit):
            scene.deliver()
    clock.advance(minutes=3)
    for _ in range(2):
        scene.deliver()
    before = row.nonce
    row.refresh_from_db()
    assert (row.state, row.nonce, _executed(scene)) == (State.CONFIRMED, before + 1, 1)
