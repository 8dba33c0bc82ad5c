"""A whole house for the journeys: `make run` as a stranger runs it, in a state folder of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from marketplace.development.leftovers import leftovers_of
from tests.architecture.source import ROOT
from tests.environment import own_environment

START_SECONDS = 900
STOP_SECONDS = 90
SERVING = "Press Ctrl-C to stop every part."
# A house that runs already, by its state folder: for whoever works on these tests.
RUNNING_HOUSE = "GRIDCLEAR_JOURNEY_STATE"


@dataclass
class House:
    """A running house: its state folder and everything that its launcher printed."""

    state: Path
    printed: str

    @property
    def base_url(self) -> str:
        return str(json.loads((self.state / "environment.json").read_text())["GRIDCLEAR_BASE_URL"])

    def story(self) -> dict[str, str]:
        """How each scene ended."""
        scenes: dict[str, str] = json.loads((self.state / "story.json").read_text())["scenes"]
        return scenes


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    """`make run` has seeded, played the story and serves; afterwards Ctrl-C leaves no process behind."""
    if os.environ.get(RUNNING_HOUSE):
        yield House(Path(os.environ[RUNNING_HOUSE]), "")
        return
    state = ROOT / ".gridclear" / "journey"
    shutil.rmtree(state, ignore_errors=True)
    launcher = _start(state)
    try:
        yield House(state, _read_until_serving(launcher, state))
    finally:
        launcher.send_signal(signal.SIGINT)
        try:
            launcher.communicate(timeout=STOP_SECONDS)
        finally:
            launcher.kill()
    assert launcher.returncode == 0, "Ctrl-C is a good end"
    assert leftovers_of(state) == [], "processes were left behind"


def _start(state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "marketplace.development", "run"],
        cwd=ROOT,
        env={**own_environment(), "GRIDCLEAR_STATE": str(state)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _read_until_serving(launcher: subprocess.Popen[str], state: Path) -> str:
    assert launcher.stdout is not None
    watchdog = threading.Timer(START_SECONDS, launcher.kill)
    watchdog.start()
    lines: list[str] = []
    try:
        for line in launcher.stdout:
            lines.append(line)
            if SERVING in line:
                return "".join(lines)
    finally:
        watchdog.cancel()
    pytest.fail(f"the house does not serve; its logs are in {state / 'logs'}:\n{''.join(lines)[-4000:]}")
