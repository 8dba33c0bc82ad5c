"""From reports to money: the rules of docs/money.md row by row, and one pass over all leases whatever their number."""

from datetime import timedelta
from io import StringIO
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from marketplace.models import Lease, UsageRecord
from marketplace.services import leases, metering, sweeps
from settlement.models import Transfer
from settlement.selectors.balances import available_minor
from settlement.services.books import verify_books
from settlement.services.usage import usage_id
from tests.marketplace.steps import again, running

State = Lease.State


def earned(lease: Lease) -> int:
    metering.meter_leases()
    return again(lease).hold.captured_minor


# -- the rules, row by row ---------------------------------------------------------------------------------


def test_a_total_is_posted_under_the_hash_of_lease_and_sequence(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, gpu_count=2)
    clock.advance(seconds=1_800)
    agent.sync(agent.workload(lease, seconds=1_800))
    assert earned(lease) == 249
    record = UsageRecord.objects.get(lease=lease)
    line = Transfer.objects.get(pk=usage_id(lease.pk, record.sequence))
    assert line.memo == f"report {record.sequence}: 1800 s, 249 in all"


def test_a_duplicate_changes_nothing(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=1_000)
    report = agent.workload(lease, seconds=900)
    for _ in range(3):
        agent.sync(report)
    assert (again(lease).billed_seconds, UsageRecord.objects.count()) == (900, 1)
    assert [earned(lease), earned(lease)] == [62, 62]
    assert Transfer.objects.filter(kind="usage").count() == 1


def test_a_late_report_changes_nothing(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=1_000)
    early = agent.workload(lease, seconds=300)
    agent.sync(agent.workload(lease, seconds=900))
    agent.sync(early)
    assert again(lease).billed_seconds == 900


def test_an_overlapping_total_counts_the_overlap_once(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=1_000)
    for seconds in (600, 500, 700):
        agent.sync(agent.workload(lease, seconds=seconds))
    assert again(lease).billed_seconds == 700
    assert list(UsageRecord.objects.order_by("sequence").values_list("accepted_seconds", flat=True)) == [600, 700]


def test_a_gap_in_the_reports_loses_nothing_that_the_server_saw(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=29)
    agent.sync(agent.workload(lease, seconds=29, usage_sequence=10_000))
    assert again(lease).billed_seconds == 29


def test_a_total_beyond_the_servers_own_clock_is_cut_to_it(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=100)
    agent.sync(agent.workload(lease, seconds=3_000))
    record = UsageRecord.objects.get()
    assert (record.reported_seconds, record.accepted_seconds, again(lease).billed_seconds) == (3_000, 100, 100)


def test_nothing_counts_before_the_workload_ran_or_after_the_order_to_stop(cast, clock):
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    clock.advance(seconds=50)
    agent.sync(agent.workload(lease, "pulling", 50))
    agent.sync(agent.workload(lease, seconds=50))
    assert again(lease).billed_seconds == 0
    clock.advance(seconds=10)
    leases.stop_lease(lease.pk, cast.alice, actor=cast.alice.as_actor())
    clock.advance(seconds=20)
    agent.sync(agent.workload(lease, "stopped", 80))
    assert again(lease).billed_seconds == 10


def test_nothing_counts_after_the_end(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=10)
    agent.sync(agent.workload(lease, "exited", 10))
    clock.advance(seconds=100)
    agent.sync(agent.workload(lease, "exited", 110))
    assert again(lease).billed_seconds == 10


def test_the_spend_limit_holds_to_the_second(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, max_spend_minor=10)
    clock.advance(seconds=158)
    agent.sync(agent.workload(lease, seconds=158))
    assert earned(lease) == 10
    clock.advance(seconds=100)
    agent.sync(agent.workload(lease, seconds=258))
    assert (again(lease).billed_seconds, earned(lease)) == (159, 10)


@pytest.mark.parametrize("skew", [-59, 59])
def test_an_agents_clock_may_be_off_by_a_minute_and_changes_no_second(cast, clock, skew):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=100)
    body = {"workloads": [agent.workload(lease, seconds=100)], "gpu_metrics": []}
    at = int((clock.now() + timedelta(seconds=skew)).timestamp())
    assert agent.post("sync", body, iat=at).status_code == 200
    assert again(lease).billed_seconds == 100


def test_a_clock_that_is_further_off_is_refused(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=100)
    body = {"workloads": [agent.workload(lease, seconds=100)], "gpu_metrics": []}
    at = int((clock.now() + timedelta(seconds=90)).timestamp())
    assert agent.post("sync", body, iat=at).json()["code"] == "stale_request"
    assert again(lease).billed_seconds == 0


