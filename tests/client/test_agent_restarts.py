"""An agent's logs and restarts: what it tells later, and what it finds again."""

import json
import threading

from gridclear.agent.workloads import WORKLOADS_FILE

from tests.client.conftest import Rig

# -- logs ----------------------------------------------------------------------------------------------------


def test_lines_arrive_once_and_in_order(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick()
    runner.output[lease] += ["one", "two"]
    rig.tick(2)
    runner.output[lease] += ["three"]
    rig.tick(2)
    assert marketplace.lines(lease) == ["one", "two", "three"]
    assert sorted(marketplace.log_lines[lease]) == [1, 2, 3]


def test_lines_written_while_the_server_was_away_arrive_later(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick()
    marketplace.down = True
    runner.output[lease] += ["one"]
    rig.tick(2)
    marketplace.down = False
    runner.output[lease] += ["two"]
    rig.tick(2)
    assert marketplace.lines(lease) == ["one", "two"]


def test_a_long_log_is_sent_in_parts_and_whole_before_the_workload_is_removed(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick()
    runner.output[lease] += [f"line {i}" for i in range(1200)]
    marketplace.unwant(lease)
    rig.tick(6)
    assert marketplace.lines(lease) == [f"line {i}" for i in range(1200)]
    assert runner.removed == [lease]


def test_a_server_that_refuses_a_log_does_not_stop_the_agent(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick()
    marketplace.refuse_logs = True
    runner.output[lease] += ["one"]
    rig.tick(3)
    assert marketplace.report(lease)["state"] == "running"
    marketplace.refuse_logs = False
    runner.output[lease] += ["two"]
    rig.tick()
    assert marketplace.lines(lease) == ["two"]


# -- restarts ------------------------------------------------------------------------------------------------


def test_a_restart_finds_the_workload_again_and_does_not_count_the_gap(rig, marketplace, runner, lease, clock):
    marketplace.want(lease, rig.gpus)
    rig.tick(5)
    runner.output[lease] += ["before"]
    rig.tick()
    clock.advance(100)
    rig.restart()
    runner.output[lease] += ["after"]
    rig.tick(3)
    report = marketplace.report(lease)
    assert (report["state"], report["usage_seconds"]) == ("running", 5 + 2)
    assert marketplace.lines(lease) == ["before", "after"]
    sequences = [w["usage_sequence"] for sync in marketplace.syncs for w in sync["workloads"]]
    assert sequences == sorted(set(sequences))


def test_a_workload_that_ended_while_the_agent_was_away_is_reported_with_its_code(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(3)
    runner.states[lease] = 0
    rig.restart()
    rig.tick()
    assert (marketplace.report(lease)["state"], marketplace.report(lease)["exit_code"]) == ("exited", 0)


def test_a_workload_that_vanished_while_the_agent_was_away_failed(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(3)
    runner.states.clear()
    rig.restart()
    rig.tick(2)
    assert (marketplace.report(lease)["state"], marketplace.report(lease)["error"]) == ("failed", "workload_lost")
    assert runner.states == {}


def test_a_workload_without_a_record_is_ended_at_once(rig, runner, lease):
    runner.states[lease] = "running"
    rig.restart()
    assert runner.states == {}


def test_a_clearance_that_lapsed_while_the_agent_was_away_ends_the_workload(rig, marketplace, runner, lease, clock):
    marketplace.want(lease, rig.gpus, clearance=marketplace.clearance(lease, lifetime=60))
    rig.tick(3)
    clock.advance(100)
    rig.restart()
    rig.supervisor.enforce()
    assert runner.states[lease] == 143


def test_a_start_that_the_agent_did_not_survive_is_made_again(enrolment, marketplace, state, clock, runner, lease):
    rig = Rig(enrolment, marketplace, state, clock, runner, spawn=lambda work: None)
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    assert marketplace.report(lease)["state"] == "pulling"
    rig = Rig(enrolment, marketplace, state, clock, runner)
    rig.tick(2)
    assert runner.states[lease] == "running"


def test_the_state_file_is_private_and_holds_no_variable_of_the_renter(rig, marketplace, state, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    file = state / WORKLOADS_FILE
    assert file.stat().st_mode & 0o077 == 0
    assert "t0ken" not in file.read_text()
    assert json.loads(file.read_text())[lease]["state"] == "running"


def test_an_orderly_end_stops_and_reports_the_workloads(rig, marketplace, runner, lease):
    marketplace.want(lease, rig.gpus)
    rig.tick(2)
    halt = threading.Event()
    halt.set()
    rig.agent.run(halt)
    assert marketplace.report(lease)["state"] == "stopped"
    assert marketplace.report(lease)["error"] == "agent_stopped"
    assert runner.states == {}
