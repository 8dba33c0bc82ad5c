"""The short form of `make chaos`."""

import re
import subprocess
import sys

from tests.architecture.source import ROOT
from tests.environment import own_environment

ROUNDS = 8
STATE = ROOT / ".gridclear" / "chaos-short"


def test_nothing_is_lost_when_parts_die_under_load():
    """Another order of faults each day would be no test of a change: the seed stays."""
    command = [
        sys.executable,
        "-m",
        "tests.chaos",
        "--rounds",
        str(ROUNDS),
        "--seed",
        "20261179",
        "--state",
        str(STATE),
    ]
    ended = subprocess.run(command, cwd=ROOT, env=own_environment(), capture_output=True, text=True, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert re.search(r"^ +\d+ x came to running$", said, re.M), f"no lease ran under load:\n{said}"
    assert "x a party is frozen and released" in said