@pytest.mark.parametrize("changes", [{"usage_signature": ""}, {"usage_signature": "AAAA"}, {"usage_seconds": 99}])
def test_a_total_that_is_not_signed_by_itself_counts_nothing(cast, clock, changes):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=100)
    agent.sync(agent.workload(lease, seconds=98) | changes)
    assert (again(lease).billed_seconds, UsageRecord.objects.count()) == (0, 0)
    # The heartbeat counted all the same, and the next good total carries what this one said.
    agent.sync(agent.workload(lease, seconds=100))
    assert again(lease).billed_seconds == 100


def test_a_total_signed_for_another_lease_counts_nothing(cast, clock):
    agent, offer = cast.supply()
    first, second = running(cast, agent, offer), cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync(agent.workload(first))
    agent.sync(agent.workload(first), agent.workload(second))
    clock.advance(seconds=20)
    good = agent.workload(first, seconds=20)
    agent.sync(good, good | {"lease_id": str(second.pk)})
    assert (again(first).billed_seconds, again(second).billed_seconds) == (20, 0)


@pytest.mark.parametrize("value", [-1, 2**63, 1.5, "ten", None, True])
def test_a_bad_total_is_refused_as_a_whole(cast, clock, value):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    body = {"workloads": [agent.workload(lease) | {"usage_seconds": value}], "gpu_metrics": []}
    assert agent.post("sync", body).status_code == 422
    assert again(lease).billed_seconds == 0


# -- one pass ----------------------------------------------------------------------------------------------


def _many(cast, clock, count: int) -> list[Lease]:
    agent, offer = cast.supply(gpus=f"NVIDIA H100 80GB HBM3:{count}")
    found = [cast.lease(offer) for _ in range(count)]
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(*[agent.workload(lease) for lease in found])
    clock.advance(seconds=20)
    agent.sync(*[agent.workload(lease, seconds=20) for lease in found])
    return found


@pytest.mark.parametrize("count", [1, 6])
def test_metering_takes_the_same_statements_for_one_lease_and_for_six(cast, clock, count):
    found = _many(cast, clock, count)
    with CaptureQueriesContext(connection) as queries:
        assert metering.meter_leases() == count
    assert len(queries) == 7
    assert {again(lease).hold.captured_minor for lease in found} == {1}
    assert metering.meter_leases() == 0
    assert verify_books().verified


def test_a_lease_that_cannot_be_metered_does_not_hold_up_the_others(cast, clock, caplog):
    first, second = _many(cast, clock, 2)
    Lease.objects.filter(pk=first.pk).update(billed_seconds=10**16)
    assert metering.meter_leases() == 2
    # Cut to the lease's limit: what is beyond is nobody's debt.
    assert again(first).hold.captured_minor == first.max_spend_minor
    assert again(second).hold.captured_minor == 1


def test_the_task_twice_in_parallel_meters_once(clock, real_cast):
    cast = real_cast
    _many(cast, clock, 4)
    told: list[int] = []

    def meter() -> None:
        told.append(metering.meter_leases())
        connections.close_all()

    threads = [Thread(target=meter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(told) == 4
    assert Transfer.objects.filter(kind="usage").count() == 4
    assert available_minor(cast.lion.party_id) == 100_000 - 4 * 249
    assert verify_books().verified


# -- the proof ---------------------------------------------------------------------------------------------


def _tamper(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        assert cursor.rowcount == 1


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE marketplace_usagerecord SET reported_seconds = 21", "is not signed by its node"),
        ("UPDATE marketplace_usagerecord SET signature = ''", "is not signed by its node"),
        ("UPDATE marketplace_usagerecord SET accepted_seconds = 21", "took 21 s of 20 s"),
        ("UPDATE marketplace_lease SET billed_seconds = 21", "bills 21 s, its records prove 20 s"),
        ("DELETE FROM marketplace_usagerecord", "rests on no such record"),
        ("UPDATE settlement_transfer SET memo = 'report 1: 1 s, 1 in all' WHERE kind = 'usage'", "no such record"),
    ],
)
def test_usage_is_proved_from_signatures_to_ledger_lines(cast, clock, sql, words):
    (lease,) = _many(cast, clock, 1)
    metering.meter_leases()
    out, err = StringIO(), StringIO()
    call_command("usage", "verify", stdout=out)
    assert "1 signed totals, 1 lines" in out.getvalue()
    _tamper(sql)
    with pytest.raises(CommandError, match="does not verify"):
        call_command("usage", "verify", lease=lease.pk, stdout=out, stderr=err)
    assert words in err.getvalue()
