"""A declared place held against measured round trips: what each allows."""

from collections.abc import Iterable
from dataclasses import dataclass

from compliance.engine.globe import FIBRE_KM_PER_MS, distance_km, reach_km
from compliance.engine.locations import NodePlace, RoundTrip


@dataclass(frozen=True, slots=True)
class Held:
    """One round trip: how far the nearest edge of the declared place is, and how far the machine is at most; km."""

    trip: RoundTrip
    nearest_km: float
    reach_km: float

    @property
    def possible(self) -> bool:
        """Whether light in fibre could have come from the declared place in that time."""
        return self.nearest_km <= self.reach_km


def held_against(place: NodePlace, trips: Iterable[RoundTrip], km_per_ms: float = FIBRE_KM_PER_MS) -> tuple[Held, ...]:
    """Each round trip against the declared place; nothing when the place is in no table."""
    if place.latitude is None or place.longitude is None:
        return ()
    centre = (place.latitude, place.longitude)
    return tuple(
        Held(
            trip,
            max(0.0, distance_km(centre, (trip.latitude, trip.longitude)) - place.radius_km),
            reach_km(trip.microseconds, km_per_ms),
        )
        for trip in trips
    )
