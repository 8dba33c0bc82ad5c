"""Round after round: a random wait under load, a random fault; at the end the proof."""

import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from marketplace.config.settings.environment import ROOT
from tests.chaos.faults import draw
from tests.chaos.house import House

LONGEST_WAIT_SECONDS = 6.0


def play(state: Path, rounds: int, seed: int, migrated: Path | None = None) -> int:
    """The exit status of the proof after so many rounds in a fresh house; 0 when nothing was lost."""
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    print(f"chaos: {rounds} rounds, seed {seed}, logs in {state / 'logs'}", flush=True)
    house = House(state, migrated)
    try:
        house.start()
        _play_rounds(house, rounds, seed)
        return _proof(house)
    finally:
        house.stop()


def _play_rounds(house: House, rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    happened: Counter[str] = Counter()
    with _load(house, seed):
        for number in range(1, rounds + 1):
            time.sleep(dice.uniform(0.2, LONGEST_WAIT_SECONDS))
            fault = draw(dice)
            began = time.monotonic()
            fault.happen(house, dice)
            happened[fault.name] += 1
            again = "".join(f", {name} started again" for name in house.start_again())
            print(f"{number:4} {fault.name} ({time.monotonic() - began:.1f} s{again})", flush=True)
        house.wait_for()
        house.end_deeds()
        httpx.post(f"{house.environment['STRIPE_API_BASE']}/_control/heal", content="{}", timeout=30)
    for what, times in sorted(happened.items()):
        print(f"{times:6} x {what}", flush=True)


@contextmanager
def _load(house: House, seed: int) -> Iterator[None]:
    """Renters lease while the block runs, and have ended their last leases after it."""
    command = [sys.executable, "-m", "tests.chaos.load", str(house.state), str(seed)]
    load = subprocess.Popen(command, cwd=ROOT, env=house.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert load.stdin
    assert load.stdout
    try:
        if not load.stdout.readline():
            raise SystemExit("the load did not start")
        yield
        load.stdin.close()
        print(load.stdout.read().decode(), end="", flush=True)
    finally:
        load.kill()
        load.wait()


def _proof(house: House) -> int:
    command = [sys.executable, "-m", "tests.chaos.checks", str(house.state)]
    return subprocess.run(command, cwd=ROOT, env=house.environment, check=False).returncode
