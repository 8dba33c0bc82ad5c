"""Time, as the agent sees it: one that can be set for proofs and deadlines, one that only runs for usage."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the agent asks about time."""

    def unix(self) -> float:
        """Seconds since 1970 by the machine's clock, which somebody may set."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; the only measure of usage."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Returns after `seconds`, or at once when the event is set."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def unix(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> None:
        event.wait(seconds)
