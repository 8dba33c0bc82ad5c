"""Puts an agent together from what lies on this machine."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridclear.agent.admission import Admission
from gridclear.agent.clock import SystemClock
from gridclear.agent.enrolment import Enrolment, load_enrolment
from gridclear.agent.identity import load_key
from gridclear.agent.inventory import InventorySource, gpu_source
from gridclear.agent.loop import Agent
from gridclear.agent.places import Place, Places
from gridclear.agent.runners.base import Runner
from gridclear.agent.runners.daemon import answers
from gridclear.agent.runners.docker import DockerRunner
from gridclear.agent.runners.process import RUNTIME as PROCESS
from gridclear.agent.runners.process import ProcessRunner
from gridclear.agent.session import AgentSession
from gridclear.agent.supervisor import Supervisor
from gridclear.agent.workloads import WorkloadStore
from gridclear.errors import AgentError
from gridclear.files import private_folder

log = logging.getLogger("gridclear.agent")
LOCK_FILE = "agent.lock"


def state_folder(asked: Path | None) -> Path:
    """The folder of the agent's state: the one asked for, else the user's state folder."""
    if asked is not None:
        return asked.expanduser().resolve()
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "gridclear-agent"


def enrolled(state: Path) -> Enrolment:
    """What the node knows. Raises AgentError `not_enrolled` where nothing is known."""
    enrolment = load_enrolment(state)
    if enrolment is None:
        raise AgentError("not_enrolled", f"No node is enrolled in {state}. Run `gridclear agent enrol` first.")
    return enrolment


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Within the block this is the only agent of the state folder. Raises AgentError when another one runs.

    Two agents with one key would outrun each other's sequence numbers.
    """
    with (private_folder(state) / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AgentError("already_running", f"Another agent already runs with {state}.") from None
        yield


def is_running(state: Path) -> bool:
    """Whether an agent runs with the state folder."""
    try:
        with locked(state):
            return False
    except AgentError:
        return True


def choose_runner(kind: str, state: Path) -> Runner:
    """The runner of that kind. Raises AgentError for another kind, and where Docker is needed but does not answer.

    "auto" is Docker where a daemon answers, and a process only for a node of simulated GPUs: a real node must not
    drop its walls because its daemon happens to be down.
    """
    if kind not in ("auto", "docker", "process"):
        raise AgentError("bad_runner", f"{kind!r} is no runner: choose auto, docker or process.")
    enrolment = enrolled(state)
    if kind == "auto":
        kind = "process" if enrolment.simulate_gpu and not answers() else "docker"
    if kind == "docker":
        return DockerRunner(node_id=enrolment.node_id)
    log.warning("DEVELOPMENT ONLY: workloads run as confined processes of this machine, not in containers.")
    return ProcessRunner(state)


def make_agent(state: Path, *, runner: Runner, poll_seconds: float | None = None, beside_real: bool = False) -> Agent:
    """An agent of the node enrolled in `state`. Raises AgentError when the state is missing or unusable."""
    enrolment = enrolled(state)
    clock = SystemClock()
    source = gpu_source(enrolment.simulate_gpu, node_id=enrolment.node_id, beside_real=beside_real)
    inventory = InventorySource(source, docker=runner.runtime != PROCESS)
    admission = Admission(
        node_id=enrolment.node_id,
        clearance_keys=enrolment.clearance_keys,
        gpus={gpu.uuid: gpu.simulated for gpu in source.gpus()},
    )
    supervisor = Supervisor(
        admission=admission,
        store=WorkloadStore(state),
        runner=runner,
        clock=clock,
        heartbeat_timeout_seconds=enrolment.heartbeat_timeout_seconds,
    )
    key = load_key(state)
    return Agent(
        session=AgentSession(enrolment, key, clock),
        supervisor=supervisor,
        inventory=inventory,
        clock=clock,
        poll_seconds=poll_seconds or enrolment.poll_seconds,
        places=Places(key, pretend=pretended_place(enrolment)),
    )


def pretended_place(enrolment: Enrolment) -> Place | None:
    """Where a node of simulated GPUs pretends to stand: GRIDCLEAR_AGENT_PRETEND_PLACE, "latitude,longitude".

    A real node cannot pretend: it would only look farther away from everywhere.
    """
    text = os.environ.get("GRIDCLEAR_AGENT_PRETEND_PLACE", "")
    if not text or not enrolment.simulate_gpu:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise AgentError("bad_place", f"{text!r} is not of the form -27.47,153.03.") from None
    return latitude, longitude
