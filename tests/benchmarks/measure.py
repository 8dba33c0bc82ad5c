"""Clocks and figures: how long, how many a second, and where the middle and the tail lie."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


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
