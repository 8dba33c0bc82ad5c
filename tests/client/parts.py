"""What the agent's tests stand on: a clock that stands still, and a runner whose workloads are only remembered."""

import json

from gridclear.agent.runners.base import LogBatch, LogLine, Observation, WorkloadError


class ManualClock:
    """Both clocks stand still until `advance`; waiting moves them."""

    def __init__(self, at=1_795_000_000.0):
        self.at, self.ran = at, 1000.0

    def unix(self):
        return self.at

    def monotonic(self):
        return self.ran

    def wait(self, event, seconds):
        if not event.is_set():
            self.advance(seconds)

    def advance(self, seconds):
        self.at += seconds
        self.ran += seconds

    def set_wall(self, seconds):
        """Somebody sets the machine's clock; the monotonic one does not notice."""
        self.at += seconds


class MemoryRunner:
    """Keeps the runner protocol without running anything; outlives the agent that uses it, as containers do."""

    runtime = "docker"

    def __init__(self):
        self.jobs, self.states, self.output = {}, {}, {}
        self.on_prepare = lambda job: None
        self.stop_fails = 0
        self.removed = []
        self.blind = False

    def prepare(self, job):
        if job.ticket.image == "nobody/knows:1":
            raise WorkloadError("image_not_found", "The image is not on this node.")
        self.on_prepare(job)

    def start(self, job):
        assert self.states.get(job.lease_id) != "running", "started twice"
        self.jobs[job.lease_id] = job
        self.states[job.lease_id] = "running"
        self.output.setdefault(job.lease_id, [])

    def observe(self, lease_id):
        if self.blind:
            raise OSError("the daemon does not answer")
        state = self.states.get(lease_id, "missing")
        return Observation("exited", state) if isinstance(state, int) else Observation(state)

    def stop(self, lease_id):
        if self.stop_fails:
            self.stop_fails -= 1
            raise OSError("the daemon does not answer")
        if self.states.get(lease_id) == "running":
            self.states[lease_id] = 143

    def read_logs(self, lease_id, cursor, limit):
        start = json.loads(cursor or "0")
        fresh = self.output.get(lease_id, [])[start : start + limit]
        return LogBatch([LogLine("stdout", "2026-11-24T04:00:00Z", line) for line in fresh], str(start + len(fresh)))

    def remove(self, lease_id):
        self.states.pop(lease_id, None)
        self.removed.append(lease_id)

    def known(self):
        return list(self.states)


def at_once(work):
    """Runs beside nobody: tests need no thread."""
    work()
