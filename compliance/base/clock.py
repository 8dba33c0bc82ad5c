"""The one source of time. Every business timestamp in Gridclear comes from `now()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that tells an aware UTC instant."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until told to move; for tests and replays."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> datetime:
        """The clock stands later by the given span; returns the new instant."""
        self._at += timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        return self._at


_SYSTEM_CLOCK = SystemClock()
_clock: ContextVar[Clock | None] = ContextVar("gridclear_clock", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return (_clock.get() or _SYSTEM_CLOCK).now()


@contextmanager
def use_clock(clock: Clock) -> Iterator[Clock]:
    """Within the block, `now()` asks the given clock."""
    token = _clock.set(clock)
    try:
        yield clock
    finally:
        _clock.reset(token)
