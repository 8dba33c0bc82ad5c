"""The short form of `make chaos`."""

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections

from marketplace.development.postgres import binaries
from tests.architecture.source import ROOT
from tests.database import administration
from tests.environment import own_environment

ROUNDS = 8
STATE = ROOT / ".gridclear" / "chaos-short"


@pytest.fixture
def migrated(postgres_url: str, django_db_setup: None, tmp_path: Path) -> list[str]:
    """Arguments that spare the house its migrations, which the house of the journeys goes through one by one."""
    if "DATABASE_URL" in os.environ:
        return []  # Of whatever release it is: its dump may be none for the embedded one.
    live, file = connections["default"].settings_dict, tmp_path / "migrated.dump"
    copied = f"{live['NAME']}_dumped"
    with closing(administration()) as link:
        link.execute(f'DROP DATABASE IF EXISTS "{copied}" WITH (FORCE)'.encode())
        # Dumped from a copy: whoever is connected to the template keeps other workers from copying it.
        link.execute(f'CREATE DATABASE "{copied}" TEMPLATE "{live["TEST"]["TEMPLATE"]}"'.encode())
        address = f"{postgres_url.rpartition('/')[0]}/{copied}"
        subprocess.run([binaries() / "pg_dump", "--format=custom", "--file", file, address], check=True)
        link.execute(f'DROP DATABASE "{copied}"'.encode())
    return ["--migrated", str(file)]


def test_nothing_is_lost_when_parts_die_under_load(migrated):
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
        *migrated,
    ]
    ended = subprocess.run(command, cwd=ROOT, env=own_environment(), capture_output=True, text=True, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert re.search(r"^ +\d+ x came to running$", said, re.M), f"no lease ran under load:\n{said}"
    assert "x a party is frozen and released" in said
