"""The agent at work: heartbeat and poll in one, logs, and a watch that needs no network."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from gridclear.agent.clock import Clock
from gridclear.agent.inventory import Inventory, InventorySource
from gridclear.agent.messages import read_desired
from gridclear.agent.places import Places, read_errands
from gridclear.agent.runners.base import LogLine
from gridclear.agent.supervisor import Supervisor
from gridclear.agent.workloads import ENDED, Workload
from gridclear.errors import AgentError, GridclearError

log = logging.getLogger("gridclear.agent")

INVENTORY_PATH = "/api/agent/v1/inventory"
SYNC_PATH = "/api/agent/v1/sync"
LOGS_PATH = "/api/agent/v1/logs"
INVENTORY_SECONDS = 600.0
WATCH_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 30.0
LINES_PER_REQUEST = 500
GOODBYE_SECONDS = 10.0


@dataclass(frozen=True)
class Pending:
    """Log lines to send, and the cursor after them; `from_agent` when they are the agent's own words."""

    lines: list[LogLine]
    cursor: str
    from_agent: bool = False


class Session(Protocol):
    """What the loop needs of the line to the server."""

    def post(self, path: str, message: dict[str, Any]) -> dict[str, Any]: ...

    def signed(self, report: dict[str, Any]) -> dict[str, Any]: ...


