"""DEVELOPMENT ONLY: workloads as confined processes, for machines without Docker.

A process shares the kernel and, where namespaces are not permitted, the network and the file system with the
machine. It has no images: only those whose root file system lies on this machine (the demo image) can run.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gridclear.agent import demo_image
from gridclear.agent.runners import confine
from gridclear.agent.runners.base import (
    GRACE_SECONDS,
    LONGEST_LINE,
    Job,
    LogBatch,
    LogLine,
    Observation,
    Stream,
    WorkloadError,
    readable,
)
from gridclear.files import private_folder, read_json, write_json

RUNTIME = "process"
POLL_SECONDS = 0.05
LAUNCH_SECONDS = 5.0
# The keeper kills after the grace and writes the exit code down; on a busy machine that takes it a while.
KEEPER_SECONDS = 3.5
LONGEST_CPU_SECONDS = 24 * 3600
BYTES_PER_READ = 256 * 1024
STREAMS: tuple[Stream, ...] = ("stdout", "stderr")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

BuildRoot = Callable[[Path], None]


class ProcessRunner:
    """Runs workloads as confined processes; development only. `images` says how to lay out each known root."""

    runtime = RUNTIME

    def __init__(self, state: Path, images: Mapping[str, demo_image.LocalImage] | None = None) -> None:
        self._folder = private_folder(state / "processes")
        self._images = dict(images) if images is not None else {demo_image.TAG: demo_image.local()}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self, job: Job) -> None:
        """The image's root lies in the lease's folder. Raises WorkloadError when this machine does not have it."""
        image = self._images.get(job.ticket.image)
        if image is None:
            raise WorkloadError(
                "image_not_found",
                f"The image {job.ticket.image!r} is not on this node, which runs without Docker and cannot fetch it.",
            )
        folder = self._of(job.lease_id)
        shutil.rmtree(folder, ignore_errors=True)
        private_folder(folder)
        image.lay_out(folder / "root")
        work = folder / "root" / "work"
        work.mkdir(exist_ok=True)
        for part in (work, folder / "root" / "tmp"):
            part.mkdir(exist_ok=True)
            part.chmod(0o1777)

    def start(self, job: Job) -> None:
        """The command runs. Raises WorkloadError when it could not be started."""
        folder = self._of(job.lease_id)
        spec_file = folder / "spec.json"
        write_json(spec_file, self._spec(job, folder))
        child = subprocess.Popen(
            [sys.executable, "-I", confine.__file__, str(spec_file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        self._children[job.lease_id] = child
        write_json(folder / "process.json", {"pid": child.pid, "born": _born(child.pid)})
        self._await_first_sign(folder, child)

    def observe(self, lease_id: str) -> Observation:
        """Whether the process lives; its exit code is known also to an agent that did not start it."""
        folder = self._of(lease_id)
        if (child := self._children.get(lease_id)) is not None:
            child.poll()  # takes the ended child off the kernel's list
        alive = self._alive(folder)
        ended = read_json(folder / "exit.json")
        if ended is not None:
            return Observation("exited", int(ended["exit_code"]))
        if alive:
            return Observation("running")
        return Observation("exited" if (folder / "process.json").exists() else "missing")

    def stop(self, lease_id: str) -> None:
        """The process and all that it started have ended. The keeper kills after the grace; we kill the keeper."""
        folder = self._of(lease_id)
        for number, seconds in ((signal.SIGTERM, GRACE_SECONDS + KEEPER_SECONDS), (signal.SIGKILL, 1.0)):
            until = time.monotonic() + seconds
            self._signal(folder, number)
            while time.monotonic() < until:
                if self.observe(lease_id).status != "running":
                    return
                time.sleep(POLL_SECONDS)
        raise WorkloadError("stop_failed", "The process did not end.")

    def read_logs(self, lease_id: str, cursor: str, limit: int) -> LogBatch:
        """Whole lines beyond the byte offsets that the cursor names."""
        offsets = json.loads(cursor) if cursor else dict.fromkeys(STREAMS, 0)
        lines: list[LogLine] = []
        ended = self.observe(lease_id).status != "running"
        for stream in STREAMS:
            found, offset = _read_lines(self._of(lease_id) / stream, offsets[stream], limit, last=ended)
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            lines += [LogLine(stream, at, line) for line in found]
            offsets[stream] = offset
        return LogBatch(lines, json.dumps(offsets))

    def remove(self, lease_id: str) -> None:
        """Nothing of the workload is left."""
        self.stop(lease_id)
        self._children.pop(lease_id, None)
        shutil.rmtree(self._of(lease_id), ignore_errors=True)

    def known(self) -> list[str]:
        """The leases with a folder here."""
        return [path.name for path in self._folder.iterdir() if path.is_dir()]

    def _of(self, lease_id: str) -> Path:
        return self._folder / lease_id

    def _spec(self, job: Job, folder: Path) -> dict[str, Any]:
        ticket = job.ticket
        root = folder / "root"
        command = list(ticket.command) or list(self._images[ticket.image].command)
        seconds = (ticket.max_seconds or LONGEST_CPU_SECONDS) * ticket.cpu_count
        return {
            "root": str(root),
            "work": str(root / "work"),
            "command": command,
            "command_outside": [_outside(word, root) for word in command],
            "environment": {"PATH": PATH, "HOME": "/work", "LANG": "C.UTF-8", "TMPDIR": "/tmp", **job.environment()},  # noqa: S108
            "limits": {
                "CPU": min(seconds, LONGEST_CPU_SECONDS * ticket.cpu_count),
                "AS": ticket.ram_mib * confine.MIB,
                "NOFILE": 256,
                "NPROC": 256 if os.geteuid() == 0 else _processes_of_user() + 128,
                "FSIZE": 64 * confine.MIB,
                "CORE": 0,
            },
            "grace_seconds": int(GRACE_SECONDS),
            "stdout": str(folder / "stdout"),
            "stderr": str(folder / "stderr"),
            "exit_file": str(folder / "exit.json"),
        }

    def _await_first_sign(self, folder: Path, child: subprocess.Popen[bytes]) -> None:
        """The command has taken over its output files: from then on it is usable."""
        until = time.monotonic() + LAUNCH_SECONDS
        while time.monotonic() < until:
            if (folder / "stderr").exists() or child.poll() is not None:
                return
            time.sleep(POLL_SECONDS)
        child.kill()
        raise WorkloadError("start_failed", "The process did not start in time.")

    def _alive(self, folder: Path) -> bool:
        known = read_json(folder / "process.json")
        return known is not None and _born(known["pid"]) == known["born"] is not None

    def _signal(self, folder: Path, number: int) -> None:
        if self._alive(folder):
            try:
                os.kill(read_json(folder / "process.json")["pid"], number)
            except ProcessLookupError:
                return


def _born(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None when it is gone or only waits to be reaped.

    A process id alone may have been given to somebody else since.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _processes_of_user() -> int:
    """How many processes this user has: the limit counts them all, so ours comes on top."""
    uid, count = os.getuid(), 0
    for entry in Path("/proc").iterdir():
        try:
            count += entry.name.isdecimal() and entry.stat().st_uid == uid
        except FileNotFoundError:
            continue
    return count


def _outside(word: str, root: Path) -> str:
    """The word, as a path under `root` where there is such a file: for machines that do not permit a chroot."""
    inside = root / word.lstrip("/")
    return str(inside) if word.startswith("/") and inside.is_file() else word


def _read_lines(path: Path, offset: int, limit: int, *, last: bool) -> tuple[list[str], int]:
    """At most `limit` lines from the byte `offset`, and the offset after them; a half line waits until `last`."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(BYTES_PER_READ)
    except FileNotFoundError:
        return [], offset
    lines: list[str] = []
    for raw in data.splitlines(keepends=True)[:limit]:
        whole = raw.endswith(b"\n") or last or len(raw) >= LONGEST_LINE
        if not whole:
            break
        offset += len(raw)
        lines.append(readable(raw))
    return lines, offset
