"""Months, as addresses name them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from compliance.base import clock
from compliance.base.errors import InvalidInput

_MONTH = re.compile(r"(20\d\d|2[1-9]\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """One month in UTC: from `since` up to, not including, `until`."""

    since: datetime
    until: datetime

    @property
    def name(self) -> str:
        """`2026-11`."""
        return f"{self.since:%Y-%m}"

    @property
    def words(self) -> str:
        """`November 2026`."""
        return f"{self.since:%B %Y}"

    @property
    def before(self) -> "Month":
        """The month before."""
        return _month_of(self.since - timedelta(days=1))

    @property
    def after(self) -> "Month":
        """The month after."""
        return _month_of(self.until)


def _month_of(at: datetime) -> Month:
    since = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Month(since, (since + timedelta(days=32)).replace(day=1))


def month_of(text: str) -> Month:
    """The month that `YYYY-MM` names, the present one for nothing. Raises InvalidInput."""
    if not text:
        return _month_of(clock.now())
    found = re.fullmatch(_MONTH, text)
    if found is None:
        raise InvalidInput("A month is written YYYY-MM. Nothing was changed.")
    return _month_of(datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC))
