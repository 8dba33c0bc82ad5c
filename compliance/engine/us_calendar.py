"""Business days of the United States government: what a deadline in business days is counted in. Pure.

Legal public holidays stand in 5 U.S.C. 6103(a). One that falls on a Saturday is observed on the Friday before, one on
a Sunday on the Monday after (6103(b), Executive Order 11582). Days off by executive order are not known in advance and
not counted: a deadline that is computed without them is never too late.
"""

from datetime import date, timedelta

_JUNETEENTH_SINCE = 2021
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6


def federal_holidays(year: int) -> dict[date, str]:
    """The holidays that are observed on a day of that year, by day."""
    # New Year's Day of the next year may be observed on the last day of this one.
    found = {_observed(day): name for other in (year, year + 1) for day, name in _legal(other).items()}
    return {day: name for day, name in sorted(found.items()) if day.year == year}


def is_business_day(day: date) -> bool:
    """Whether the federal government works on that day."""
    return day.weekday() < _SATURDAY and day not in federal_holidays(day.year)


def business_days_after(start: date, count: int) -> date:
    """The last day of a time of so many business days that begins on the day after `start`.

    Raises ValueError for less than one day.
    """
    if count < 1:
        raise ValueError("a time has one business day at least")
    day, left = start, count
    while left:
        day += timedelta(days=1)
        left -= is_business_day(day)
    return day


def _legal(year: int) -> dict[date, str]:
    days = {
        date(year, 1, 1): "New Year's Day",
        _nth(year, 1, _MONDAY, 3): "Birthday of Martin Luther King, Jr.",
        _nth(year, 2, _MONDAY, 3): "Washington's Birthday",
        _last_monday_of_may(year): "Memorial Day",
        date(year, 7, 4): "Independence Day",
        _nth(year, 9, _MONDAY, 1): "Labor Day",
        _nth(year, 10, _MONDAY, 2): "Columbus Day",
        date(year, 11, 11): "Veterans Day",
        _nth(year, 11, _THURSDAY, 4): "Thanksgiving Day",
        date(year, 12, 25): "Christmas Day",
    }
    if year >= _JUNETEENTH_SINCE:
        days[date(year, 6, 19)] = "Juneteenth National Independence Day"
    return days


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=(last.weekday() - _MONDAY) % 7)


def _observed(day: date) -> date:
    if day.weekday() == _SATURDAY:
        return day - timedelta(days=1)
    return day + timedelta(days=1) if day.weekday() == _SUNDAY else day
