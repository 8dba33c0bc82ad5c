"""Jobs of the chain live in the database: posted with the deed, taken by one worker, done once, never lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction

from compliance.models import Case, Restriction
from compliance.services import chain_signer
from settlement.models import ChainAlarm, ChainJob, ChainTransaction, Hold
from settlement.rails.chain import CallRefused, Chain, ChainUnavailable
from settlement.services import (
    chain_delivery,
    chain_escrow,
    chain_guard,
    chain_jobs,
    chain_sender,
    chain_work,
    holds,
)
from settlement.tasks import follow_chain, work_chain
from tests.contracts.anvil import Anvil
from tests.settlement.chain.scene import CAP, DOLLAR, TESTER, Scene, build_scene

pytestmark = pytest.mark.chain

Kind = ChainJob.Kind


def _frozen(scene: Scene) -> Hold:
    hold = scene.funded_hold()
    holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
    return hold


def test_a_job_stands_with_its_deed_and_is_gone_when_done(scene: Scene):
    hold = _frozen(scene)
    assert list(ChainJob.objects.values_list("kind", "hold")) == [(Kind.FREEZE, hold.pk)]
    assert chain_work.work() == 1
    assert not ChainJob.objects.exists()
    assert scene.chain.escrow(scene.lease_key(hold)).frozen_until > scene.node.now()
    assert chain_work.work() == 0


def test_a_deed_that_is_rolled_back_asks_for_nothing(scene: Scene):
    hold = scene.funded_hold()
    with transaction.atomic():
        holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
        transaction.set_rollback(True)
    assert not ChainJob.objects.exists()


def test_redis_flushed_and_every_doorbell_lost_the_sweep_does_it(scene: Scene):
    # Celery is eager nowhere in these tests: no task ran but the ones called here.
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.settle_hold(hold.pk, DOLLAR, TESTER)
    follow_chain()
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.SETTLED


def test_a_job_that_fails_waits_longer_each_time_and_stops_no_other(scene: Scene, clock, monkeypatch):
    hold, other = _frozen(scene), _frozen(scene)
    honest = Chain.escrow
    down = {scene.lease_key(hold)}

    def escrow(self: Chain, lease_key: str):
        if lease_key in down:
            raise ChainUnavailable
        return honest(self, lease_key)

    monkeypatch.setattr(Chain, "escrow", escrow)
    work_chain()
    job = ChainJob.objects.get()
    assert (job.hold_id, job.attempts, job.last_error, job.taken_until) == (hold.pk, 1, "chain_unavailable", None)
    assert chain_work.work() == 0, "not due yet"
    clock.advance(seconds=2)
    assert chain_work.work() == 1
    assert ChainJob.objects.get().due_at == clock.now() + timedelta(seconds=4)
    for _ in range(12):
        clock.advance(minutes=5)
        assert chain_work.work() == 1
    assert ChainJob.objects.get().due_at == clock.now() + chain_work.LONGEST_WAIT
    down.clear()
    clock.advance(minutes=5)
    assert chain_work.work() == 1
    assert not ChainJob.objects.exists()
    assert ChainTransaction.objects.filter(purpose="freeze").count() == 2
    assert {other.pk, hold.pk} == set(Hold.objects.filter(state=Hold.State.FROZEN).values_list("pk", flat=True))


def test_a_job_that_cannot_be_done_stops_no_other_and_is_a_case_after_an_hour(scene: Scene, clock, monkeypatch, caplog):
    poison, other = _frozen(scene), _frozen(scene)
    ChainJob.objects.filter(hold=other).update(due_at=clock.now() + timedelta(seconds=1))
    clock.advance(seconds=1)
    honest = chain_work._DEEDS[Kind.FREEZE]

    def deed(hold_id):
        if hold_id == poison.pk:
            raise ValueError("about somebody@example.org")
        return honest(hold_id)

    monkeypatch.setitem(chain_work._DEEDS, Kind.FREEZE, deed)
    assert chain_work.work() == 2
    job = ChainJob.objects.get()
    assert (job.hold_id, job.attempts, job.last_error, job.taken_until) == (poison.pk, 1, "ValueError", None)
    assert scene.chain.escrow(scene.lease_key(other)).frozen_until > scene.node.now()
    clock.advance(minutes=59)
    assert chain_work.work() == 1
    chain_guard.post_freezes()
    assert (ChainJob.objects.get(hold=poison).attempts, chain_work.work()) == (2, 1), (
        "the sweep asks for the other alone"
    )
    assert not Case.objects.exists()
    for _ in range(2):
        clock.advance(minutes=5)
        assert chain_work.work() == 1
    case = Case.objects.get()
    assert (case.kind, case.subject_id, case.reason_codes) == (Case.Kind.MONEY_ALARM, poison.pk, ["MONEY_WORK_STUCK"])
    assert "somebody" not in case.summary + caplog.text
    assert "ValueError at test_work.py" in caplog.text


def test_a_key_that_is_not_configured_blocks_no_job_of_another(scene: Scene, clock, settings, monkeypatch):
    _frozen(scene)
    settled = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.settle_hold(settled.pk, DOLLAR, TESTER)
    honest = chain_signer.signer_for

    def signer_for(role):
        if role == chain_signer.GUARDIAN:
            raise ImproperlyConfigured
        return honest(role)

    monkeypatch.setattr(chain_sender, "signer_for", signer_for)
    assert chain_work.work() == 2
    assert ChainJob.objects.get().last_error == "ImproperlyConfigured"
    assert ChainTransaction.objects.get().purpose == "close"


def test_what_a_dead_worker_had_taken_is_taken_again(scene: Scene, clock, monkeypatch):
    hold = _frozen(scene)

    def die(hold_id):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setitem(chain_work._DEEDS, Kind.FREEZE, die)
        with pytest.raises(SystemExit):
            chain_work.work()
    assert chain_work.work() == 0, "it may still be at it"
    clock.advance(minutes=2)
    assert chain_work.work() == 1
    assert scene.chain.escrow(scene.lease_key(hold)).frozen_until > scene.node.now()


def test_a_worker_that_stood_still_for_an_hour_does_nothing_twice(scene: Scene, clock, monkeypatch):
    hold = _frozen(scene)
    honest = chain_work._DEEDS[Kind.FREEZE]

    def stood_still(hold_id):
        monkeypatch.setitem(chain_work._DEEDS, Kind.FREEZE, honest)
        clock.advance(hours=1)
        assert chain_work.work() == 1, "another takes what it had taken"
        return honest(hold_id)

    monkeypatch.setitem(chain_work._DEEDS, Kind.FREEZE, stood_still)
    assert chain_work.work() == 1
    assert ChainTransaction.objects.filter(purpose="freeze").count() == 1
    assert not ChainJob.objects.exists()
    assert scene.chain.escrow(scene.lease_key(hold)).frozen_until > scene.node.now()


def test_what_is_posted_while_a_worker_is_at_it_is_done_again(scene: Scene, clock, monkeypatch):
    hold = _frozen(scene)
    honest = chain_work._DEEDS[Kind.FREEZE]

    def posted_meanwhile(hold_id):
        clock.advance(seconds=1)
        chain_jobs.post(Kind.FREEZE, hold_id)
        return honest(hold_id)

    monkeypatch.setitem(chain_work._DEEDS, Kind.FREEZE, posted_meanwhile)
    assert chain_work.work() == 1
    assert ChainJob.objects.get(hold=hold).taken_until is None
    monkeypatch.setitem(chain_work._DEEDS, Kind.FREEZE, honest)
    assert chain_work.work() == 1
    assert ChainTransaction.objects.filter(purpose="freeze").count() == 1


def test_posting_twice_is_one_job(scene: Scene):
    hold = _frozen(scene)
    chain_jobs.post(Kind.FREEZE, hold.pk)
    assert ChainJob.objects.count() == 1


def test_a_freeze_whose_job_was_lost_is_posted_again(scene: Scene):
    hold = _frozen(scene)
    ChainJob.objects.all().delete()
    chain_guard.post_freezes()
    assert ChainJob.objects.get().kind == Kind.FREEZE
    chain_work.work()
    holds.unfreeze_hold(hold.pk, actor=TESTER)
    ChainJob.objects.all().delete()
    chain_guard.post_freezes()
    assert ChainJob.objects.get().kind == Kind.UNFREEZE


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_do_each_job_once(anvil: Anvil, chain_settings, clock, monkeypatch):
    scene = build_scene(anvil)
    frozen = [_frozen(scene) for _ in range(4)]
    honest, done = chain_work._DEEDS[Kind.FREEZE], []

    def counted(hold_id):
        done.append(hold_id)
        return honest(hold_id)

    monkeypatch.setitem(chain_work._DEEDS, Kind.FREEZE, counted)

    def work(_: int) -> int:
        try:
            return chain_work.work(limit=1)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(work, range(8)))
    assert sum(taken) == 4
    assert sorted(done) == sorted(hold.pk for hold in frozen)
    assert ChainTransaction.objects.filter(purpose="freeze").count() == 4
    guardian = chain_signer.signer_for(chain_signer.GUARDIAN).address
    assert set(ChainTransaction.objects.values_list("sender", flat=True)) == {guardian}
    assert scene.books() == {"contract": -4 * CAP, "blocked": 4 * CAP}


def test_a_freeze_that_was_undone_the_same_day_is_made_again(scene: Scene):
    hold = _frozen(scene)
    chain_work.work()
    lease = bytes.fromhex(scene.lease_key(hold)[2:])
    undo = chain_sender.ContractCall("officer", "unfreeze", chain_signer.GUARDIAN, "unfreeze", (lease, b"c".ljust(32)))
    chain_sender.submit(undo)
    assert chain_escrow.freeze_escrow(hold.pk).purpose == "freeze", "ours is under way, for all that we know"
    assert scene.chain.escrow(scene.lease_key(hold)).frozen_until == 0
    scene.finalise()
    chain_delivery.deliver()
    chain_guard.post_freezes()
    chain_work.work()
    assert scene.chain.escrow(scene.lease_key(hold)).frozen_until > scene.node.now()
    assert ChainTransaction.objects.filter(purpose="freeze").count() == 2


def test_a_renewal_that_the_contract_refuses_is_an_alarm_until_it_is_made(scene: Scene, clock, monkeypatch):
    hold = _frozen(scene)
    Restriction.objects.create(party=scene.provider, reason_code="sdn", imposed_by="test")
    chain_work.work()
    chain_guard.guard()
    _round(scene)
    assert not _alarms()
    clock.advance(days=24)
    scene.node.pass_time(24 * 24 * 3600)
    honest = Chain.gas_for

    def refuse(self: Chain, *call: object) -> int:
        raise CallRefused("AccessControlUnauthorizedAccount")

    monkeypatch.setattr(Chain, "gas_for", refuse)
    clock.advance(minutes=1)
    _round(scene)
    (alarm,) = _alarms()
    assert (alarm.code, alarm.detail) == ("freeze_missing", f"2 in all, first lease {scene.lease_key(hold)}")
    monkeypatch.setattr(Chain, "gas_for", honest)
    clock.advance(minutes=5)
    _round(scene)
    _round(scene)
    assert not _alarms()


def test_what_was_never_frozen_on_chain_is_an_alarm_after_an_hour(scene: Scene, clock):
    _frozen(scene)
    chain_guard.alarm_of_missing_freezes()
    assert not _alarms(), "it has just been asked for"
    clock.advance(hours=1)
    chain_guard.alarm_of_missing_freezes()
    assert [alarm.code for alarm in _alarms()] == ["freeze_missing"]
    chain_work.work()
    scene.follow()
    chain_guard.alarm_of_missing_freezes()
    assert not _alarms()


def _round(scene: Scene) -> None:
    """What the sweeps do in a minute."""
    chain_guard.post_freezes()
    chain_guard.guard()
    chain_work.work()
    scene.deliver()
    chain_guard.alarm_of_missing_freezes()


def _alarms() -> list[ChainAlarm]:
    return list(ChainAlarm.objects.filter(ended_at=None))
