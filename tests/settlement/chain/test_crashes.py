"""Whatever line the process dies at, going on comes to the same as never having died: in books, holds and on chain.

Each test dies once at every line that a deed runs, each time from the same beginning, and then goes on. By default
every fifth line is tried, with GRIDCLEAR_DEEP=1 each.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from compliance.base import clock as time
from compliance.base.clock import ManualClock, use_clock
from settlement.models import ChainEvent, ChainJob, ChainTransaction, Hold, Transfer
from settlement.services import books, chain_charges, chain_delivery, chain_indexer, chain_work, holds
from settlement.services.chain_deposits import prepare_deposit
from tests.settlement.chain.faults import dying_at
from tests.settlement.chain.scene import TESTER, Scene
from tests.settlement.chain.test_lease_on_chain import TOTAL

pytestmark = pytest.mark.chain

FOLLOWING = (
    "chain_indexer",
    "chain_effects",
    "chain_postings",
    "chain_deposits",
    "chain_withdrawals",
    "chain_seizures",
    "chain_settlements",
    "hold_states",
)
SENDING = ("chain_work", "chain_escrow", "chain_sender", "chain_delivery")
STRIDE = 1 if os.environ.get("GRIDCLEAR_DEEP") else 5
# Longer than a worker may be at something before it is taken for dead.
PATIENCE = {"minutes": 2, "seconds": 1}


class _Undo(Exception):
    """Ends one try."""


def _die_everywhere(
    scene: Scene,
    deed: Callable[[], Any],
    modules: tuple[str, ...],
    facts: Callable[[], Any],
    going_on: Callable[[ManualClock], Any],
    stride: int,
) -> int:
    """The deed died at each of its lines in turn, and going on came to the same each time. Returns how many lines."""
    expected, lines = _try(scene, deed, modules, facts, going_on, 0)
    for line in range(1, lines + 1, stride):
        found, _ = _try(scene, deed, modules, facts, going_on, line)
        assert found == expected, f"after dying at line {line} of {lines}"
    return lines


def _try(scene, deed, modules, facts, going_on, line: int) -> tuple[Any, int]:
    found, count = None, 0
    with scene.node.undone():
        try:
            with transaction.atomic():
                # Services look for open transactions before they ask the chain: this one is the test's.
                transaction.get_connection().atomic_blocks[-1]._from_testcase = True
                with dying_at(line, *modules) as lines:
                    deed()
                count = lines.count
                with use_clock(ManualClock(time.now())) as clock:
                    going_on(clock)
                found = facts()
                raise _Undo
        except _Undo:
            pass
    return found, count


def test_following_survives_death_at_every_line(scene: Scene):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)

    def facts() -> Any:
        events = (
            ChainEvent.objects.filter(rolled_back_at=None)
            .exclude(applied_at=None)
            .order_by("block_number", "log_index")
        )
        return scene.books(), Hold.objects.get(pk=hold.pk).state, [event.name for event in events], _transfers()

    lines = _die_everywhere(scene, chain_indexer.follow, FOLLOWING, facts, lambda _: chain_indexer.catch_up(), STRIDE)
    assert lines > 100
    assert books.verify_books().verified


def test_settling_survives_death_at_every_line(scene: Scene):
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.settle_hold(hold.pk, TOTAL, TESTER)

    def deed() -> None:
        chain_work.work()
        chain_delivery.deliver()

    def going_on(clock: ManualClock) -> None:
        clock.advance(**PATIENCE)
        chain_work.work()
        chain_delivery.deliver()
        scene.finalise()
        chain_delivery.deliver()

    def facts() -> Any:
        sent = ChainTransaction.objects.values_list("purpose", "state")
        jobs = ChainJob.objects.count()
        return scene.books(), Hold.objects.get(pk=hold.pk).state, sorted(sent), jobs, _transfers()

    assert _die_everywhere(scene, deed, SENDING, facts, going_on, STRIDE) > 80


def test_charging_survives_death_at_every_line(scene: Scene, settings):
    settings.GRIDCLEAR_ESCROW_CHARGE_SECONDS = 0
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.capture(hold.pk, TOTAL, 1, billed_seconds=2880)

    def deed() -> None:
        chain_charges.charge_running_leases()
        chain_delivery.deliver()

    def going_on(clock: ManualClock) -> None:
        clock.advance(**PATIENCE)
        deed()
        scene.finalise()
        chain_delivery.deliver()

    def facts() -> Any:
        # A worker that died before it had noted what it sent may send it once more: the contract ignores it.
        chain = scene.chain
        charges = [log.name for log in chain.logs(chain.deployment.block, chain.head().number) if log.name == "Settled"]
        states = set(ChainTransaction.objects.values_list("purpose", "state"))
        return scene.books(), charges, states, ChainJob.objects.count(), _transfers()

    # Whoever looks after what was sent is held against death above.
    modules, stride = ("chain_charges", "chain_sender"), STRIDE if STRIDE == 1 else 2 * STRIDE
    assert _die_everywhere(scene, deed, modules, facts, going_on, stride) > 60


def test_making_dearer_survives_death_at_every_line(forking_scene: Scene, clock):
    scene = forking_scene
    hold = scene.funded_hold()
    holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
    scene.node.rpc("evm_setAutomine", False)
    chain_work.work()
    scene.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * 10**9))
    scene.node.mine()
    clock.advance(minutes=4)

    def going_on(clock: ManualClock) -> None:
        clock.advance(**PATIENCE)
        chain_delivery.deliver()
        scene.node.mine()
        scene.deliver()

    def facts() -> Any:
        chain = scene.chain
        freezes = [log.name for log in chain.logs(chain.deployment.block, chain.head().number) if log.name == "Frozen"]
        return freezes, ChainTransaction.objects.get().state

    try:
        assert _die_everywhere(scene, chain_delivery.deliver, SENDING, facts, going_on, STRIDE) > 40
    finally:
        scene.node.rpc("evm_setAutomine", True)


def _transfers() -> list[tuple[str, int]]:
    return sorted(Transfer.objects.values_list("kind", flat=True))
