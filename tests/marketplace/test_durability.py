"""Production stands on a database that keeps what it confirmed."""

import pytest
from django.core.checks import Tags, run_checks
from django.db import connection

from marketplace.durability import errors_of, keeps_what_it_confirmed


@pytest.mark.parametrize("commit", ["on", "local", "remote_write", "remote_apply"])
def test_a_server_that_waits_for_its_log_is_right(commit):
    assert errors_of({"fsync": "on", "synchronous_commit": commit}) == []


@pytest.mark.parametrize("name", ["fsync", "synchronous_commit"])
def test_one_that_may_forget_is_refused_with_what_to_do(name):
    (error,) = errors_of({"fsync": "on", "synchronous_commit": "on"} | {name: "off"})
    assert f"{name} = off" in error.msg
    assert f"ALTER SYSTEM RESET {name}" in error.hint


@pytest.mark.django_db
def test_production_asks_the_server_itself_and_development_does_not(settings):
    """The tests' own server has no fsync."""
    assert run_checks(tags=[Tags.database], databases=["default"]) == []
    settings.GRIDCLEAR_DEVELOPMENT = False
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")
    found = run_checks(tags=[Tags.database], databases=["default"])
    assert [error.id for error in found] == ["gridclear.fsync", "gridclear.synchronous_commit"]
    assert keeps_what_it_confirmed(databases=["default"]) == found
    assert keeps_what_it_confirmed(databases=None) == []


@pytest.mark.django_db
def test_the_development_server_forgets_nothing_when_it_is_killed():
    """`make chaos` kills it: what a client was told must stand, as it would in production."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
