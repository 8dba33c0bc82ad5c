"""Leases opened end to end, against bare inserts of the very rows that they left in the database."""

import time
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction
from psycopg import sql

from marketplace.services import leases
from marketplace.services.lease_terms import LeaseRequest
from tests.benchmarks.measure import Timing, time_each
from tests.benchmarks.world import World

OWN_APPS = ("compliance", "settlement", "marketplace")


@dataclass(frozen=True)
class LeaseRate:
    """Leases per second end to end, bare inserts of the same rows per second, and how many rows one lease is."""

    end_to_end: Timing
    bare_per_second: float
    rows_per_lease: float

    @property
    def ratio(self) -> float:
        """How many times longer a lease takes than its bare rows."""
        return self.bare_per_second / self.end_to_end.per_second


def measure_leases(world: World, count: int) -> LeaseRate:
    """`count` leases were opened one after another, and their rows inserted again into bare tables."""
    warm = 3
    for number in range(warm):
        open_lease(world, number)
    before = _keys()
    timing = time_each(lambda number: open_lease(world, number), count, warm=0)
    rows = {table: _rows_since(table, keys) for table, keys in before.items()}
    total = sum(len(found) for found in rows.values())
    return LeaseRate(timing, _insert_bare(rows, count), total / count)


def open_lease(world: World, _number: int) -> None:
    """One GPU is leased for an hour from the prepaid balance: gate, lease, allocation, hold, ledger, audit."""
    request = LeaseRequest(
        organization_id=world.renter.pk,
        offer_id=world.offer.pk,
        gpu_count=1,
        seconds=3600,
        rail="balance",
        image="gridclear/demo:1",
        end_use="Measuring how fast leases open",
        end_user={"kind": "self"},
    )
    leases.request_lease(request, user=world.renter_user, actor=world.renter_user.as_actor())


def _tables() -> list[tuple[str, str]]:
    return [
        (model._meta.db_table, model._meta.pk.column)
        for app in OWN_APPS
        for model in apps.get_app_config(app).get_models()
    ]


def _keys() -> dict[str, tuple[str, list[object]]]:
    found = {}
    with connection.cursor() as cursor:
        for table, key in _tables():
            cursor.execute(f'SELECT "{key}" FROM "{table}"')
            found[table] = (key, [row[0] for row in cursor.fetchall()])
    return found


def _rows_since(table: str, known: tuple[str, list[object]]) -> list[tuple[object, ...]]:
    key, keys = known
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" WHERE NOT ("{key}" = ANY(%s))', [keys])
        return list(cursor.fetchall())


def _insert_bare(rows: dict[str, list[tuple[object, ...]]], count: int) -> float:
    """The rows stand again in copies of their tables (indexes, no triggers, no foreign keys), a transaction a lease."""
    statements = _copies(rows)
    shares = [
        [(statements[table], row) for table, found in rows.items() for row in found[number::count]]
        for number in range(count)
    ]
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for share in shares:
            with transaction.atomic():
                for statement, row in share:
                    cursor.execute(statement, row)
    return count / (time.perf_counter() - began)


def _copies(rows: dict[str, list[tuple[object, ...]]]) -> dict[str, str]:
    statements = {}
    with connection.cursor() as cursor:
        for table, found in rows.items():
            if found:
                copy = f"bare_{table}"
                cursor.execute(f'CREATE TABLE "{copy}" (LIKE "{table}" INCLUDING DEFAULTS INCLUDING INDEXES)')
                values = sql.SQL(", ").join([sql.Placeholder()] * len(found[0]))
                insert = sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(copy), values)
                statements[table] = insert.as_string(None)
    return statements
