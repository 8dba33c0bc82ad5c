"""The protocol that every runner keeps."""

from dataclasses import dataclass
from typing import Literal, Protocol

from gridclear.agent.messages import Ticket
from gridclear.errors import AgentError

Stream = Literal["stdout", "stderr"]
GRACE_SECONDS = 5.0
LONGEST_LINE = 4000


class WorkloadError(AgentError):
    """The workload cannot run; nothing of it is left running. Its code goes to the server, its words to the log."""


@dataclass(frozen=True)
class Job:
    """What a runner starts: a lease's ticket, and whether its GPUs exist at all."""

    lease_id: str
    ticket: Ticket
    simulated: bool

    def environment(self) -> dict[str, str]:
        """The renter's variables, and what every workload can learn of its lease. Ours win over the renter's."""
        uuids = self.ticket.gpu_uuids
        ours = {
            "GRIDCLEAR_LEASE_ID": self.lease_id,
            "GRIDCLEAR_GPU_COUNT": str(len(uuids)),
            "GRIDCLEAR_GPU_UUIDS": ",".join(uuids),
            "GRIDCLEAR_GPUS_SIMULATED": "1" if self.simulated else "0",
        }
        if self.ticket.ssh_public_key:
            ours["GRIDCLEAR_SSH_PUBLIC_KEY"] = self.ticket.ssh_public_key
        return {**self.ticket.environment, **ours}


@dataclass(frozen=True)
class Observation:
    """What is true of a workload now. `exit_code` only with "exited", and None there when it is unknown."""

    status: Literal["running", "exited", "missing"]
    exit_code: int | None = None


@dataclass(frozen=True)
class LogLine:
    """One line that the workload wrote; `at` is ISO 8601 in UTC."""

    stream: Stream
    at: str
    line: str


def readable(raw: bytes) -> str:
    """The line as text that any database takes: cut at LONGEST_LINE, without its end and without NUL."""
    return raw.rstrip(b"\r\n").decode(errors="replace").replace("\x00", "")[:LONGEST_LINE]


@dataclass(frozen=True)
class LogBatch:
    """Lines in order, and the cursor from which the next read goes on without a gap or a repetition."""

    lines: list[LogLine]
    cursor: str


class Runner(Protocol):
    """Starts, watches and ends workloads by lease id. What it started outlives it and is found again."""

    runtime: str

    def prepare(self, job: Job) -> None:
        """What the job needs is on this machine. Raises WorkloadError; may take long."""
        ...

    def start(self, job: Job) -> None:
        """The workload runs. Raises WorkloadError, and then nothing of it is left."""
        ...

    def observe(self, lease_id: str) -> Observation:
        """What is true of the workload now."""
        ...

    def stop(self, lease_id: str) -> None:
        """The workload has ended: asked by SIGTERM, killed after GRACE_SECONDS. A missing one is no error."""
        ...

    def read_logs(self, lease_id: str, cursor: str, limit: int) -> LogBatch:
        """At most about `limit` lines after `cursor` ("" is the beginning)."""
        ...

    def remove(self, lease_id: str) -> None:
        """Nothing of the workload is left on this machine: no process, no file, no network."""
        ...

    def known(self) -> list[str]:
        """The lease ids of everything this node's agent started and has not removed."""
        ...
