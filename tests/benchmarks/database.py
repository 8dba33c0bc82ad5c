"""A database of its own for the benchmarks: made empty, migrated, on the embedded server."""

import os

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from marketplace.config.settings.environment import database, state_folder
from marketplace.development.postgres import start_postgres

NAME = "gridclear_bench"


def open_database() -> str:
    """Django is set up on an empty, migrated database; returns the server's durability settings in words."""
    url = os.environ.get("DATABASE_URL") or start_postgres(state_folder())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{NAME}"')
        durability = ", ".join(
            f"{name} {connection.execute(f'SHOW {name}').fetchone()[0]}" for name in ("fsync", "synchronous_commit")
        )
        version = connection.execute("SHOW server_version").fetchone()[0]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.config.settings.test")
    settings.DATABASES["default"] = database(url) | {"NAME": NAME}
    django.setup()
    connections.close_all()
    call_command("migrate", verbosity=0)
    return f"PostgreSQL {version} ({durability})"
