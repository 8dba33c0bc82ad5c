"""A scene with real books, and one beside a stand-in card network."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection, connections

from compliance.base import enqueue
from compliance.base.clock import ManualClock
from marketplace.development.postgres import binaries
from settlement.rails.standin.server import StandinServer
from tests.settlement.scene import Doorbell, Scene, build_scene


@pytest.fixture
def doorbell(monkeypatch: pytest.MonkeyPatch) -> Doorbell:
    """What is enqueued on commit waits here until it is rung."""
    bell = Doorbell()
    monkeypatch.setattr(enqueue, "current_app", bell)
    return bell


@pytest.fixture
def money(transactional_db: None, clock: ManualClock, doorbell: Doorbell) -> Scene:
    """Renter, provider, empty books; commits are real."""
    return build_scene(lambda: doorbell)


@pytest.fixture
def card(money: Scene, settings, tmp_path: Path) -> Iterator[Scene]:
    """The scene beside a card network; its webhooks are delivered by hand."""
    network = StandinServer(
        port=0,
        state=str(tmp_path / "card.sqlite"),
        webhook_url="http://127.0.0.1:9/",
        webhook_secret=settings.STRIPE_WEBHOOK_SECRET,
    )
    network.start()
    settings.STRIPE_API_BASE = network.url
    money.network = network
    yield money
    network.close()


@pytest.fixture
def backup(tmp_path: Path) -> Callable[[], Callable[[], None]]:
    """Called, it makes a backup with PostgreSQL's own program; what it returns restores that."""
    path, database = tmp_path / "backup", connection.settings_dict
    where = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environment = os.environ | {name: str(database[key]) for name, key in where.items()}

    def run(name: str, *arguments: str) -> None:
        connections.close_all()
        done = subprocess.run(
            [binaries() / name, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def dump() -> Callable[[], None]:
        run("pg_dump", "--format=custom", f"--file={path}")
        clean = ("--clean", "--if-exists", "--exit-on-error", "--single-transaction")
        return lambda: run("pg_restore", *clean, f"--dbname={database['NAME']}", str(path))

    return dump
