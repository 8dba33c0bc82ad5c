"""How far apart two points of the globe are, and how far light in fibre can have come in a time."""

import math
from collections.abc import Iterator

EARTH_KM = 6371.0
FARTHEST_KM = math.pi * EARTH_KM  # half the way around
# Light in glass (refractive index about 1.47) covers two thirds of what it does in empty space.
FIBRE_KM_PER_MS = 200.0
Point = tuple[float, float]  # latitude, longitude in degrees


def distance_km(one: Point, other: Point) -> float:
    """The great-circle distance."""
    lat_1, lon_1, lat_2, lon_2 = map(math.radians, (*one, *other))
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def reach_km(microseconds: int, km_per_ms: float = FIBRE_KM_PER_MS) -> float:
    """How far away at most something is that answered in that time, there and back."""
    return microseconds / 1000 * km_per_ms / 2


def circle(centre: Point, radius_km: float, points: int = 72) -> Iterator[Point]:
    """Points on the circle of that radius around the centre, clockwise from the north."""
    angle = min(radius_km / EARTH_KM, math.pi)
    lat, lon = map(math.radians, centre)
    for step in range(points):
        bearing = 2 * math.pi * step / points
        there = math.asin(math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(bearing))
        turned = math.atan2(
            math.sin(bearing) * math.sin(angle) * math.cos(lat), math.cos(angle) - math.sin(lat) * math.sin(there)
        )
        yield math.degrees(there), (math.degrees(lon + turned) + 540) % 360 - 180
