"""Batches of charges: a lease that cannot be read, a node that is gone, many leases in one transaction."""

import os

import pytest
from django.conf import settings as live_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import Case
from settlement.models import ChainEvent, ChainJob, ChainTransaction, Hold
from settlement.rails.chain import Chain, ChainUnavailable
from settlement.rails.chain_contracts import calldata
from settlement.services import chain_charges
from settlement.services.chain_deposits import prepare_deposit
from settlement.tasks import charge_leases
from tests.settlement.chain.scene import DOLLAR, Scene
from tests.settlement.chain.test_charges import HOUR, charge, check, fee, meter, pass_time, run, split

pytestmark = pytest.mark.chain


def test_a_lease_that_cannot_be_read_stops_no_other(scene: Scene, monkeypatch, clock, caplog):
    poison, unread, other = sorted((scene.funded_hold() for _ in range(3)), key=lambda hold: hold.pk)
    for hold in (poison, unread):
        meter(hold, 1)
    run(scene, clock, other, 1)
    honest, silent = Chain.escrow, {scene.lease_key(unread)}

    def escrow(self: Chain, lease_key: str):
        if lease_key == scene.lease_key(poison):
            raise ValueError("about somebody@example.org")
        if lease_key in silent:
            raise ChainUnavailable
        return honest(self, lease_key)

    monkeypatch.setattr(Chain, "escrow", escrow)
    assert charge(scene) == 3
    waiting = ChainJob.objects.order_by("hold_id").values_list("hold_id", "attempts", "last_error", "taken_until")
    told = [(poison.pk, 1, "ValueError", None), (unread.pk, 1, "chain_unavailable", None), (other.pk, 0, "", None)]
    assert list(waiting) == told
    assert charge(scene) == 1, "who was not looked at yet goes first"
    assert ChainEvent.objects.get(name="Settled").args["leaseId"] == scene.lease_key(other)
    silent.clear()
    clock.advance(minutes=1)
    assert charge(scene) == 2
    assert ChainEvent.objects.filter(name="Settled").count() == 2
    clock.advance(hours=1)
    assert charge(scene) == 1
    case = Case.objects.get()
    assert (case.subject_id, case.reason_codes) == (poison.pk, ["MONEY_WORK_STUCK"])
    assert "somebody" not in case.summary + caplog.text


def test_a_node_that_is_gone_charges_nobody_and_all_wait(scene: Scene, settings, clock):
    hold = scene.funded_hold()
    run(scene, clock, hold, 2)
    node, settings.CHAIN_RPC_URL = settings.CHAIN_RPC_URL, "http://127.0.0.1:9"
    charge_leases()
    assert ChainJob.objects.get().attempts == 1
    settings.CHAIN_RPC_URL = node
    assert charge(scene) == 0, "not its turn"
    clock.advance(minutes=1)
    assert charge(scene) == 1
    assert scene.books()["payable"] == 2 * DOLLAR - fee(2 * DOLLAR)


def test_many_leases_are_charged_by_one_transaction(scene: Scene, clock):
    leases = 55 if os.environ.get("GRIDCLEAR_DEEP") else 5
    allow = calldata("TestUSDC", "approve", scene.chain.deployment.escrow, leases * DOLLAR)
    scene.send(scene.payer, scene.chain.deployment.token, allow)
    running = [scene.open_hold(amount=DOLLAR) for _ in range(leases)]
    for hold in running:
        deposit = prepare_deposit(hold.pk).transactions[1]
        scene.send(scene.payer, deposit.to, deposit.data)
    scene.finalise()
    assert Hold.objects.filter(state=Hold.State.OPEN).count() == leases
    pass_time(scene, clock, HOUR)
    for hold in running:
        meter(hold, 1)
    with CaptureQueriesContext(connection) as few:
        assert chain_charges.charge_running_leases() == leases
    assert len(few) < 40, "however many leases there are"
    sent = ChainTransaction.objects.get(purpose="charge")
    gas = scene.node.web3.eth.get_transaction_receipt(sent.hash)["gasUsed"]
    assert gas / leases < 30_000
    scene.node.mine(live_settings.CHAIN_FINALITY_BLOCKS)
    scene.follow()
    assert scene.books() == {"contract": -leases * DOLLAR} | {
        name: leases * part for name, part in split(DOLLAR).items()
    }
    check(scene)
