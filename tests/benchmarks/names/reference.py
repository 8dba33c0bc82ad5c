"""Nomenklatura in an environment of its own, made on demand: it needs PyICU, which has to be compiled."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from marketplace.config.settings.environment import state_folder

LOCKED = Path(__file__).with_name("nomenklatura.txt")
PROGRAM = Path(__file__).with_name("logic_v2.py")
LOGIC_THRESHOLD = 0.7  # the one for which nomenklatura publishes its figures
UV = Path(sys.executable).with_name("uv")


class Unavailable(RuntimeError):
    """The environment could not be made; the message says why."""


class LogicV2:
    """A running logic-v2, asked line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Its answer. Raises RuntimeError when it died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("logic-v2 ended")
        found: dict[str, Any] = json.loads(line)
        return found

    def score(self, schema: str, query: dict[str, Any], candidate: dict[str, Any]) -> float:
        """How like it holds the two."""
        return float(self.ask({"schema": schema, "query": query, "candidate": candidate})["score"])


@contextmanager
def logic_v2() -> Iterator[LogicV2]:
    """A logic-v2 that runs as long as the block does. Raises Unavailable."""
    command = [str(_python()), str(PROGRAM)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield LogicV2(process)
        finally:
            process.terminate()


def _python() -> Path:
    """Its interpreter, in an environment with exactly the locked packages."""
    content = LOCKED.read_bytes()
    folder = state_folder() / f"nomenklatura-{sha256(content).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        _run([UV, "venv", "--clear", "--python", sys.executable, folder])
        install = [UV, "pip", "install", "--require-hashes", "--python", python, "-r", LOCKED]
        try:
            _run(install)
        except Unavailable:
            _run([*install, "--system-certs"])  # as a proxy that inspects TLS needs
        (folder / "complete").touch()
    return python


def _run(command: list[Any]) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"{Path(str(command[0])).name} {command[1]} failed: {last.strip()}")
