"""The real program over a real socket: enrolled, run, killed, run again, stopped."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from gridclear.agent.clock import SystemClock
from gridclear.agent.runners.daemon import answers
from gridclear.cli import app
from typer.testing import CliRunner

from tests.client.marketplace import TOKEN, Marketplace
from tests.client.wire import served

DEADLINE = 20
DOCKER = pytest.param(
    "docker",
    marks=[pytest.mark.docker, pytest.mark.skipif(not answers(), reason="no Docker daemon answers on this machine")],
)


def wait_for(condition):
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")


def gridclear(*words, code=0):
    """The command within this process, which is quicker to start; only the agent itself is a program of its own."""
    result = CliRunner().invoke(app, ["agent", *words])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def world():
    marketplace = Marketplace(SystemClock())
    with served(marketplace.handle) as url:
        yield marketplace, url


@pytest.fixture
def run(state):
    started = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "gridclear", "agent", "run", "--state", str(state), "--poll", "0.2", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE)
        process.stdout.close()


@pytest.mark.parametrize("runtime", ["process", DOCKER])
def test_a_lease_from_the_first_word_to_the_last(world, state, run, lease, runtime, demo_image_built):
    marketplace, url = world
    said = gridclear("enrol", "--url", url, "--token", TOKEN, "--state", str(state), "--simulate-gpu", "NVIDIA T4:2")
    assert "simulated" in said.stdout
    agent = run("--runner", runtime)
    wait_for(lambda: marketplace.syncs)
    assert marketplace.inventories[0]["docker"] is (runtime == "docker")

    uuids = [gpu["uuid"] for gpu in marketplace.inventories[0]["gpus"]]
    marketplace.want(lease, uuids)
    wait_for(lambda: (r := marketplace.report(lease)) and r["state"] == "running" and r["usage_seconds"] >= 1)
    wait_for(lambda: "gridclear-demo: token t0ken" in marketplace.lines(lease))

    status = json.loads(gridclear("status", "--json", "--state", str(state)).stdout)
    assert status["agent_running"] is True
    assert [item["lease_id"] for item in status["workloads"]] == [lease]

    agent.kill()  # no chance to clean up
    agent.wait(DEADLINE)
    before = marketplace.report(lease)
    run("--runner", runtime)
    after = wait_for(lambda: (r := marketplace.report(lease)) and r["usage_sequence"] > before["usage_sequence"] and r)
    assert after["state"] == "running"
    assert after["usage_seconds"] >= before["usage_seconds"]

    asked = time.monotonic()
    marketplace.stop(lease)
    wait_for(lambda: marketplace.report(lease)["state"] == "stopped")
    assert time.monotonic() - asked < 10
    wait_for(lambda: marketplace.lines(lease)[-1:] == ["gridclear-demo: told to stop, stopping"])
    assert marketplace.report(lease)["runtime"] == runtime


def test_sigterm_ends_the_workload_and_tells_so(world, state, run, lease):
    marketplace, url = world
    gridclear("enrol", "--url", url, "--token", TOKEN, "--state", str(state), "--simulate-gpu", "NVIDIA T4:1")
    agent = run("--runner", "process")
    wait_for(lambda: marketplace.syncs)
    marketplace.want(lease, [marketplace.inventories[0]["gpus"][0]["uuid"]])
    wait_for(lambda: (r := marketplace.report(lease)) and r["state"] == "running")
    agent.send_signal(signal.SIGTERM)
    said, _ = agent.communicate(timeout=DEADLINE)
    assert agent.returncode == 0
    assert "DEVELOPMENT ONLY" in said
    assert (marketplace.report(lease)["state"], marketplace.report(lease)["error"]) == ("stopped", "agent_stopped")
    assert list((state / "processes").iterdir()) == []


def test_two_agents_of_one_node_do_not_run(world, state, run):
    marketplace, url = world
    gridclear("enrol", "--url", url, "--token", TOKEN, "--state", str(state), "--simulate-gpu", "NVIDIA T4:1")
    run("--runner", "process")
    wait_for(lambda: marketplace.syncs)
    assert "already_running" in gridclear("run", "--state", str(state), code=1).stderr


def test_trouble_is_one_line_and_an_exit_code(world, state):
    _, url = world
    for words, expected, code in (
        (["enrol", "--url", "http://gridclear.example", "--token", "x"], "insecure_url", 1),
        (["enrol", "--url", url, "--token", "x"], "bad_token", 5),
        (["enrol", "--url", "http://127.0.0.1:9", "--token", "x"], "unreachable", 6),
        (["enrol", "--url", url, "--token", "x", "--simulate-gpu", "H100"], "bad_simulation", 1),
        (["run"], "not_enrolled", 1),
        (["status"], "not_enrolled", 1),
    ):
        error = gridclear(*words, "--state", str(state), code=code).stderr
        assert error.startswith(f"error {expected} ")
        assert "Traceback" not in error
        assert len(error.strip().splitlines()) == 1


def test_the_inventory_is_printed_without_an_enrolment(state):
    found = json.loads(
        gridclear("inventory", "--state", str(state), "--simulate-gpu", "NVIDIA A100-SXM4-80GB:4").stdout
    )
    assert [gpu["simulated"] for gpu in found["gpus"]] == [True] * 4
    assert found["gpus"][0]["memory_mib"] == 81_920
    assert found["hostname"]
