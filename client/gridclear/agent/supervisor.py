"""What runs on this machine, and why it may: admission, usage, and every reason to stop. No network here."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from gridclear.agent.admission import PASSING, Admission
from gridclear.agent.clearance import Clearance, ClearanceRefused
from gridclear.agent.clock import Clock
from gridclear.agent.messages import Desired, Ticket
from gridclear.agent.runners.base import Job, Observation, Runner, WorkloadError
from gridclear.agent.workloads import State, Workload, WorkloadStore
from gridclear.errors import AgentError

log = logging.getLogger("gridclear.agent")

Spawn = Callable[[Callable[[], None]], None]


def in_thread(work: Callable[[], None]) -> None:
    """The work runs beside the caller, so that a slow image or a stubborn process holds up nobody else."""
    threading.Thread(target=work, daemon=True).start()


class Supervisor:
    """The workloads of one node. Every public method may be called from any thread.

    `wake` is set whenever the server should hear news soon.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        store: WorkloadStore,
        runner: Runner,
        clock: Clock,
        heartbeat_timeout_seconds: float,
        spawn: Spawn = in_thread,
    ) -> None:
        self.lock = threading.RLock()
        self.wake = threading.Event()
        self.store = store
        self.runner = runner
        self._admission = admission
        self._clock = clock
        self._heartbeat_timeout = heartbeat_timeout_seconds
        self._spawn = spawn
        self._launching: set[str] = set()
        self._being_stopped: set[str] = set()
        self._seen_running: dict[str, float] = {}
        self._last_contact = clock.monotonic()
        self._adopt()

    # -- what the server wants -------------------------------------------------------------------------------

    def apply(self, desired: list[Desired]) -> None:
        """The server was heard: wanted workloads start or stay, all others stop, whatever happened before."""
        with self.lock:
            self._last_contact = self._clock.monotonic()
            wanted = {item.lease_id for item in desired if item.run}
            reasons = {item.lease_id: item.reason for item in desired if not item.run}
            for workload in self.store:
                if workload.active and workload.lease_id not in wanted:
                    self._stop(workload, reasons.get(workload.lease_id) or "not_desired")
            for item in desired:
                self._apply_one(item)
            self.store.save(self._clock.unix())

    def _apply_one(self, item: Desired) -> None:
        workload = self.store.get(item.lease_id)
        if workload is None:
            if item.run:
                self._admit(item)
            else:
                self._never_ran(item)
        elif not workload.active:
            workload.settled = False  # the server has not taken note of its end: say it again
        elif item.run:
            self._renew(workload, item)

    def _admit(self, item: Desired) -> None:
        """The workload is on its way, or its refusal is on record. Nothing is started on an unproven word."""
        busy = {uuid for other in self.store if other.active for uuid in other.ticket.gpu_uuids}
        try:
            ticket, clearance = self._admission.check(item, busy=busy, at=self._clock.unix())
        except AgentError as refused:
            log.warning("lease %s was not started: %s", item.lease_id, refused.message)
            if refused.code not in PASSING:
                self._refuse(item, refused)
            return
        workload = Workload(item.lease_id, ticket, self.runner.runtime)
        _hold(workload, clearance)
        self.store.add(workload)
        self.store.save(self._clock.unix())
        self._spawn(lambda: self._launch(workload))

    def _refuse(self, item: Desired, refused: AgentError) -> None:
        workload = Workload(item.lease_id, item.ticket or Ticket(image=""), self.runner.runtime)
        self.store.add(workload)
        self._end(workload, "failed", error=refused.code, note=refused.message)

    def _never_ran(self, item: Desired) -> None:
        workload = Workload(item.lease_id, Ticket(image=""), self.runner.runtime)
        self.store.add(workload)
        self._end(workload, "stopped", error=item.reason)

    def _renew(self, workload: Workload, item: Desired) -> None:
        """A fresh clearance is held, when it verifies; a bad one changes nothing and the old one runs out."""
        if item.ticket is not None:  # its end is known to the server only once it runs
            workload.ticket = replace(
                workload.ticket, expires_at=item.ticket.expires_at, max_seconds=item.ticket.max_seconds
            )
        if item.clearance == workload.clearance:
            return
        try:
            clearance = self._admission.verify(item, workload.ticket, at=self._clock.unix())
        except ClearanceRefused as refused:
            log.warning("lease %s: the renewed clearance is refused: %s", workload.lease_id, refused.message)
            return
        _hold(workload, clearance)

    # -- what this machine sees ------------------------------------------------------------------------------

    def enforce(self) -> None:
        """Usage is counted up to now, ends are noticed, and whatever may no longer run is being stopped."""
        with self.lock:
            for workload in self.store:
                if workload.stopping:
                    self._press_stop(workload)
                elif workload.active:
                    self._enforce_one(workload)
            self.store.save(self._clock.unix())

    def _enforce_one(self, workload: Workload) -> None:
        if workload.state == "running":
            self._look(workload)
        if workload.active and (reason := self._reason_to_stop(workload)):
            self._stop(workload, reason)

    def _look(self, workload: Workload) -> None:
        """Time between two sights of the running workload is usage; nothing else is."""
        observation = self._observe(workload.lease_id)
        at = self._clock.monotonic()
        before = self._seen_running.pop(workload.lease_id, None)
        if observation is None:
            return
        if observation.status == "running":
            if before is not None:
                workload.count_usage(at - before)
            self._seen_running[workload.lease_id] = at
        elif observation.status == "exited":
            self._end(workload, "exited", exit_code=observation.exit_code)
        else:
            self._end(workload, "failed", error="workload_lost", note="The workload is gone from this machine.")

    def _observe(self, lease_id: str) -> Observation | None:
        """What the runner sees, or None when it cannot tell: then no time is counted and nothing is concluded."""
        try:
            return self.runner.observe(lease_id)
        except Exception:
            log.exception("lease %s cannot be observed", lease_id)
            return None

    def _reason_to_stop(self, workload: Workload) -> str:
        at, ticket = self._clock.unix(), workload.ticket
        if workload.clearance_expires_at <= at:
            return "clearance_lapsed"
        if ticket.expires_at is not None and ticket.expires_at <= at:
            return "expired"
        if ticket.max_seconds is not None and workload.usage_seconds >= ticket.max_seconds:
            return "expired"
        if self._clock.monotonic() - self._last_contact >= self._heartbeat_timeout:
            return "no_contact"
        return ""

    def stop_all(self, reason: str) -> None:
        """Every workload is ended or on its way there."""
        with self.lock:
            for workload in self.store:
                if workload.active:
                    self._stop(workload, reason)
            self.store.save(self._clock.unix())

    def now_text(self) -> str:
        """The present instant in ISO 8601, UTC."""
        return _iso(self._clock.unix())

    def any_active(self) -> bool:
        """Whether something still runs or is on its way."""
        with self.lock:
            return any(workload.active for workload in self.store)

    # -- starting and stopping -------------------------------------------------------------------------------

    def _launch(self, workload: Workload) -> None:
        job = Job(workload.lease_id, workload.ticket, self._admission.simulated(workload.ticket))
        try:
            self.runner.prepare(job)
            with self.lock:
                # Fetching an image takes time: the word of the server and the clearance may have changed.
                if workload.active and (reason := self._reason_to_stop(workload)):
                    self._end(workload, "stopped", error=reason)
                if not workload.active:
                    return
                self._launching.add(workload.lease_id)
            self.runner.start(job)
        except WorkloadError as error:
            self._failed_to_start(workload, error.code, error.message)
        except Exception as error:
            log.exception("lease %s could not be started", workload.lease_id)
            self._failed_to_start(workload, "runner_error", f"The node could not start it: {error}.")
        else:
            self._launched(workload)

    def _launched(self, workload: Workload) -> None:
        with self.lock:
            self._launching.discard(workload.lease_id)
            workload.state = "running"
            workload.started_at = _iso(self._clock.unix())
            if workload.stopping:
                self._press_stop(workload)
            else:
                self._seen_running[workload.lease_id] = self._clock.monotonic()
            self.store.save(self._clock.unix())
        log.info("lease %s runs in %s", workload.lease_id, workload.runtime)
        self.wake.set()

    def _failed_to_start(self, workload: Workload, code: str, words: str) -> None:
        with self.lock:
            self._launching.discard(workload.lease_id)
            if workload.active:
                self._end(workload, "failed", error=code, note=words)
            self.store.save(self._clock.unix())

    def _stop(self, workload: Workload, reason: str) -> None:
        """The workload is being stopped; from this moment no usage is counted."""
        if workload.stopping:
            return
        if workload.state == "running":
            self._look(workload)
            if not workload.active:
                return
        self._seen_running.pop(workload.lease_id, None)
        log.info("lease %s is being stopped: %s", workload.lease_id, reason)
        if workload.state == "pulling" and workload.lease_id not in self._launching:
            self._end(workload, "stopped", error=reason)
            return
        workload.stopping, workload.error = True, reason
        self._press_stop(workload)

    def _press_stop(self, workload: Workload) -> None:
        """Somebody is ending the workload: the one who does already, the one who starts it, or a new hand."""
        if workload.lease_id not in self._launching | self._being_stopped:
            self._being_stopped.add(workload.lease_id)
            self._spawn(lambda: self._finish_stop(workload))

    def _finish_stop(self, workload: Workload) -> None:
        try:
            self.runner.stop(workload.lease_id)
        except Exception:
            log.exception("lease %s could not be stopped; the next look tries again", workload.lease_id)
            with self.lock:
                self._being_stopped.discard(workload.lease_id)
            return
        observation = self._observe(workload.lease_id)
        with self.lock:
            self._being_stopped.discard(workload.lease_id)
            exit_code = observation.exit_code if observation else None
            self._end(workload, "stopped", error=workload.error, exit_code=exit_code)
            self.store.save(self._clock.unix())

    def _end(
        self, workload: Workload, state: State, *, error: str = "", note: str = "", exit_code: int | None = None
    ) -> None:
        workload.state, workload.stopping = state, False
        workload.error, workload.exit_code = error, exit_code
        workload.ended_unix = self._clock.unix()
        if note:
            workload.notes.append(note)
        self._seen_running.pop(workload.lease_id, None)
        log.info("lease %s has ended: %s %s", workload.lease_id, state, error)
        self.wake.set()

    # -- after a restart of the agent ------------------------------------------------------------------------

    def _adopt(self) -> None:
        """What survived the agent is its own again; what it has no word for is removed.

        The time without an agent is not counted: nobody proved that the workload was usable.
        """
        for lease_id in self.runner.known():
            if self.store.get(lease_id) is None:
                log.warning("lease %s is unknown to this agent: it is being ended", lease_id)
                self.runner.stop(lease_id)
                self.runner.remove(lease_id)
        for workload in self.store:
            if workload.active:
                self._adopt_one(workload)
        self.store.save(self._clock.unix())

    def _adopt_one(self, workload: Workload) -> None:
        observation = self.runner.observe(workload.lease_id)
        if workload.state == "pulling" and observation.status == "missing":
            self.store.forget(workload.lease_id)  # it never started; the next sync brings its ticket again
            return
        workload.state = "running"
        workload.started_at = workload.started_at or _iso(self._clock.unix())
        if workload.stopping:
            self._press_stop(workload)
        else:
            self._look(workload)


def _hold(workload: Workload, clearance: Clearance) -> None:
    workload.clearance = clearance.token
    workload.clearance_expires_at = clearance.expires_at


def _iso(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
