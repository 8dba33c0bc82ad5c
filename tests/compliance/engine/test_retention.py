"""Retention as data: whole, cited, and never ending by mistake."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.packs import POLICIES
from compliance.engine.retention import (
    RetentionInvalid,
    kept_until,
    load_schedule,
    months_after,
    schedule_in_force,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SCHEDULE = schedule_in_force(NOW)


def test_the_schedule_keeps_what_the_law_wants_for_as_long_as_it_wants():
    months = {code: each.months for code, each in SCHEDULE.classes.items()}
    assert months["sanctions"] == 120
    assert months["export"] == 60
    assert "31 CFR 501.601" in SCHEDULE.classes["sanctions"].citation
    assert "15 CFR 762.6" in SCHEDULE.classes["export"].citation
    for each in SCHEDULE.classes.values():
        assert each.citation
        assert each.runs_from
        assert each.source_url.startswith("https://")
        assert (each.kind == "POLICY") == each.citation.startswith("Gridclear policy")


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-11-25", 120, "2036-11-25"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2027-01-15", -1, "2026-12-15"),
        ("2026-03-31", -1, "2026-02-28"),
    ],
)
def test_months_end_on_the_same_day_or_the_last_there_is(start, months, end):
    assert months_after(datetime.fromisoformat(start), months) == datetime.fromisoformat(end)


@given(st.integers(0, 36_525), st.integers(1, 240))
def test_more_months_never_end_sooner(days, months):
    start = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=days)
    assert start < months_after(start, months) <= months_after(start, months + 1)


def test_the_last_class_decides():
    old = datetime(2010, 1, 1, tzinfo=UTC)
    assert kept_until(SCHEDULE, [("dormant", NOW), ("sanctions", old)]) == months_after(NOW, 12)
    assert kept_until(SCHEDULE, [("dormant", old), ("export", NOW)]) == months_after(NOW, 60)


@pytest.mark.parametrize(
    "clocks", [[], [("dormant", None)], [("unheard_of", NOW)], [("dormant", NOW), ("export", None)]]
)
def test_what_is_not_known_never_ends(clocks):
    assert kept_until(SCHEDULE, clocks) is None


CLASS = """[[classes]]
code="a"
what="subject"
title="t"
kind="LAW"
months=1
runs_from="r"
citation="c"
source_url="u"
"""
HEAD = 'id="retention"\nversion="x"\nin_force_from=2026-01-01\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense = [",
        HEAD,
        HEAD + CLASS + CLASS,
        HEAD + CLASS.replace('what="subject"', 'what="everything"'),
        HEAD + CLASS.replace('kind="LAW"', 'kind="HABIT"'),
        HEAD + CLASS.replace("months=1", "months=0"),
        HEAD + CLASS.replace("months=1", 'months="1"'),
        HEAD + CLASS.replace("months=1", "months=-5"),
        HEAD + CLASS.replace('title="t"\n', ""),
        HEAD + CLASS + "extra = 1\n",
    ],
)
def test_a_schedule_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "retention.toml").write_text(text)
    with pytest.raises(RetentionInvalid):
        load_schedule(tmp_path)


def test_before_the_first_schedule_and_without_a_manifest_nothing_is_in_force(tmp_path):
    with pytest.raises(RetentionInvalid, match="in force"):
        schedule_in_force(datetime(2020, 1, 1, tzinfo=UTC), POLICIES)
    with pytest.raises(RetentionInvalid):
        schedule_in_force(NOW, tmp_path)
