"""The supervising process: honcho's Manager over one group of parts, each with its own log file.

Run as `python -m marketplace.development.supervisor STATE`, with the parts as one line of JSON on standard
input. When one part ends, honcho ends the others; when the launcher dies, this process hears it from
the kernel and ends its parts too.
"""

import ctypes
import os
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from honcho import manager as honcho_manager
from honcho.manager import SYSTEM_PRINTER_NAME, Manager

from marketplace.development.parts import Part, load_parts

PR_SET_PDEATHSIG = 1
# Seconds until honcho kills what was asked to end: an agent first ends its workloads and reports them.
PATIENCE = 25


class LogPrinter:
    """honcho's printer contract, writing each part's lines to that part's log and nothing to a terminal."""

    width = 0

    def __init__(self, logs: Mapping[str, TextIO]) -> None:
        self._logs = logs

    def write(self, message: Any) -> None:
        """One line of a part stands in its log; honcho's own lines stand in the supervisor's."""
        text = message.data.decode(errors="replace") if isinstance(message.data, bytes) else message.data
        log = self._logs[message.name]
        log.write(text if text.endswith("\n") else f"{text}\n")
        log.flush()


def supervise(state: Path, parts: list[Part]) -> int:
    """All parts have ended; returns the exit status of the first that did."""
    logs = {part.name: part.log_path(state).open("w") for part in parts}
    logs[SYSTEM_PRINTER_NAME] = (state / "logs" / f"{parts[0].name}.supervisor.log").open("w")
    honcho_manager.KILL_WAIT = PATIENCE
    manager = Manager(printer=LogPrinter(logs))
    for part in parts:
        manager.add_process(part.name, f"exec {shlex.join(part.command)}", env={**os.environ, **part.environment})
    manager.loop()
    return int(manager.returncode or 0)


def end_with_parent() -> None:
    """The kernel sends SIGTERM here when the launcher dies, however it dies (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    end_with_parent()
    sys.exit(supervise(Path(sys.argv[1]), load_parts(sys.stdin.readline())))
