"""Foundry's fuzzer and invariants, in their short form; `make contracts` runs the longer one."""

import os
import re
import subprocess

import pytest

from settlement.contracts.toolchain import CONTRACTS, ToolMissing, forge_binary, node_binary, solc_script
from tests.environment import cannot_check

pytestmark = pytest.mark.chain

PROPERTIES = 25


def test_fuzzer_and_invariants_find_nothing():
    try:
        forge, node = forge_binary(), node_binary()
        solc_script()
    except ToolMissing as missing:
        cannot_check(f"No fuzzer: {missing}")
    done = subprocess.run(
        [forge, "test", "--offline"],
        cwd=CONTRACTS,
        env=os.environ | {"GRIDCLEAR_NODE": str(node), "FOUNDRY_PROFILE": "quick"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    (passed, failed) = map(int, re.findall(r"(\d+) tests passed, (\d+) failed", done.stdout)[-1])
    assert (passed, failed) == (PROPERTIES, 0)
