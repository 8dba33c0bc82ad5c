"""A worker of the chain that stands still for an hour at its worst places, alone or overtaken: nothing twice."""

from collections.abc import Callable
from typing import Any

import pytest

from compliance.base.clock import ManualClock
from settlement.models import ChainAlarm, ChainJob, ChainTransaction
from settlement.rails.chain import Chain
from settlement.services import chain_delivery, chain_work, holds
from settlement.services.chain_sender import submit
from tests.settlement.chain.scene import CAP, TESTER, Scene
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL
from tests.settlement.chain.test_sender import _revocation

pytestmark = [
    pytest.mark.chain,
    pytest.mark.parametrize("overtaken", [False, True], ids=["alone", "overtaken"]),
]

BLOCKS = 30


def stand_still(monkeypatch: pytest.MonkeyPatch, name: str, clock: ManualClock, others: Callable[[], None]) -> None:
    """The next caller of the chain's method stops before it asks; an hour passes, in which others work; it goes on."""
    honest = getattr(Chain, name)

    def stopped(chain: Chain, *arguments: Any) -> Any:
        monkeypatch.setattr(Chain, name, honest)
        clock.advance(hours=1)
        others()
        return honest(chain, *arguments)

    monkeypatch.setattr(Chain, name, stopped)


def _happened(scene: Scene, name: str) -> int:
    chain = scene.chain
    return sum(log.name == name for log in chain.logs(chain.deployment.block, chain.head().number))


@pytest.mark.parametrize("place", ["escrow", "gas_for", "fees", "next_nonce", "broadcast"])
def test_one_that_stands_still_over_a_job_sends_once(
    scene: Scene, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, place: str, overtaken: bool
):
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.settle_hold(hold.pk, TOTAL, TESTER)

    def others() -> None:
        scene.node.mine(BLOCKS)
        if overtaken:
            assert chain_work.work() == 1
            scene.deliver()

    stand_still(monkeypatch, place, clock, others)
    assert chain_work.work() == 1
    for _ in range(2):
        clock.advance(minutes=3)
        chain_work.work()
        scene.finalise()
        scene.deliver()
    sent = ChainTransaction.objects.get()
    assert (sent.purpose, sent.state) == ("close", ChainTransaction.State.CONFIRMED)
    assert _happened(scene, "Closed") == 1
    assert scene.books() == {"contract": -CAP, "payable": TOTAL - FEE, "fees": FEE, "available": CAP - TOTAL}
    assert not ChainJob.objects.exists()
    assert not ChainAlarm.objects.filter(code="nonce_displaced").exists()


@pytest.mark.parametrize("place", ["final_nonce", "outcome", "broadcast"])
def test_one_that_stands_still_over_a_transaction_sees_it_through_once(
    scene: Scene, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, place: str, overtaken: bool
):
    scene.node.rpc("evm_setAutomine", False)
    row = submit(_revocation(1))

    def others() -> None:
        scene.node.mine(BLOCKS)
        scene.node.rpc("evm_setAutomine", True)
        if overtaken:
            assert scene.deliver() == 1

    stand_still(monkeypatch, place, clock, others)
    assert chain_delivery.deliver() == 1
    for _ in range(2):
        clock.advance(minutes=3)
        scene.deliver()
    before = row.nonce
    row.refresh_from_db()
    assert (row.state, row.nonce, row.attempts.count()) == (ChainTransaction.State.CONFIRMED, before, 1)
    assert _happened(scene, "LeaseRevoked") == 1
    assert not ChainAlarm.objects.filter(code="nonce_displaced").exists()


def test_one_that_stands_still_after_its_job_takes_none_from_another(
    scene: Scene, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, overtaken: bool
):
    """What it puts back late is another's by now, and stays so."""
    hold = scene.funded_hold()
    holds.freeze_hold(hold.pk, "sdn", actor=TESTER)

    def fail(hold_id: object) -> None:
        clock.advance(hours=1)
        if overtaken:
            assert len(chain_work.take(ChainJob.objects.all(), 1)) == 1
        raise ValueError

    with monkeypatch.context() as patched:
        patched.setitem(chain_work._DEEDS, ChainJob.Kind.FREEZE, fail)
        assert chain_work.work() == 1
    job = ChainJob.objects.get()
    theirs = clock.now() + chain_work.TAKEN_FOR
    assert (job.taken_until, job.attempts) == ((theirs, 0) if overtaken else (None, 1))
    clock.advance(minutes=5)
    assert chain_work.work() == 1
    assert _happened(scene, "Frozen") == 1
