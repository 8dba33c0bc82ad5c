"""A node that is enrolled at a marketplace in memory, with two simulated GPUs and no real time."""

from uuid import uuid4

import pytest
from gridclear.agent import demo_image
from gridclear.agent.admission import Admission
from gridclear.agent.enrolment import enrol
from gridclear.agent.identity import load_key
from gridclear.agent.inventory import InventorySource, gpu_source
from gridclear.agent.loop import Agent
from gridclear.agent.places import Places
from gridclear.agent.runners.daemon import answers
from gridclear.agent.session import AgentSession
from gridclear.agent.supervisor import Supervisor
from gridclear.agent.workloads import WorkloadStore

from tests.client.marketplace import TOKEN, Marketplace
from tests.client.parts import ManualClock, MemoryRunner, at_once

URL = "http://127.0.0.1:8000"
H100 = "NVIDIA H100 80GB HBM3:2"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def marketplace(clock):
    return Marketplace(clock)


@pytest.fixture
def state(tmp_path):
    return tmp_path / "agent"


@pytest.fixture
def enrolment(marketplace, state):
    return enrol(URL, TOKEN, state, simulate_gpu=H100, transport=marketplace.transport)


@pytest.fixture
def runner():
    return MemoryRunner()


@pytest.fixture
def lease():
    return str(uuid4())


class Rig:
    """An agent over the same state folder and runner; `restart` makes a new one of them."""

    def __init__(self, enrolment, marketplace, state, clock, runner, spawn=at_once):
        self.parts = (enrolment, marketplace, state, clock, runner)
        self.spawn = spawn
        self.restart()

    def restart(self):
        enrolment, marketplace, state, clock, runner = self.parts
        source = gpu_source(enrolment.simulate_gpu, node_id=enrolment.node_id, beside_real=True)
        self.gpus = [gpu.uuid for gpu in source.gpus()]
        self.supervisor = Supervisor(
            admission=Admission(
                node_id=enrolment.node_id,
                clearance_keys=enrolment.clearance_keys,
                gpus=dict.fromkeys(self.gpus, True),
            ),
            store=WorkloadStore(state),
            runner=runner,
            clock=clock,
            heartbeat_timeout_seconds=enrolment.heartbeat_timeout_seconds,
            spawn=self.spawn,
        )
        self.agent = Agent(
            session=AgentSession(enrolment, load_key(state), clock, marketplace.transport),
            supervisor=self.supervisor,
            inventory=InventorySource(source, docker=runner.runtime == "docker"),
            clock=clock,
            poll_seconds=1,
            places=Places(load_key(state)),
            jitter=lambda: 1.0,
        )

    def tick(self, times=1, seconds=1.0):
        """So many rounds, each after `seconds`."""
        for _ in range(times):
            self.agent.tick()
            self.parts[3].advance(seconds)


@pytest.fixture
def rig(enrolment, marketplace, state, clock, runner):
    return Rig(enrolment, marketplace, state, clock, runner)


@pytest.fixture(scope="session")
def demo_image_built():
    """Where a Docker daemon answers, it has the demo image."""
    return demo_image.build() if answers() else None
