"""The agent's rounds: what it tells, what it starts, and what ends."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest


def test_the_first_round_tells_the_inventory_and_that_it_is_simulated(rig, marketplace):
    rig.tick()
    (inventory,) = marketplace.inventories
    assert [gpu["name"] for gpu in inventory["gpus"]] == ["NVIDIA H100 80GB HBM3"] * 2
    assert all(gpu["simulated"] is True for gpu in inventory["gpus"])
    assert len({gpu["uuid"] for gpu in inventory["gpus"]}) == 2
    assert inventory["cpu_count"] >= 1
    assert inventory["ram_mib"] > 0
    assert marketplace.paths[-2:] == ["/api/agent/v1/inventory", "/api/agent/v1/sync"]


def test_the_inventory_is_told_again_every_ten_minutes(rig, marketplace, clock):
    rig.tick(3)
    assert len(marketplace.inventories) == 1
    clock.advance(600)
    rig.tick()
    assert len(marketplace.inventories) == 2


def test_a_wanted_workload_runs_and_its_usage_is_whole_seconds_of_proven_use(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick()
    assert runner.states[lease] == "running"
    rig.tick(5, seconds=1.5)
    report = marketplace.report(lease)
    assert report["state"] == "running"
    assert report["usage_seconds"] == 7  # 1 + 4 x 1.5: the last second and a half is not yet told
    assert isinstance(report["usage_seconds"], int)
    assert report["runtime"] == "docker"
    assert report["started_at"].endswith("Z")
    assert report["error"] is None


def test_usage_and_its_sequence_only_grow(rig, marketplace, lease, clock):
    marketplace.want(lease, rig.gpus)
    rig.tick(3)
    clock.set_wall(-3000)  # the monotonic clock does not care; proofs do, so the server is quick to catch up
    rig.tick(3)
    reports = [w for sync in marketplace.syncs for w in sync["workloads"] if w["lease_id"] == lease]
    usage = [report["usage_seconds"] for report in reports]
    sequences = [report["usage_sequence"] for report in reports]
    assert usage == sorted(usage) == [1, 2, 3, 4, 5]
    assert sequences == sorted(set(sequences))


def test_time_in_which_it_could_not_be_seen_is_not_counted(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(3)
    runner.blind = True
    rig.tick(10)
    runner.blind = False
    rig.tick(2)
    assert marketplace.report(lease)["usage_seconds"] == 3
    assert marketplace.report(lease)["state"] == "running"


def test_a_workload_that_is_no_longer_wanted_is_stopped_with_or_without_a_word(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(3)
    marketplace.unwant(lease)
    rig.tick(2)
    assert marketplace.report(lease)["state"] == "stopped"
    assert marketplace.report(lease)["error"] == "not_desired"
    assert marketplace.report(lease)["exit_code"] == 143
    assert runner.removed == [lease]


def test_the_servers_reason_comes_back_with_the_end(rig, marketplace, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    marketplace.stop(lease, "spend_limit")
    rig.tick(2)
    assert marketplace.report(lease)["error"] == "spend_limit"


def test_an_ended_workload_never_runs_again_and_its_end_is_repeated_until_heard(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(3)
    runner.states[lease] = 7
    rig.tick(4)
    assert marketplace.report(lease)["state"] == "exited"
    assert marketplace.report(lease)["exit_code"] == 7
    told = [w["usage_seconds"] for sync in marketplace.syncs[-3:] for w in sync["workloads"]]
    assert told == [2, 2, 2]
    marketplace.unwant(lease)
    rig.tick(2)
    assert marketplace.syncs[-1]["workloads"] == []
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    assert runner.states == {}
    assert marketplace.report(lease)["state"] == "exited"
    assert marketplace.syncs[-1]["workloads"] != []


def test_an_unknown_image_fails_with_clear_words_in_the_log(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus, image="nobody/knows:1")
    rig.tick(3)
    report = marketplace.report(lease)
    assert (report["state"], report["error"], report["usage_seconds"]) == ("failed", "image_not_found", 0)
    assert marketplace.lines(lease) == ["gridclear: The image is not on this node."]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"sub": str(uuid4())}, "clearance_other_sub"),
        ({"node": str(uuid4())}, "clearance_other_node"),
        ({"count": 1}, "clearance_other_count"),
    ],
)
def test_nothing_starts_without_a_clearance_for_it(rig, marketplace, runner, lease, changed, error):
    marketplace.want(lease, rig.gpus, clearance=marketplace.clearance(lease, **changed))
    rig.tick(2)
    assert runner.jobs == {}
    assert marketplace.report(lease)["state"] == "failed"
    assert marketplace.report(lease)["error"] == error


def test_a_clearance_that_lapsed_on_its_way_waits_for_a_fresh_one(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus, clearance=marketplace.clearance(lease, lifetime=0))
    rig.tick(2)
    assert runner.jobs == {}
    assert marketplace.report(lease) is None
    marketplace.want(lease, rig.gpus)
    rig.tick()
    assert runner.states[lease] == "running"


def test_gpus_of_another_workload_or_of_nobody_are_refused(rig, marketplace, runner, lease):
    other, unknown = str(uuid4()), str(uuid4())
    marketplace.want(lease, rig.gpus)
    rig.tick()
    marketplace.want(other, rig.gpus[:1])
    marketplace.want(unknown, ["GPU-of-nobody"])
    rig.tick(2)
    assert list(runner.jobs) == [lease]
    assert marketplace.report(other) is None
    assert marketplace.report(unknown)["error"] == "gpu_unknown"


def test_a_lease_waits_for_gpus_that_are_just_being_given_back(rig, marketplace, runner, lease):
    other = str(uuid4())
    marketplace.want(lease, rig.gpus)
    rig.tick()
    marketplace.unwant(lease)
    marketplace.want(other, rig.gpus)
    runner.stop_fails = 1
    rig.tick()
    assert list(runner.jobs) == [lease]
    rig.tick()
    assert runner.states[other] == "running"


def test_the_same_gpu_twice_is_not_two_gpus(rig, marketplace, runner, lease):
    marketplace.want(lease, [rig.gpus[0], rig.gpus[0]])
    rig.tick(2)
    assert runner.jobs == {}
    assert marketplace.report(lease)["error"] == "gpu_unknown"


def test_a_lapsing_clearance_ends_the_workload_by_itself(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus, clearance=marketplace.clearance(lease, lifetime=5))
    rig.tick(5)
    assert runner.states[lease] == "running"
    rig.tick(2)
    assert runner.states.get(lease) == 143
    assert marketplace.report(lease)["error"] == "clearance_lapsed"


def test_a_renewed_clearance_keeps_it_running(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus, clearance=marketplace.clearance(lease, lifetime=5))
    rig.tick(3)
    marketplace.want(lease, rig.gpus)
    rig.tick(10)
    assert runner.states[lease] == "running"


def test_a_forged_renewal_is_ignored_and_the_old_one_runs_out(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus, clearance=marketplace.clearance(lease, lifetime=5))
    rig.tick(3)
    marketplace.want(lease, rig.gpus, clearance=marketplace.clearance(lease, node=str(uuid4())))
    rig.tick()
    assert runner.states[lease] == "running"
    rig.tick(3)
    assert marketplace.report(lease)["error"] == "clearance_lapsed"


def test_a_clearance_that_lapses_while_the_image_is_fetched_starts_nothing(rig, marketplace, runner, lease, clock):
    runner.on_prepare = lambda job: clock.advance(10)
    marketplace.want(lease, rig.gpus, clearance=marketplace.clearance(lease, lifetime=5))
    rig.tick(2)
    assert runner.jobs == {}
    assert marketplace.report(lease)["state"] == "stopped"
    assert marketplace.report(lease)["error"] == "clearance_lapsed"


def test_a_stop_while_the_image_is_fetched_starts_nothing(rig, marketplace, runner, lease):
    runner.on_prepare = lambda job: rig.supervisor.apply([])
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    assert runner.jobs == {}
    assert marketplace.report(lease)["state"] == "stopped"


def test_the_tickets_own_end_is_kept_without_the_server(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus, max_seconds=3)
    rig.tick(3)
    marketplace.down = True
    rig.tick(2)
    assert runner.states[lease] == 143


def test_an_instant_of_expiry_is_kept_too(rig, marketplace, runner, lease, clock):
    marketplace.want(lease, rig.gpus, expires_at=datetime.fromtimestamp(clock.unix() + 5, UTC).isoformat())
    rig.tick(4)
    assert runner.states[lease] == "running"
    rig.tick(3)
    assert marketplace.report(lease)["error"] == "expired"


def test_an_end_that_the_server_names_later_is_kept(rig, marketplace, runner, lease, clock):
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    until = datetime.fromtimestamp(clock.unix() + 3, UTC).isoformat()
    marketplace.want(lease, rig.gpus, expires_at=until)
    rig.tick(1)
    marketplace.down = True
    rig.tick(4)
    assert runner.states[lease] == 143


def test_silence_backs_off_and_ends_workloads_after_the_heartbeat_timeout(rig, marketplace, runner, lease, clock):
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    marketplace.down = True
    pauses = []
    while runner.states[lease] == "running":
        pauses.append(rig.agent.tick())
        clock.advance(min(pauses[-1], 1))  # the watch looks every second while the loop waits
        rig.supervisor.enforce()
        assert clock.monotonic() < 1100
    assert pauses[:5] == [2, 4, 8, 16, 30]
    assert max(pauses) == 30
    marketplace.down = False
    rig.tick(2)
    report = marketplace.report(lease)
    assert (report["state"], report["error"]) == ("stopped", "no_contact")
    assert report["usage_seconds"] in (30, 31)


def test_an_unreadable_answer_changes_nothing_and_is_no_contact(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    good = marketplace.desired
    marketplace.desired = {"x": {"lease_id": "../../etc", "action": "stop"}}
    assert rig.agent.tick() == 2
    assert runner.states[lease] == "running"
    marketplace.desired = good
    assert rig.agent.tick() == 1


def test_one_unreadable_ticket_is_that_leases_trouble_alone(rig, marketplace, runner, lease):
    other = str(uuid4())
    marketplace.want(other, rig.gpus[:1], command="rm -rf / ; echo one line for a shell")
    marketplace.want(lease, rig.gpus[1:])
    rig.tick(2)
    assert list(runner.jobs) == [lease]
    assert marketplace.report(other)["error"] == "ticket_unreadable"


def test_a_stop_that_fails_is_tried_again_and_not_charged(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(3)
    runner.stop_fails = 2
    marketplace.unwant(lease)
    rig.tick(4)
    assert marketplace.report(lease)["state"] == "stopped"
    assert marketplace.report(lease)["usage_seconds"] == 3


def test_a_stop_for_a_lease_that_never_ran_here_is_answered(rig, marketplace, lease):
    marketplace.stop(lease)
    rig.tick(2)
    report = marketplace.report(lease)
    assert (report["state"], report["usage_seconds"]) == ("stopped", 0)
