"""Clocks and figures: how long, how many a second, and where the middle and the tail lie."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


@dataclass(frozen=True)
class Timing:
    """Durations of single calls, in seconds."""

    seconds: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return len(self.seconds) / sum(self.seconds)

    @property
    def p50_ms(self) -> float:
        return statistics.median(self.seconds) * 1000

    @property
    def p95_ms(self) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock on the wall, and seconds of processor that this process and its server spent together.

    The two take turns, so on a machine that does nothing else both are about the same. The server's part is its backend
    for this connection; where it cannot be read, the server being elsewhere, the wall stands for it.
    """

    wall: float
    processor: float

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall + other.wall, self.processor + other.processor)

    def each(self, count: int) -> "Spent":
        """Of one of so many."""
        return Spent(self.wall / count, self.processor / count)


class Meter:
    """Tells what calls spend, on one connection's server process."""

    def __init__(self, backend_pid: int) -> None:
        self._stat = Path(f"/proc/{backend_pid}/schedstat")

    def spend(self, call: Callable[[], Found]) -> tuple[Spent, Found]:
        """What the call spent, and what it returned."""
        wall, processor = time.perf_counter(), self._processor()
        found = call()
        passed = time.perf_counter() - wall
        now = self._processor()
        return Spent(passed, now - processor if now is not None and processor is not None else passed), found

    def _processor(self) -> float | None:
        try:
            # Nanoseconds on a processor come first.
            return time.process_time() + int(self._stat.read_text().split()[0]) / 1e9
        except OSError:
            return None


def time_each(call: Callable[[int], object], times: int, *, warm: int = 3) -> Timing:
    """Each of `times` calls is timed on its own, after a few that are not counted; the call gets its number."""
    for number in range(warm):
        call(number)
    found = []
    for number in range(warm, warm + times):
        began = time.perf_counter()
        call(number)
        found.append(time.perf_counter() - began)
    return Timing(tuple(found))


def machine() -> str:
    """Processor, cores, Python and how busy the machine is besides, in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, load average {load:.1f} beforehand"
