"""The linters, the type check and the import contracts are tests like any other: one summary tells all."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

TOOLS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import contracts": ["lint-imports", "--no-logo"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tool_has_nothing_to_say(tool):
    program, *arguments = TOOLS[tool]
    result = subprocess.run(
        [Path(sys.executable).parent / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{result.stdout[-4000:]}\n{result.stderr[-2000:]}"


def test_makefile_knows_the_two_commands():
    targets = (ROOT / "Makefile").read_text()
    for target in ("run:", "test:", "demo:", "setup:", "bench:"):
        assert f"\n{target}" in targets
