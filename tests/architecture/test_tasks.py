"""Every Celery task may run twice without harm: run each one twice and hold the whole database against itself."""

import uuid
from dataclasses import dataclass

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db import connection

from compliance.base import enqueue
from compliance.base.errors import Refusal
from marketplace.models import Lease
from marketplace.services import bundles, sweeps
from settlement.models import AutoTopUp, MoneyLetter
from tests.cast import Cast, build_cast

OWN_APPS = ("compliance", "settlement", "marketplace")
# Each run of a reconciliation is itself a record, as it should be.
RECORDS_OF_RUNS = {"settlement_reconciliationrun", "settlement_reconciliationdifference"}
# What these find to do in the world below; that they then do it is what makes their second run worth watching.
BUSY = {
    "compliance.checkpoint_audit_log",
    "compliance.seal_audit_events",
    "marketplace.build_bundle",
    "marketplace.mark_stale_nodes",
    "marketplace.meter_leases",
    "marketplace.settle_ended_leases",
    "marketplace.start_auto_top_ups",
    "marketplace.write_money_letters",
}


def task_names() -> list[str]:
    current_app.loader.import_default_modules()
    return sorted(name for name in current_app.tasks if name.split(".")[0] in OWN_APPS)


@dataclass
class World:
    """A lease that runs and one that has ended, on a node that has been silent for a minute."""

    running: Lease
    ended: Lease
    bundle_id: uuid.UUID

    def arguments(self, task: str) -> tuple[str, ...]:
        """What the task is told: the running lease's hold, or something that nobody knows."""
        if task.endswith(("_hold", "_escrow", "_deposit", "release_card")):
            return (str(self.running.hold_id),)
        if task.endswith(
            ("_top_up", "send_payout", "send_refund", "_identity_check", "work_case_batch", "let_go_of_card")
        ):
            return (str(uuid.uuid5(uuid.NAMESPACE_URL, task)),)
        if task.endswith("build_bundle"):
            return (str(self.bundle_id),)
        if task.endswith("fetch_list"):
            return ("ofac_sdn",)
        return ()


class SilentBroker:
    def send_task(self, name: str, **_: object) -> None:
        """Nothing happens."""


@pytest.fixture
def world(db, clock, monkeypatch, settings) -> World:
    monkeypatch.setattr(enqueue, "current_app", SilentBroker())
    # Rails that do not answer: nothing may be concluded from that, once or twice.
    settings.STRIPE_API_BASE, settings.CHAIN_RPC_URL = "http://127.0.0.1:9", ""
    cast: Cast = build_cast()
    agent, offer = cast.supply()
    first, second = (cast.lease(offer, gpu_count=1) for _ in range(2))
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(first), agent.workload(second))
    clock.advance(seconds=600)
    agent.sync(agent.workload(first, seconds=600), agent.workload(second, "exited", 600, exit_code=0))
    clock.advance(seconds=60)
    AutoTopUp.objects.create(
        state="on",
        party=cast.strange.party,
        threshold_minor=10**9,
        amount_minor=500,
        monthly_limit_minor=500,
        payment_method="pm_1",
    )
    # Paid meanwhile, so that nobody has to be written to.
    MoneyLetter.objects.create(party=cast.lion.party, news="owed", subject_id=first.pk)
    bundle = bundles.request_evidence("lease", first.pk, actor=cast.olga.as_actor())
    return World(*(Lease.objects.select_related("hold").get(pk=lease.pk) for lease in (first, second)), bundle.pk)


def everything() -> dict[str, str]:
    """A digest of each table's rows."""
    tables = [model._meta.db_table for app in OWN_APPS for model in apps.get_app_config(app).get_models()]
    found = {}
    with connection.cursor() as cursor:
        for table in set(tables) - RECORDS_OF_RUNS:
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{table}\" t")
            found[table] = cursor.fetchone()[0]
    return found


def run(task: str, arguments: tuple[str, ...]) -> type[Refusal] | None:
    try:
        current_app.tasks[task](*arguments)
    except Refusal as refusal:
        return type(refusal)
    return None


@pytest.mark.parametrize("task", task_names())
def test_task_run_twice_changes_nothing_the_second_time(task, world):
    arguments = world.arguments(task)
    before = everything()
    first = run(task, arguments)
    between = everything()
    second = run(task, arguments)
    assert first is second
    changed = [table for table, digest in everything().items() if digest != between[table]]
    assert changed == []
    if task in BUSY:
        assert between != before, "it found nothing to do, so this test proves nothing"


def test_every_beat_entry_is_a_task():
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(task_names())
    assert set(task_names()) >= BUSY
