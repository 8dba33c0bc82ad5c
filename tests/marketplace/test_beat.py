"""The beat starts again whatever its last life left behind."""

import dbm

import pytest

from marketplace.config.beat import SturdyScheduler
from marketplace.config.celery import app


def started(path):
    scheduler = SturdyScheduler(app=app, schedule_filename=str(path), lazy=False)
    entries = dict(scheduler.schedule)
    scheduler.close()
    return entries


@pytest.mark.parametrize("left", [b"", b"\x80\x04\x95", b"no pickle at all"])
def test_a_schedule_cut_off_while_it_was_written_is_begun_anew(tmp_path, left):
    path = tmp_path / "schedule"
    assert started(path)
    with dbm.open(str(path), "w") as book:
        book[b"entries"] = left
    assert "settlement.sweep_holds" in started(path)


def test_what_ran_when_is_remembered_over_a_restart(tmp_path):
    path = tmp_path / "schedule"
    first = started(path)["settlement.sweep_holds"].last_run_at
    assert started(path)["settlement.sweep_holds"].last_run_at == first
