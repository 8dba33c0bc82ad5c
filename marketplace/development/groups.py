"""A group of parts that starts together and stops together, under one supervising process."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from marketplace.development.errors import DevelopmentError
from marketplace.development.parts import Part, dump_parts

READY_SECONDS = 120
STOP_SECONDS = 30


class Group:
    """Parts under one supervisor; a crash of one is found by `check`."""

    def __init__(self, state: Path, parts: Sequence[Part], environment: Mapping[str, str]) -> None:
        self._state = state
        self._parts = parts
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Every part of the group runs and is ready; raises DevelopmentError when one is not in time."""
        if not self._parts:
            return
        (self._state / "logs").mkdir(parents=True, exist_ok=True)
        for part in self._parts:
            part.log_path(self._state).unlink(missing_ok=True)
        with (self._state / "logs" / "supervisor.log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "marketplace.development.supervisor", str(self._state)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
                # Ctrl-C is the launcher's to answer: it stops the groups in order.
                start_new_session=True,
                text=True,
            )
        if self._process.stdin is None:
            raise DevelopmentError("The supervising process has no standard input.")
        self._process.stdin.write(dump_parts(self._parts) + "\n")
        self._process.stdin.flush()
        self._wait_until_ready()

    def check(self) -> None:
        """Every part still runs; raises DevelopmentError that names the one that ended and its last words."""
        if self._process is None or self._process.poll() is None:
            return
        name = self._first_that_stopped()
        for part in self._parts:
            if part.name == name:
                raise DevelopmentError(
                    f"The part '{name}' ended by itself; its log is {part.log_path(self._state)}:\n"
                    f"{part.last_lines(self._state)}"
                )
        raise DevelopmentError(f"The parts {[part.name for part in self._parts]} ended; see the logs.")

    def stop(self) -> None:
        """Every part of the group has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        waiting = list(self._parts)
        while waiting:
            self.check()
            waiting = [part for part in waiting if not part.is_ready(self._state)]
            if waiting and time.monotonic() > deadline:
                part = waiting[0]
                raise DevelopmentError(
                    f"The part '{part.name}' was not ready within {READY_SECONDS} seconds; its log is "
                    f"{part.log_path(self._state)}:\n{part.last_lines(self._state)}"
                )
            time.sleep(0.05)

    def _first_that_stopped(self) -> str | None:
        log = self._state / "logs" / f"{self._parts[0].name}.supervisor.log"
        for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
            if " stopped (rc=" in line:
                return line.split(" stopped (rc=")[0]
        return None
