"""django-hordak's transfers on the same server: an environment made on demand, a database of its own, one client."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from tests.benchmarks.measure import Spent

PROJECT = Path(__file__).parent / "hordak"
DATABASE = "gridclear_bench_hordak"
MINUTES = 5


@dataclass(frozen=True)
class HordakRate:
    """What a transfer spends, or why there is no figure."""

    each: Spent | None = None
    failure: str = ""


def measure_hordak(transfers: int) -> HordakRate:
    """So many transfers of a cent between two accounts, each in its own transaction, as the library is used."""
    try:
        python = _environment()
        found = _run([python, str(PROJECT / "transfers.py"), str(transfers)], {"DATABASE_URL": _database()})
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", "") or str(error)
        return HordakRate(failure=output.strip().splitlines()[-1][:200] if output.strip() else repr(error))
    answer = json.loads(found)
    return HordakRate(Spent(answer["seconds"], answer["processor_seconds"]).each(answer["transfers"]))


def _environment() -> str:
    """The interpreter of the locked environment, made if it is not there."""
    folder = Path(settings.STATE_DIR).resolve() / "hordak"
    uv = Path(sys.executable).with_name("uv")
    sync = [str(uv), "sync", "--frozen", "--project", str(PROJECT), "--python", sys.executable]
    _run(sync, {"UV_PROJECT_ENVIRONMENT": str(folder)})
    return str(folder / "bin" / "python")


def _database() -> str:
    """The URL of an empty database beside the benchmark's."""
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{DATABASE}"')
    found = {name: quote(str(connection.settings_dict[name]), safe="") for name in ("USER", "PASSWORD", "HOST", "PORT")}
    return "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**found) + DATABASE


def _run(command: list[str], environment: dict[str, str]) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        command, env=kept | environment, capture_output=True, text=True, check=True, timeout=MINUTES * 60
    )
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