class Agent:
    """One node's agent. `tick` is one round and returns the seconds until the next; `run` is the loop of them."""

    def __init__(
        self,
        *,
        session: Session,
        supervisor: Supervisor,
        inventory: InventorySource,
        clock: Clock,
        poll_seconds: float,
        places: Places,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._session = session
        self._supervisor = supervisor
        self._source = inventory
        self._clock = clock
        self._poll = poll_seconds
        self._places = places
        self._jitter = jitter
        self._failures = 0
        self._inventory_due = clock.monotonic()

    def tick(self) -> float:
        """The server heard what is true here and what it wants is under way, or the failure is counted."""
        self._supervisor.wake.clear()
        self._supervisor.enforce()
        try:
            self._send_inventory()
            self._send_logs()
            self._sync()
        except (GridclearError, AgentError) as error:
            self._failures += 1
            log.warning("no contact with the server (%d): %s", self._failures, error)
            return self._backoff()
        if self._failures:
            log.info("in contact with the server again")
        self._failures = 0
        return self._poll

    def run(self, halt: threading.Event, *, keep_workloads: bool = False) -> None:
        """Rounds until `halt` is set; then workloads are ended and reported, unless they are to be kept.

        An agent that is away cannot end a workload whose clearance lapses, so leaving it running is a choice.
        """
        threading.Thread(target=self._watch, args=(halt,), daemon=True).start()
        while not halt.is_set():
            pause = self.tick()
            if not halt.is_set():
                self._clock.wait(self._supervisor.wake, pause)
        if not keep_workloads:
            self._say_goodbye()

    def halt(self, halt: threading.Event) -> None:
        """The loop ends after the round it is in."""
        halt.set()
        self._supervisor.wake.set()

    def _watch(self, halt: threading.Event) -> None:
        """Lapses and lost contact are noticed every second, also while a request hangs."""
        while not halt.is_set():
            self._clock.wait(halt, WATCH_SECONDS)
            try:
                self._supervisor.enforce()
            except Exception:
                log.exception("the watch failed; it goes on")

    def _say_goodbye(self) -> None:
        """Every workload has ended and the server was told, as far as GOODBYE_SECONDS allow."""
        self._supervisor.stop_all("agent_stopped")
        until = self._clock.monotonic() + GOODBYE_SECONDS
        while self._supervisor.any_active() and self._clock.monotonic() < until:
            self._supervisor.wake.clear()
            self._clock.wait(self._supervisor.wake, 0.2)
        try:
            self._send_logs()
            self._sync(last=True)
        except (GridclearError, AgentError) as error:
            log.warning("the server was not told of the end: %s", error)

    def _backoff(self) -> float:
        """Longer with each failure, never in step with other agents."""
        ceiling = min(LONGEST_BACKOFF_SECONDS, self._poll * 2 ** min(self._failures, 10))
        return float(ceiling * (0.5 + 0.5 * self._jitter()))

    # -- inventory and sync ----------------------------------------------------------------------------------

    def _send_inventory(self) -> None:
        if self._clock.monotonic() < self._inventory_due:
            return
        inventory: Inventory = self._source.inventory()
        self._session.post(INVENTORY_PATH, inventory.message())
        self._inventory_due = self._clock.monotonic() + INVENTORY_SECONDS

    def _sync(self, *, last: bool = False) -> None:
        supervisor = self._supervisor
        with supervisor.lock:
            told = [workload for workload in supervisor.store if not workload.settled]
            reports = [self._session.signed(workload.report()) for workload in told]
            supervisor.store.save(self._clock.unix())
        message = {"workloads": reports, "gpu_metrics": [metric.message() for metric in self._source.metrics()]}
        answer = self._session.post(SYNC_PATH, message)
        desired = read_desired(answer)
        ended = [w for w, report in zip(told, reports, strict=True) if report["state"] in ENDED]
        if not last:
            supervisor.apply(desired)
            self._places.start(read_errands(answer))
        for workload in ended:
            if last or workload.lease_id not in {item.lease_id for item in desired if item.run}:
                self._settle(workload)

    def _settle(self, workload: Workload) -> None:
        """The server knows the end: what the workload left on this machine is removed, once its log is out."""
        if not workload.removed:
            if self._has_log(workload):
                return
            try:
                self._supervisor.runner.remove(workload.lease_id)
            except Exception:
                log.exception("lease %s could not be cleaned up; trying again", workload.lease_id)
                return
        with self._supervisor.lock:
            workload.removed = workload.settled = True
            self._supervisor.store.save(self._clock.unix())

    # -- logs ------------------------------------------------------------------------------------------------

    def _has_log(self, workload: Workload) -> bool:
        return bool(self._pending(workload).lines)

    def _pending(self, workload: Workload) -> Pending:
        """What the server has not yet taken. The agent's own words come after all of the workload's."""
        try:
            batch = self._supervisor.runner.read_logs(workload.lease_id, workload.log_cursor, LINES_PER_REQUEST)
        except Exception:
            log.exception("the log of lease %s cannot be read", workload.lease_id)
            return Pending([], workload.log_cursor)
        if batch.lines or workload.active or not workload.notes:
            return Pending(batch.lines, batch.cursor)
        at = self._supervisor.now_text()
        words = [LogLine("stderr", at, f"gridclear: {note}") for note in workload.notes]
        return Pending(words, batch.cursor, from_agent=True)

    def _send_logs(self) -> None:
        for workload in self._supervisor.store:
            if not workload.removed and workload.state != "pulling":
                self._send_log(workload)

    def _send_log(self, workload: Workload) -> None:
        pending = self._pending(workload)
        lines = pending.lines
        if not lines:
            return
        following = workload.log_sequence + len(lines)
        chunks = [
            {"sequence": workload.log_sequence + i, "stream": line.stream, "at": line.at, "line": line.line}
            for i, line in enumerate(lines)
        ]
        try:
            answer = self._session.post(LOGS_PATH, {"lease_id": workload.lease_id, "chunks": chunks})
        except GridclearError as error:
            if error.may_pass or error.status == 401:
                raise
            log.warning("lease %s: the server refuses %d log lines: %s", workload.lease_id, len(lines), error)
            answer = {}
        with self._supervisor.lock:
            if pending.from_agent:
                workload.notes.clear()
            workload.log_cursor = pending.cursor
            workload.log_sequence = max(following, _whole(answer.get("next_sequence")))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
