"""Where a party seems to be, by the signs that are kept."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from compliance.base.sealing import Context
from compliance.engine.facts import Locations
from compliance.models import PlaceSign

# How long a sign tells something. A request lasts as long as a lease may be renewed on it.
TELLS = {
    PlaceSign.Kind.REQUEST: timedelta(days=90),
    PlaceSign.Kind.LOGIN: timedelta(days=30),
    PlaceSign.Kind.CARD: timedelta(days=400),
    PlaceSign.Kind.DOCUMENT: timedelta(days=3660),
}


def locations_of(party_id: UUID, declared: str, as_of: datetime) -> Locations:
    """The newest sign of each kind that still tells something; one query."""
    told = {sign.kind: sign for sign in _newest(party_id, as_of)}
    request, login, card, document = (told.get(kind) for kind in TELLS)
    return Locations(
        declared=declared,
        ip=request.country if request else "",
        ip_region=request.region if request else "",
        ip_network=request.network if request else "",
        login=login.country if login else "",
        login_region=login.region if login else "",
        login_network=login.network if login else "",
        card=card.country if card else "",
        document=document.country if document else "",
    )


def address_context(kind: str, asn: int) -> Context:
    """Where the sealed address of a sign belongs."""
    return Context(f"compliance.placesign:{kind}-{asn}", "address")


def signs_of(party_id: UUID) -> QuerySet[PlaceSign]:
    """Every sign of the party, newest first."""
    return PlaceSign.objects.filter(party_id=party_id).order_by("-seen_at", "kind")


def _newest(party_id: UUID, as_of: datetime) -> QuerySet[PlaceSign]:
    lasting = Q()
    for kind, age in TELLS.items():
        lasting |= Q(kind=kind, seen_at__gt=as_of - age)
    return PlaceSign.objects.filter(lasting, party_id=party_id).order_by("kind", "-seen_at").distinct("kind")
