"""Real processes: development's stand-in for containers."""

import os
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from gridclear.agent import demo_image
from gridclear.agent.messages import Ticket
from gridclear.agent.runners import process
from gridclear.agent.runners.base import Job, WorkloadError
from gridclear.agent.runners.process import ProcessRunner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the process runner needs Linux")

DEADLINE = 10


@pytest.fixture
def runner(state):
    runner = ProcessRunner(state)
    yield runner
    for lease_id in runner.known():
        runner.remove(lease_id)


def start(runner, lease, *command, image=demo_image.TAG, **ticket):
    full = {"environment": {"GRIDCLEAR_DEMO_TOKEN": "t0ken"}, "gpu_uuids": ("SIM-1",), "ram_mib": 512, **ticket}
    job = Job(lease, Ticket(image=image, command=command, **full), simulated=True)
    runner.prepare(job)
    runner.start(job)


def lines(runner, lease):
    return [line.line for line in runner.read_logs(lease, "", 500).lines]


def wait_for(condition):
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")


def output(runner, lease):
    wait_for(lambda: runner.observe(lease).status == "exited")
    return lines(runner, lease)


def test_the_demo_workload_runs_and_stops_at_the_word(runner, lease):
    start(runner, lease)
    wait_for(lambda: len(lines(runner, lease)) >= 3)
    assert lines(runner, lease)[:2] == [
        "gridclear-demo: running with 1 simulated GPUs",
        "gridclear-demo: token t0ken",
    ]
    assert runner.observe(lease).status == "running"
    runner.stop(lease)
    assert runner.observe(lease).exit_code == 0
    assert lines(runner, lease)[-1] == "gridclear-demo: told to stop, stopping"


def test_a_process_that_ignores_the_word_is_killed_after_the_grace(runner, lease, monkeypatch):
    assert process.GRACE_SECONDS == 5
    monkeypatch.setattr(process, "GRACE_SECONDS", 1.0)
    start(runner, lease, "/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done")
    wait_for(lambda: lines(runner, lease) == ["up"])
    began = time.monotonic()
    runner.stop(lease)
    assert 0.8 < time.monotonic() - began < 5
    assert runner.observe(lease).exit_code == 137


def test_children_of_the_workload_end_with_it(runner, lease):
    mark = f"31{uuid4().int % 10**6:06d}"
    start(runner, lease, "/bin/sh", "-c", f"sleep {mark} & sleep {mark} & echo up; wait")
    wait_for(lambda: lines(runner, lease) == ["up"])
    runner.stop(lease)
    wait_for(lambda: not [p for p in Path("/proc").glob("[0-9]*/cmdline") if mark in _text(p)])


def test_an_image_that_is_not_on_this_machine_is_not_found(runner, lease):
    with pytest.raises(WorkloadError) as refused:
        start(runner, lease, "/bin/true", image="pytorch/pytorch:2")
    assert refused.value.code == "image_not_found"
    assert runner.known() == []


def test_the_environment_is_the_tickets_and_not_the_agents(runner, lease, monkeypatch):
    monkeypatch.setenv("STRIPE_API_KEY", "sk_secret")
    start(runner, lease, "/bin/env")
    found = dict(line.split("=", 1) for line in output(runner, lease))
    assert "STRIPE_API_KEY" not in found
    assert found["GRIDCLEAR_LEASE_ID"] == lease
    assert found["GRIDCLEAR_DEMO_TOKEN"] == "t0ken"


def test_the_exit_code_is_the_commands(runner, lease):
    start(runner, lease, "/bin/sh", "-c", "exit 7")
    output(runner, lease)
    assert runner.observe(lease).exit_code == 7


def test_a_command_that_does_not_exist_ends_with_127_and_says_so(runner, lease):
    start(runner, lease, "/bin/nope")
    assert "cannot start the command" in output(runner, lease)[0]
    assert runner.observe(lease).exit_code == 127


def test_limits_hold(runner, lease):
    start(runner, lease, "/bin/sh", "-c", "ulimit -n; ulimit -t; ulimit -c", max_seconds=60)
    assert output(runner, lease) == ["256", "60", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="whether namespaces are permitted is known only for root")
def test_it_is_alone_and_nobody(runner, lease):
    start(runner, lease, "/bin/sh", "-c", "id -u; echo $$; ls /; ls /sys/class/net 2>/dev/null; ls -d /proc/[0-9]*")
    found = output(runner, lease)
    assert found[:2] == ["65534", "2"]
    assert "home" not in found
    assert "/proc/1" in found
    assert len([line for line in found if line.startswith("/proc/")]) <= 4


def test_another_agent_finds_it_again_and_learns_its_exit_code(runner, state, lease):
    start(runner, lease)
    wait_for(lambda: lines(runner, lease))
    again = ProcessRunner(state)
    assert again.known() == [lease]
    assert again.observe(lease).status == "running"
    again.stop(lease)
    assert again.observe(lease).exit_code == 0


def test_a_process_id_that_now_belongs_to_somebody_else_is_left_alone(runner, state, lease):
    start(runner, lease)
    wait_for(lambda: lines(runner, lease))
    runner.stop(lease)
    folder = state / "processes" / lease
    (folder / "exit.json").unlink()
    (folder / "process.json").write_text(f'{{"pid": {os.getpid()}, "born": 1}}')
    assert runner.observe(lease).status == "exited"
    runner.stop(lease)  # this test would not live on


def test_half_a_line_waits_for_its_end(runner, state, lease):
    start(runner, lease, "/bin/sh", "-c", "printf 'one\\ntw'; sleep 0.7; printf 'o\\nlast'; sleep 0.3")
    batch = wait_for(lambda: (b := runner.read_logs(lease, "", 10)).lines and b)
    assert [line.line for line in batch.lines] == ["one"]
    wait_for(lambda: runner.observe(lease).status == "exited")
    assert [line.line for line in runner.read_logs(lease, batch.cursor, 10).lines] == ["two", "last"]


def test_nothing_is_left_after_removal(runner, state, lease):
    start(runner, lease)
    runner.remove(lease)
    assert list((state / "processes").iterdir()) == []
    assert runner.observe(lease).status == "missing"
    runner.remove(lease)


def _text(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
