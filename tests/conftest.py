"""Real parts for every test: PostgreSQL and Redis are started once for the checkout, and shared by the workers."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from pytest_django import DjangoDbBlocker

from compliance.base.clock import ManualClock, use_clock
from marketplace.config.settings.environment import ROOT, database
from marketplace.development.geography import write_world
from marketplace.development.services import start_postgres, start_redis
from tests.cast import Cast, build_cast
from tests.database import empty_quickly, migrated_template
from tests.shared_cast import shared

SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journeys begin at once: their house takes minutes to play its story, at the end nothing would fill them."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A real PostgreSQL: DATABASE_URL's, or an embedded one under the state folder."""
    return os.environ.get("DATABASE_URL") or start_postgres(Path(settings.STATE_DIR))


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A real Redis, empty or shared: tests use their own key prefixes."""
    return os.environ.get("TEST_REDIS_URL") or start_redis(Path(settings.STATE_DIR)).url


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    postgres_url: str, django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """The test database lies in that PostgreSQL, copied from a migrated one."""
    live = connections["default"].settings_dict
    found = database(postgres_url)
    for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT"):
        live[key] = found[key]
    live["NAME"] = "postgres"
    with django_db_blocker.unblock():
        live["TEST"]["TEMPLATE"] = migrated_template(Path(settings.STATE_DIR))
    empty_quickly()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database is there, and from now on the cast may have one beside it."""
    live = connections["default"].settings_dict
    shared.plain, shared.template, shared.blocker = live["NAME"], live["TEST"]["TEMPLATE"], django_db_blocker
    yield
    shared.end()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that take the shared cast meet its database, all others the plain one."""
    asked = getattr(item, "fixturenames", ())
    shared.choose(beside="shared_cast" in asked and "transactional_db" not in asked)


@pytest.fixture
def shared_cast(db: None, clock: ManualClock) -> Cast:
    """Everybody of tests/cast.py, to be changed at will."""
    return shared.copied() if shared.is_there else build_cast()


@pytest.fixture(autouse=True, scope="session")
def _documents(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Sealed documents of the tests lie in a folder that pytest clears away."""
    settings.STORAGES["documents"]["OPTIONS"]["location"] = tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="session", autouse=True)
def _small_world() -> None:
    """The test settings' files that tell where an internet address is."""
    write_world(Path(settings.GEOIP_PLACES_FILE).parent, here="SG")


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def clock() -> Iterator[ManualClock]:
    """A clock that stands still a moment ahead of the machine's and moves only by `clock.advance(...)`.

    It starts at the present because the database's own guards compare with the server's time too.
    """
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    with use_clock(ManualClock(start)) as manual:
        yield manual  # type: ignore[misc]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real lists and cases beside the checkout; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of real data (../shared/data) is absent")
    return SHARED_DATA
