"""The suite's databases: copied from a migrated template, and emptied after tests that commit.

Migrating takes many seconds, a copy takes less than one; so the migrated database is kept in the
checkout's PostgreSQL, named by what the migrations say. Emptying only the tables that hold rows
spares the files of all the others.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import django
import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ProgrammingError
from django.test import TransactionTestCase

from marketplace.config.settings.environment import ROOT
from marketplace.development.ports import exclusive

PREFIX = "gridclear_migrated_"
# What Django writes after migrating: the same in every test.
KEPT = ("django_migrations", "django_content_type", "auth_permission", "django_site")


def migrated_template(state: Path) -> str:
    """The name of a database in which every migration has run; made when the migrations have changed.

    Needs `connections["default"]` to point at a database that may be connected to for administration.
    Safe to call from several processes at once.
    """
    name = PREFIX + _fingerprint()
    with exclusive(state / "template.lock"), closing(administration()) as link:
        held = {row[0] for row in link.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}%"])}
        if name not in held:
            for old in held:
                link.execute(f'DROP DATABASE "{old}" WITH (FORCE)'.encode())
            _migrate(link, name)
    return name


def around() -> transaction.Atomic:
    """A transaction as Django puts it around a test: one inside it counts as a whole one."""
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]
    return atomic


@contextmanager
def undone() -> Iterator[None]:
    """What the block did is undone at its end."""
    with around():
        yield
        transaction.set_rollback(True)


def empty_quickly() -> None:
    """A test that commits leaves empty tables behind, at the cost of the tables it wrote."""
    usual = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        if not _emptied(connections["default"]):
            with _no_walls(connections["default"]):
                usual(self)

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]


def administration() -> "psycopg.Connection[Any]":
    """A connection of its own to where Django's leads, for making databases and dropping them."""
    live = connections["default"].settings_dict
    return psycopg.connect(
        dbname=live["NAME"],
        user=live["USER"],
        password=live["PASSWORD"],
        host=live["HOST"],
        port=live["PORT"],
        autocommit=True,
        **live["OPTIONS"],
    )


def _migrate(link: "psycopg.Connection[Any]", name: str) -> None:
    """Under a name for the time being: what is half made is never taken for the template."""
    making = f"{name}_making"
    link.execute(f'DROP DATABASE IF EXISTS "{making}" WITH (FORCE)'.encode())
    link.execute(f'CREATE DATABASE "{making}"'.encode())
    connection = connections["default"]
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = making
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
    link.execute(f'ALTER DATABASE "{making}" RENAME TO "{name}"'.encode())


def _fingerprint() -> str:
    """Changes with any migration of this checkout, any SQL beside it, and any release that brings migrations."""
    digest = hashlib.sha256(django.__version__.encode())
    for config in sorted(apps.get_app_configs(), key=lambda each: each.label):
        folder = Path(config.path) / "migrations"
        inside = Path(config.path).is_relative_to(ROOT) and ".venv" not in Path(config.path).parts
        for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if file.suffix in {".py", ".sql"}:
                digest.update(f"{config.label}/{file.name}".encode())
                digest.update(file.read_bytes() if inside else b"")
    return digest.hexdigest()[:16]


@cache
def _tables(database: str, introspect: Callable[[], list[str]]) -> tuple[str, ...]:
    return tuple(sorted(set(introspect()) - set(KEPT)))


@contextmanager
def _no_walls(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Django empties tables by TRUNCATE, which walls refuse: the tables' owner takes these down for the moment."""
    tables = _tables(connection.settings_dict["NAME"], connection.introspection.table_names)
    quoted = [connection.ops.quote_name(table) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in quoted))
        try:
            yield
        finally:
            cursor.execute("; ".join(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in quoted))


def _emptied(connection: BaseDatabaseWrapper) -> bool:
    """False when this role may not switch triggers off, and nothing was done."""
    tables = _tables(connection.settings_dict["NAME"], connection.introspection.table_names)
    quoted = [connection.ops.quote_name(table) for table in tables]
    asked = " UNION ALL ".join(f"SELECT {n} WHERE EXISTS (SELECT FROM {table})" for n, table in enumerate(quoted))
    with connection.cursor() as cursor:
        try:
            cursor.execute("SET session_replication_role = replica")
        except ProgrammingError:
            return False
        try:
            cursor.execute(asked)
            for (number,) in cursor.fetchall():
                cursor.execute(f"DELETE FROM {quoted[number]}")
        finally:
            cursor.execute("RESET session_replication_role")
    return True
