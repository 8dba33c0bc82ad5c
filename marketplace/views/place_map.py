"""The map of a node's declared place against what vantage points measured: plain numbers for an SVG template."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from compliance.base import clock
from compliance.engine.facts import NodePlace
from compliance.engine.globe import Point, circle
from compliance.engine.place_check import Held, held_against
from compliance.selectors.vantages import node_place
from marketplace.models import Node

WIDTH, TOP, BOTTOM = 360.0, 84.0, -58.0  # degrees: the window of the picture
SHOWN_FOR = timedelta(hours=72)
KM_PER_DEGREE = 111.2
_WORLD_KM = 18_000.0  # a circle of this radius says next to nothing, and has no good picture


@dataclass(frozen=True, slots=True)
class Ring:
    """A circle on the globe, once for each turn of the world that the window shows: its area and its outline."""

    area: str
    line: str
    kind: str  # declared | possible | impossible


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with its name."""

    x: float
    y: float
    name: str
    kind: str  # declared | vantage | impossible
    anchor: str = "start"

    @property
    def left(self) -> float:
        """The left edge of a vantage point's square."""
        return round(self.x - 1.8, 1)

    @property
    def above(self) -> float:
        """The upper edge of a vantage point's square."""
        return round(self.y - 1.8, 1)

    @property
    def text_x(self) -> float:
        """Where the name begins, or ends."""
        return round(self.x + (4 if self.anchor == "start" else -4), 1)

    @property
    def text_y(self) -> float:
        """The base line of the name."""
        return round(self.y + (2.4 if self.kind != "declared" else -4), 1)


@dataclass(frozen=True, slots=True)
class Row:
    """One vantage point in words; ms and km."""

    vantage: str
    least_ms: float
    reach_km: int
    nearest_km: int
    possible: bool
    held: Held


@dataclass(frozen=True, slots=True)
class PlaceMap:
    """The picture and its words. `land_x` are the shifts at which the coast lines are drawn."""

    label: str
    known: bool
    verdict: str  # possible | impossible | unmeasured
    rows: tuple[Row, ...]
    rings: tuple[Ring, ...] = ()
    marks: tuple[Mark, ...] = ()
    land_x: tuple[float, ...] = ()
    width: float = WIDTH
    height: float = TOP - BOTTOM
    top: float = TOP

    @property
    def description(self) -> str:
        """The picture in a sentence."""
        if not self.rows:
            return f"Declared place: {self.label}. No vantage point has measured it."
        told = "; ".join(f"at most {row.reach_km} km from {row.vantage}" for row in self.rows)
        return f"Declared place: {self.label}. Measured: {told}."


def map_of(node: Node) -> PlaceMap:
    """The node's declared place and what was measured in the last three days."""
    return picture(node_place(node.pk, node.country, node.region, node.city, clock.now(), SHOWN_FOR))


def picture(place: NodePlace) -> PlaceMap:
    """The map around the declared place."""
    held = held_against(place, place.round_trips)
    rows = tuple(_row(each) for each in sorted(held, key=lambda each: each.reach_km))
    verdict = "unmeasured" if not rows else "possible" if all(row.possible for row in rows) else "impossible"
    if place.latitude is None or place.longitude is None:
        return PlaceMap(place.label, False, "unmeasured", rows)
    centre = (place.latitude, place.longitude)
    view = _Window(place.longitude)
    rings = [Ring(*view.ring(centre, place.radius_km), "declared")]
    rings += [
        Ring(*view.ring((row.held.trip.latitude, row.held.trip.longitude), row.held.reach_km), _kind(row))
        for row in rows
        if row.held.reach_km < _WORLD_KM
    ]
    marks = [view.mark(centre, place.label.partition(",")[0], "declared")]
    marks += [view.mark((r.held.trip.latitude, r.held.trip.longitude), r.vantage, _mark(r)) for r in rows]
    return PlaceMap(place.label, True, verdict, rows, tuple(rings), tuple(marks), view.turns)


class _Window:
    """An equirectangular picture with one meridian in its middle."""

    def __init__(self, middle: float) -> None:
        self._middle = middle
        self.turns = tuple(round(WIDTH / 2 - middle + turn * WIDTH, 2) for turn in (-1, 0, 1))

    def x(self, longitude: float) -> float:
        return (longitude - self._middle + 540) % 360

    def mark(self, point: Point, name: str, kind: str) -> Mark:
        x = self.x(point[1])
        return Mark(round(x, 1), round(TOP - point[0], 1), name, kind, "end" if x > WIDTH * 0.8 else "start")

    def ring(self, centre: Point, radius_km: float) -> tuple[str, str]:
        """The circle's area and outline as paths. One that holds a pole is a wave, filled to the picture's edge."""
        at = self.x(centre[1])
        points = [(((lon - centre[1] + 540) % 360) - 180 + at, TOP - lat) for lat, lon in circle(centre, radius_km)]
        if abs(centre[0]) + radius_km / KM_PER_DEGREE > 90:
            edge = 0.0 if centre[0] > 0 else TOP - BOTTOM
            wave = [(x + shift, y) for shift in (-WIDTH, 0.0, WIDTH) for x, y in sorted(points)]
            return _path([(wave[0][0], edge), *wave, (wave[-1][0], edge)], closed=True), _path(wave, closed=False)
        turns = [[(x + shift, y) for x, y in points] for shift in (-WIDTH, 0.0, WIDTH)]
        shown = " ".join(_path(turn, closed=True) for turn in turns if any(-1 <= x <= WIDTH + 1 for x, _ in turn))
        return shown, shown


def _path(points: Sequence[Point], *, closed: bool) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if closed else "")


def _row(held: Held) -> Row:
    return Row(
        vantage=held.trip.vantage,
        least_ms=held.trip.microseconds / 1000,
        reach_km=round(held.reach_km),
        nearest_km=round(held.nearest_km),
        possible=held.possible,
        held=held,
    )


def _kind(row: Row) -> str:
    return "possible" if row.possible else "impossible"


def _mark(row: Row) -> str:
    return "vantage" if row.possible else "impossible"
