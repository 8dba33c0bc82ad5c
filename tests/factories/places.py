"""Vantage points, and what they measured: machines of tests stand where they are declared to be."""

import base64
import os
from datetime import timedelta
from uuid import UUID

from compliance.base import clock
from compliance.models import PlaceMeasurement, VantagePoint
from compliance.selectors.vantages import declared_centre

NEAR_US = 2_000  # there and back, to something 200 km away at most


def stand_there(node_id: UUID, country: str, region: str = "", city: str = "") -> None:
    """A vantage point in the middle of the node's declared place measured it now; nothing, if no table knows it."""
    now = clock.now()
    centre = declared_centre(country, region, city, now)
    if centre is None:
        return
    point = _vantage_at(centre.label, centre.latitude, centre.longitude)
    PlaceMeasurement.objects.create(
        node_id=node_id,
        vantage=point,
        expires_at=now + timedelta(minutes=10),
        measured_at=now,
        rounds=12,
        least_us=NEAR_US,
        median_us=NEAR_US + 500,
    )


def _vantage_at(name: str, latitude: float, longitude: float) -> VantagePoint:
    known = VantagePoint.objects.filter(name=name).first()
    if known:
        return known
    code = f"v{VantagePoint.objects.count()}"
    key = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    url = f"https://{code}.gridclear.example"
    return VantagePoint.objects.create(
        code=code, name=name, latitude=latitude, longitude=longitude, url=url, public_key=key
    )
