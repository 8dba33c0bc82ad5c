"""What vantage points measured, and which should measure next."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from compliance.engine.centres import Centre
from compliance.engine.facts import NodePlace, RoundTrip
from compliance.models import PlaceMeasurement, VantagePoint
from compliance.selectors.policies import centres_for

# A vantage point that was set up just now has measured nobody yet: that is no node's fault.
SETTLES_IN = timedelta(hours=24)


def vantages() -> QuerySet[VantagePoint]:
    """Those in use."""
    return VantagePoint.objects.filter(retired_at=None)


def due_vantages(node_id: UUID, now: datetime, since: datetime) -> list[VantagePoint]:
    """Those that neither measured the node since then nor have an open ticket for it; one query."""
    measured_or_asked = PlaceMeasurement.objects.filter(node_id=node_id, vantage=OuterRef("pk")).filter(
        Q(measured_at__gt=since) | Q(measured_at=None, expires_at__gt=now)
    )
    return list(vantages().filter(~Exists(measured_or_asked)))


def node_place(node_id: UUID, country: str, region: str, city: str, as_of: datetime, within: timedelta) -> NodePlace:
    """Where the node is declared to be, and the shortest round trip to each vantage point in the time; two queries."""
    centre = declared_centre(country, region, city, as_of)
    settled = vantages().filter(created_at__lte=as_of - SETTLES_IN).count()
    trips = tuple(_trip(row) for row in shortest(node_id, as_of - within, as_of))
    return NodePlace(
        label=centre.label if centre else ", ".join(each for each in (city, region, country) if each),
        latitude=centre.latitude if centre else None,
        longitude=centre.longitude if centre else None,
        radius_km=centre.radius_km if centre else 0.0,
        asked=max(settled, len(trips)),
        round_trips=trips,
    )


def declared_centre(country: str, region: str, city: str, as_of: datetime) -> Centre | None:
    """The circle of the declared place by the table of the day; None when it is not in it."""
    return centres_for(as_of).find(country.upper(), region, city)


def shortest(node_id: UUID, since: datetime, until: datetime) -> QuerySet[PlaceMeasurement]:
    """The shortest measurement of each vantage point in use, by its code."""
    rows = PlaceMeasurement.objects.filter(
        node_id=node_id, measured_at__gt=since, measured_at__lte=until, vantage__retired_at=None
    )
    return rows.order_by("vantage__code", "least_us").distinct("vantage__code").select_related("vantage")


def _trip(row: PlaceMeasurement) -> RoundTrip:
    assert row.measured_at is not None and row.least_us is not None  # noqa: PT018 - measured, see `shortest`
    point = row.vantage
    return RoundTrip(point.name, point.latitude, point.longitude, row.least_us, row.rounds, row.measured_at)
