"""Federal holidays as the government observed them, and deadlines counted by them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.report_forms import ANNUAL, BLOCKED, FORMS, REJECTED, SUSPICIOUS, UNBLOCKED, due_on
from compliance.engine.us_calendar import business_days_after, federal_holidays, is_business_day

# As the Office of Personnel Management published them.
OBSERVED = {
    2021: [
        "01-01", "01-18", "02-15", "05-31", "06-18", "07-05", "09-06", "10-11", "11-11", "11-25", "12-24", "12-31",
    ],
    2022: ["01-17", "02-21", "05-30", "06-20", "07-04", "09-05", "10-10", "11-11", "11-24", "12-26"],
    2023: ["01-02", "01-16", "02-20", "05-29", "06-19", "07-04", "09-04", "10-09", "11-10", "11-23", "12-25"],
    2026: ["01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "09-07", "10-12", "11-11", "11-26", "12-25"],
    2027: [
        "01-01", "01-18", "02-15", "05-31", "06-18", "07-05", "09-06", "10-11", "11-11", "11-25", "12-24", "12-31",
    ],
}  # fmt: skip


@pytest.mark.parametrize("year", OBSERVED)
def test_holidays_are_those_that_the_government_observes(year):
    assert [f"{day:%m-%d}" for day in federal_holidays(year)] == OBSERVED[year]


def test_juneteenth_is_a_holiday_since_2021():
    assert "Juneteenth National Independence Day" not in federal_holidays(2020).values()
    assert date(2021, 6, 18) in federal_holidays(2021)


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("2026-11-02", "2026-11-17"),  # over Veterans Day
        ("2026-11-20", "2026-12-07"),  # over Thanksgiving
        ("2026-12-18", "2027-01-05"),  # over Christmas and New Year
        ("2026-11-21", "2026-12-07"),  # from a Saturday
        ("2026-06-05", "2026-06-22"),  # over Juneteenth
        ("2027-12-23", "2028-01-10"),  # Christmas on a Friday before, New Year on the last day of the old year
    ],
)
def test_ten_business_days(start, last):
    assert due_on(BLOCKED, date.fromisoformat(start)).isoformat() == last


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 30))
def test_a_time_in_business_days_has_that_many_and_ends_on_one(start, count):
    last = business_days_after(start, count)
    days = [start + timedelta(days=n) for n in range(1, (last - start).days + 1)]
    assert sum(map(is_business_day, days)) == count
    assert is_business_day(last)


def test_a_time_without_a_day_is_refused():
    with pytest.raises(ValueError, match="one business day"):
        business_days_after(date(2026, 1, 1), 0)


def test_each_report_has_its_own_time():
    day = date(2026, 11, 25)
    assert due_on(SUSPICIOUS, day) == date(2026, 12, 25)
    assert due_on(ANNUAL, date(2026, 6, 30)) == date(2026, 9, 30)
    assert due_on(REJECTED, day) == due_on(UNBLOCKED, day) == date(2026, 12, 10)


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_forms_are_whole_and_honest(form):
    keys = [field.key for field in form.fields]
    assert len(set(keys)) == len(keys)
    assert form.citation
    assert form.source_url.startswith("https://")
    assert "Binds" in form.basis
    assert {field.key for field in form.missing({})} == {field.key for field in form.fields if field.needed}
    assert form.missing({field.key: "x" for field in form.fields}) == []
    assert form.missing({field.key: "  " for field in form.fields}) == form.missing({})
    assert form.secret == (form.kind == SUSPICIOUS)
