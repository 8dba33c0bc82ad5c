"""Runs one management command to its end, as a child that carries the launcher's environment."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from marketplace.development.environment import ROOT
from marketplace.development.errors import DevelopmentError


def run_quietly(name: str, arguments: Sequence[str], state: Path, environment: Mapping[str, str]) -> str:
    """The command has ended well; returns what it printed. Raises DevelopmentError with its last words."""
    log = state / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    said = log.read_text(errors="replace")
    if result.returncode != 0:
        tail = "\n".join(said.splitlines()[-15:])
        raise DevelopmentError(f"`manage.py {' '.join(arguments)}` failed; its log is {log}:\n{tail}")
    return said


def run_visibly(arguments: Sequence[str], environment: Mapping[str, str], check: Callable[[], None]) -> int:
    """The command has ended on this terminal; returns its exit status.

    `check` is called twice a second and may raise, for example when a part the command relies on has
    crashed; the command is then ended first.
    """
    process = subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, env=dict(environment))
    try:
        while process.poll() is None:
            check()
            time.sleep(0.5)
        return process.returncode
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
