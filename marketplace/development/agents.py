"""The providers' agents of the seeded world: each enrols once, then runs as one more part."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from marketplace.development.errors import DevelopmentError
from marketplace.development.parts import Part
from marketplace.development.vantages import pretended_place
from marketplace.development.world import SUPPLIES, Supply

GRIDCLEAR = Path(sys.executable).parent / "gridclear"
RUNNING = "gridclear agent: running"


def agent_folder(state: Path, supply: Supply) -> Path:
    """Where the node's agent keeps its key."""
    return state / "agents" / supply.name


def tokens_file(state: Path) -> Path:
    """Where the seed leaves the one-time tokens of nodes that must enrol."""
    return state / "agents" / "tokens.json"


def enrolled_node_id(state: Path, supply: Supply) -> str | None:
    """The node that the agent in this folder believes to be; None when it never enrolled."""
    path = agent_folder(state, supply) / "enrolment.json"
    return str(json.loads(path.read_text())["node_id"]) if path.exists() else None


def agent_parts(state: Path, environment: Mapping[str, str]) -> list[Part]:
    """Every seeded node's agent is enrolled; returns the parts that run them."""
    path = tokens_file(state)
    tokens: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    for supply in SUPPLIES:
        if supply.name in tokens:
            _enrol(state, supply, tokens[supply.name], environment)
    path.unlink(missing_ok=True)
    return [_part(state, supply) for supply in SUPPLIES]


def _enrol(state: Path, supply: Supply, token: str, environment: Mapping[str, str]) -> None:
    folder = agent_folder(state, supply)
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        *(str(GRIDCLEAR), "agent", "enrol", "--url", environment["GRIDCLEAR_BASE_URL"]),
        *("--state", str(folder), "--simulate-gpu", supply.simulate, "--simulate-beside-real-gpus"),
    ]
    result = subprocess.run(
        command,
        # Not an argument: every account of this machine can read arguments.
        env={**environment, "GRIDCLEAR_ENROL_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise DevelopmentError(f"The agent of {supply.name} could not enrol: {result.stdout}{result.stderr}")


def _part(state: Path, supply: Supply) -> Part:
    folder = str(agent_folder(state, supply))
    place = f"GRIDCLEAR_AGENT_PRETEND_PLACE={pretended_place(supply)}"
    command = ["env", place, str(GRIDCLEAR), "agent", "run", "--state", folder, "--simulate-beside-real-gpus"]
    return Part(f"agent-{supply.name}", command, ready_line=RUNNING)
