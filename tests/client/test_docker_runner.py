"""Real containers of a real daemon."""

import socket
import time
from uuid import uuid4

import pytest
from gridclear.agent import demo_image
from gridclear.agent.messages import Ticket
from gridclear.agent.runners import docker
from gridclear.agent.runners.base import Job, WorkloadError
from gridclear.agent.runners.daemon import answers, connect
from gridclear.agent.runners.docker import DockerRunner, _devices, read_container_log
from gridclear.agent.runners.firewall import Firewall

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not answers(), reason="no Docker daemon answers on this machine"),
]

DEADLINE = 10
SIMULATED = ("SIM-1", "SIM-2")


def assert_nothing_left(runner, lease):
    client = connect()
    assert runner.observe(lease).status == "missing"
    assert client.networks.list(names=[f"gridclear-{lease}"]) == []
    assert [volume.name for volume in client.volumes.list() if lease in volume.name] == []


@pytest.fixture(scope="module")
def image():
    tag = f"gridclear/test-{uuid4().hex[:8]}:1"
    demo_image.build(tag)
    yield tag
    connect().images.remove(tag, force=True)


@pytest.fixture
def prober(image):
    """The image, once it is known to hold `nc`: without it, nothing would be reached and a test prove nothing."""
    if not connect().containers.run(image, ["/bin/sh", "-c", "command -v nc || :"], remove=True):
        pytest.skip("the image has no nc, for this machine has none: install busybox-static")
    return image


@pytest.fixture
def runner():
    runner = DockerRunner(node_id=str(uuid4()))
    yield runner
    for lease_id in runner.known():
        runner.remove(lease_id)


def job(image, lease, *command, simulated=True, **ticket):
    environment = {"GRIDCLEAR_DEMO_TOKEN": "t0ken", "GRIDCLEAR_LEASE_ID": "forged"}
    full = {"environment": environment, "gpu_uuids": SIMULATED, "ram_mib": 256, **ticket}
    return Job(lease, Ticket(image=image, command=command, **full), simulated)


def wait_for(condition):
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come true in time")


def started(runner, *args, **kwargs):
    work = job(*args, **kwargs)
    runner.prepare(work)
    runner.start(work)
    return connect().containers.get(f"gridclear-{work.lease_id}")


def output(runner, lease):
    wait_for(lambda: runner.observe(lease).status == "exited")
    return [line.line for line in runner.read_logs(lease, "", 500).lines]


def test_the_demo_workload_says_its_token_and_runs_until_stopped(runner, image, lease):
    started(runner, image, lease)
    lines = wait_for(lambda: [line.line for line in runner.read_logs(lease, "", 500).lines][:2])
    wait_for(lambda: len(runner.read_logs(lease, "", 500).lines) >= 3)
    assert lines[0] == "gridclear-demo: running with 2 simulated GPUs"
    assert "gridclear-demo: token t0ken" in [line.line for line in runner.read_logs(lease, "", 500).lines]
    assert runner.observe(lease).status == "running"
    began = time.monotonic()
    runner.stop(lease)
    assert time.monotonic() - began < 5
    assert runner.observe(lease).exit_code == 0
    assert runner.read_logs(lease, "", 500).lines[-1].line == "gridclear-demo: told to stop, stopping"


