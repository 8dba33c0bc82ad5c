"""Geometry of the charts that the server draws: bars and sparklines, as plain numbers for an SVG template."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar and its words."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Gridline:
    """A horizontal line at a round value."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """A bar chart of `width` by `height` units; bars begin right of `left`."""

    width: int
    height: int
    left: int
    bars: tuple[Bar, ...]
    gridlines: tuple[Gridline, ...]


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line and the area beneath it."""

    width: int
    height: int
    path: str
    area: str


def nice_ceiling(value: float) -> float:
    """The least of 1, 2, 5 times a power of ten that is not below `value`."""
    if value <= 0:
        return 1
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * step for step in (1, 2, 5, 10) if power * step >= value)


def bar_chart(
    points: Sequence[tuple[str, int]],
    *,
    words: Callable[[int], str],
    width: int = 720,
    height: int = 220,
    every: int = 1,
) -> BarChart:
    """Bars for (label, value) points; `words` puts a value into words, every `every`-th label is shown."""
    left, top, bottom = 84, 10, 26
    ceiling = nice_ceiling(max((value for _, value in points), default=0))
    room, tall = width - left, height - top - bottom
    step = room / max(len(points), 1)
    thick = min(step * 0.7, 40)

    def at(value: float) -> float:
        return round(top + tall * (1 - value / ceiling), 2)

    bars = tuple(
        Bar(
            x=round(left + step * i + (step - thick) / 2, 2),
            y=at(value),
            width=round(thick, 2),
            height=round(top + tall - at(value), 2),
            middle=round(left + step * (i + 0.5), 2),
            label=label if i % every == 0 else "",
            title=f"{label}: {words(value)}",
        )
        for i, (label, value) in enumerate(points)
    )
    gridlines = tuple(Gridline(at(ceiling * part), words(round(ceiling * part))) for part in (0, 0.5, 1))
    return BarChart(width, height, left, bars, gridlines)


def sparkline(values: Sequence[float], *, width: int = 112, height: int = 32) -> Sparkline:
    """A line through the values, from zero at the bottom to their greatest at the top."""
    if not values:
        values = [0]
    if len(values) == 1:
        values = [values[0], values[0]]
    top = max(max(values), 1e-9)
    step = width / (len(values) - 1)
    spots = [(round(i * step, 1), round(height - 2 - (height - 4) * value / top, 1)) for i, value in enumerate(values)]
    path = "M" + "L".join(f"{x} {y}" for x, y in spots)
    return Sparkline(width, height, path, f"{path}L{width} {height}L0 {height}z")
