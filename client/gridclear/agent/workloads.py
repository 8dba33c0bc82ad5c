"""What the agent remembers of each lease, across its own restarts."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from gridclear.agent.messages import Ticket, read_ticket
from gridclear.errors import AgentError
from gridclear.files import read_json, write_json

WORKLOADS_FILE = "workloads.json"
NANOSECONDS = 1_000_000_000
KEEP_SETTLED_SECONDS = 7 * 24 * 3600

State = Literal["pulling", "running", "exited", "failed", "stopped"]
ENDED: frozenset[str] = frozenset({"exited", "failed", "stopped"})


@dataclass
class Workload:
    """One lease's workload. Usage only grows; a workload that has ended never runs again."""

    lease_id: str
    ticket: Ticket
    runtime: str
    clearance: str = ""
    clearance_expires_at: int = 0
    state: State = "pulling"
    stopping: bool = False
    error: str = ""
    exit_code: int | None = None
    started_at: str = ""
    ended_unix: float = 0.0
    usage_nanoseconds: int = 0
    usage_sequence: int = 0
    log_sequence: int = 1
    log_cursor: str = ""
    notes: list[str] = field(default_factory=list)
    removed: bool = False
    settled: bool = False

    @property
    def active(self) -> bool:
        """Whether it runs, or is on the way there."""
        return self.state not in ENDED

    @property
    def usage_seconds(self) -> int:
        """Whole seconds in which it was seen to be usable."""
        return self.usage_nanoseconds // NANOSECONDS

    def count_usage(self, seconds: float) -> None:
        """`seconds` more of proven use are counted; a clock that stood or went back counts nothing."""
        self.usage_nanoseconds += max(0, int(seconds * NANOSECONDS))

    def report(self) -> dict[str, Any]:
        """What a sync says about it. Each report has a higher `usage_sequence` than the one before."""
        self.usage_sequence += 1
        return {
            "lease_id": self.lease_id,
            "state": self.state,
            "usage_seconds": self.usage_seconds,
            "usage_sequence": self.usage_sequence,
            "exit_code": self.exit_code,
            "error": self.error or None,
            "runtime": self.runtime,
            "started_at": self.started_at or None,
        }


class WorkloadStore:
    """All workloads, in one file that is replaced whole."""

    def __init__(self, state: Path) -> None:
        self._path = state / WORKLOADS_FILE
        self._saved = ""
        try:
            found = read_json(self._path) or {}
            self._workloads = {lease_id: _from_json(raw) for lease_id, raw in found.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise AgentError("state_unreadable", f"{self._path} is damaged: {error}") from error

    def __iter__(self) -> Iterator[Workload]:
        return iter(list(self._workloads.values()))

    def get(self, lease_id: str) -> Workload | None:
        """The workload of the lease, or None."""
        return self._workloads.get(lease_id)

    def forget(self, lease_id: str) -> None:
        """The lease is unknown from now on."""
        self._workloads.pop(lease_id, None)

    def add(self, workload: Workload) -> None:
        """The workload is remembered from the next `save` on."""
        self._workloads[workload.lease_id] = workload

    def save(self, at: float) -> None:
        """The file says what is true now; what ended and was settled long before unix time `at` is forgotten."""
        for workload in self:
            if workload.settled and workload.ended_unix < at - KEEP_SETTLED_SECONDS:
                self.forget(workload.lease_id)
        value = {lease_id: _to_json(workload) for lease_id, workload in self._workloads.items()}
        if (text := repr(value)) != self._saved:
            write_json(self._path, value)
            self._saved = text


def _to_json(workload: Workload) -> dict[str, Any]:
    """Without the renter's variables: they are secrets, and a workload that is found again has them already."""
    value = asdict(workload)
    value["ticket"]["environment"] = {}
    return value


def _from_json(raw: dict[str, Any]) -> Workload:
    return Workload(**{**raw, "ticket": read_ticket(raw["ticket"])})