def test_a_workload_that_ignores_the_word_is_killed_after_the_grace(runner, image, lease, monkeypatch):
    assert docker.GRACE_SECONDS == 5
    monkeypatch.setattr(docker, "GRACE_SECONDS", 1.0)
    started(runner, image, lease, "/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    began = time.monotonic()
    runner.stop(lease)
    assert 0.8 < time.monotonic() - began < 5
    assert runner.observe(lease).exit_code == 137


def test_building_the_demo_image_again_keeps_it(image):
    assert demo_image.build(image) == connect().images.get(image).id
    assert demo_image.build(image) == demo_image.build(image)


def test_an_unknown_image_is_not_found(runner, lease):
    with pytest.raises(WorkloadError) as refused:
        runner.prepare(job("127.0.0.1:9/nobody/knows:1", lease))
    assert refused.value.code == "image_not_found"
    assert "127.0.0.1:9/nobody/knows:1" in refused.value.message


@pytest.mark.parametrize("name", ["", "UPPER CASE", "--privileged", "a:b:c"])
def test_what_is_no_image_name_is_not_found(runner, lease, name):
    with pytest.raises(WorkloadError) as refused:
        runner.prepare(job(name, lease))
    assert refused.value.code == "image_not_found"


def test_a_command_that_does_not_exist_ends_with_127_and_says_so(runner, image, lease):
    started(runner, image, lease, "/bin/nope")
    assert "/bin/nope" in output(runner, lease)[0]
    assert runner.observe(lease).exit_code == 127


def test_a_start_that_fails_leaves_nothing_behind(runner, image, lease):
    with pytest.raises(WorkloadError) as refused:
        runner.start(job(image, lease, ram_mib=1))  # below what a container can be given
    assert refused.value.code == "start_failed"
    assert_nothing_left(runner, lease)


def test_the_container_has_no_more_than_it_was_given(runner, image, lease):
    host = started(runner, image, lease).attrs["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["Memory"] == 256 * 1024 * 1024
    assert host["MemorySwap"] == host["Memory"]
    assert host["NanoCpus"] == 1_000_000_000
    assert host["PidsLimit"] == 4096
    assert host["DeviceRequests"] is None
    assert host["Binds"] is None
    assert host["PortBindings"] in ({}, None)
    assert host["NetworkMode"] == f"gridclear-{lease}"
    assert [mount["Target"] for mount in host["Mounts"]] == ["/work"]


def test_the_root_is_read_only_and_work_and_tmp_are_not(runner, image, lease):
    script = "touch /bin/x 2>/dev/null && echo root; touch /work/x && echo work; touch /tmp/x && echo tmp"
    started(runner, image, lease, "/bin/sh", "-c", script)
    assert output(runner, lease) == ["work", "tmp"]


def test_the_words_of_a_command_are_no_shell(runner, image, lease):
    started(runner, image, lease, "/bin/echo", "$HOME; id `id` && x")
    assert output(runner, lease) == ["$HOME; id `id` && x"]


def test_our_variables_win_over_the_renters(runner, image, lease):
    started(runner, image, lease, "/bin/env")
    lines = output(runner, lease)
    assert f"GRIDCLEAR_LEASE_ID={lease}" in lines
    assert "GRIDCLEAR_GPUS_SIMULATED=1" in lines


def test_the_host_and_the_metadata_address_are_out_of_reach(runner, prober, lease):
    with socket.create_server(("0.0.0.0", 0)) as server:
        host = ("172.17.0.1", server.getsockname()[1])
        socket.create_connection(host, timeout=2).close()  # it is reachable, only not from a workload
        ask = "nc -w 1 {} {} </dev/null >/dev/null 2>&1 && echo reached the {};"
        script = ask.format(*host, "host") + ask.format("169.254.169.254", 80, "metadata") + "echo done"
        started(runner, prober, lease, "/bin/sh", "-c", script)
        assert output(runner, lease) == ["done"]


def test_two_workloads_cannot_reach_each_other(runner, prober, lease):
    other = str(uuid4())
    server = started(
        runner, prober, other, "/bin/sh", "-c", "echo up; while :; do nc -l -p 7000 </dev/null >/dev/null; done"
    )
    server.reload()
    address = server.attrs["NetworkSettings"]["Networks"][f"gridclear-{other}"]["IPAddress"]
    ask = f"nc -w 1 {address} 7000 </dev/null 2>/dev/null && echo reached; echo done"
    wait_for(lambda: b"reached" in server.exec_run(["/bin/sh", "-c", ask]).output)
    started(runner, prober, lease, "/bin/sh", "-c", ask)
    assert output(runner, lease) == ["done"]


def test_without_a_firewall_there_is_no_way_out(prober, lease, monkeypatch):
    monkeypatch.setattr(Firewall, "raise_up", lambda self: False)
    runner = DockerRunner(node_id=str(uuid4()))
    try:
        started(
            runner, prober, lease, "/bin/sh", "-c", "nc -w 1 1.1.1.1 443 </dev/null 2>/dev/null && echo out; echo done"
        )
        (network,) = connect().networks.list(names=[f"gridclear-{lease}"])
        assert network.attrs["Internal"] is True
        assert output(runner, lease) == ["done"]
    finally:
        runner.remove(lease)


def test_only_the_ports_that_were_asked_for_are_published(runner, image, lease):
    container = started(runner, image, lease, ports=(8080,))
    container.reload()
    assert list(container.attrs["HostConfig"]["PortBindings"]) == ["8080/tcp"]


def test_another_agent_finds_the_container_by_its_label_and_a_strangers_does_not(runner, image, lease):
    started(runner, image, lease)
    same = DockerRunner(node_id=runner._node_id)
    assert same.known() == [lease]
    assert same.observe(lease).status == "running"
    stranger = DockerRunner(node_id=str(uuid4()))
    assert stranger.known() == []
    assert stranger.observe(lease).status == "missing"
    stranger.remove(lease)
    assert runner.observe(lease).status == "running"


def test_nothing_is_left_after_removal(runner, image, lease):
    started(runner, image, lease)
    runner.remove(lease)
    assert_nothing_left(runner, lease)
    runner.remove(lease)


def test_a_log_is_read_in_parts_without_gap_or_repetition(runner, image, lease):
    container = started(
        runner, image, lease, "/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; done"
    )
    wait_for(lambda: runner.observe(lease).status == "exited")
    container.reload()
    cursor, lines = "", []
    while batch := read_container_log(container, cursor, 7):
        if not batch.lines:
            break
        lines += [line.line for line in batch.lines]
        cursor = batch.cursor
    assert lines == [f"line {i}" for i in range(1, 301)]


def test_both_streams_are_told_apart(runner, image, lease):
    started(runner, image, lease, "/bin/sh", "-c", "echo out; echo err >&2")
    wait_for(lambda: runner.observe(lease).status == "exited")
    assert {(line.stream, line.line) for line in runner.read_logs(lease, "", 50).lines} == {
        ("stdout", "out"),
        ("stderr", "err"),
    }


def test_real_gpus_are_asked_for_one_by_one():
    (request,) = _devices(("GPU-1", "GPU-2"))
    assert request["DeviceIDs"] == ["GPU-1", "GPU-2"]
    assert request["Capabilities"] == [["gpu"]]
