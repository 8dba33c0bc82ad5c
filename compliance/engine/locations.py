"""Facts about places: where a renter says it is and seems to be, and where a machine can be."""

import math
from dataclasses import dataclass
from datetime import datetime

from compliance.engine.codec import Malformed, later

NETWORKS = ("", "isp", "hosting", "vpn", "tor")
# The widest circle in any table of places (the USA with Alaska and Hawaii) has 4,490 km: a wider one excludes nothing.
WIDEST_KM = 5_000


@dataclass(frozen=True, slots=True)
class Locations:
    """Where the renter says it is and where it seems to be; "" means unknown.

    `ip` is of the request itself, `login` of the last login of one of its people. `card` is the newest of its cards,
    `older_cards` are the other countries that its cards told within the time in which they tell something. A network
    is one of `NETWORKS`: what comes out of a VPN, Tor or a data centre tells where that stands, and not where the
    person is.
    """

    declared: str = ""
    ip: str = ""
    card: str = ""
    document: str = later("")
    ip_region: str = later("")
    ip_network: str = later("")
    login: str = later("")
    login_region: str = later("")
    login_network: str = later("")
    older_cards: tuple[str, ...] = later(())

    def __post_init__(self) -> None:
        if not {self.ip_network, self.login_network} <= set(NETWORKS):
            raise Malformed(f"a network must be one of {', '.join(NETWORKS[1:])}")


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The shortest time in which the node's key answered a vantage point's challenge, as that point measured it."""

    vantage: str
    latitude: float
    longitude: float
    microseconds: int
    rounds: int
    measured_at: datetime

    def __post_init__(self) -> None:
        _require_point(self.latitude, self.longitude)
        _as_floats(self, "latitude", "longitude")
        if self.microseconds < 1 or self.rounds < 1:
            raise Malformed("a round trip takes some time, and is the least of at least one round")


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where a machine is declared to be (None: the place is not in the tables), and what was measured of it.

    `asked` is how many vantage points the house runs: an answer from none of them is a missing fact.
    """

    label: str
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float = 0.0
    asked: int = 0
    round_trips: tuple[RoundTrip, ...] = ()

    def __post_init__(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            raise Malformed("a place has a latitude and a longitude, or neither")
        if self.latitude is not None and self.longitude is not None:
            _require_point(self.latitude, self.longitude)
        if not (math.isfinite(self.radius_km) and 0 <= self.radius_km <= WIDEST_KM):
            raise Malformed(f"the radius of a place must lie between 0 and {WIDEST_KM} km: a wider circle is no place")
        _as_floats(self, "latitude", "longitude", "radius_km")


def _as_floats(facts: RoundTrip | NodePlace, *names: str) -> None:
    """One number has one form, whether it came as 50 or 50.0, as 0.0 or -0.0: the bytes of facts depend on it."""
    for name in names:
        value = getattr(facts, name)
        if value is not None:
            object.__setattr__(facts, name, float(value) + 0.0)


def _require_point(latitude: float, longitude: float) -> None:
    if not (math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        raise Malformed("a point on the globe needs a latitude to 90 and a longitude to 180 degrees")
