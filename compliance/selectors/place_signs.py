"""Where a party seems to be, by the signs that are kept."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, Value, When

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

# By what signs of one kind are told apart: cards by their country, others not at all.
_CARD_COUNTRY = Case(When(kind=PlaceSign.Kind.CARD, then=F("country")), default=Value(""))


def locations_of(party_id: UUID, declared: str, as_of: datetime) -> Locations:
    """The newest sign of each kind that still tells something, and every country of a card; one query."""
    signs = sorted(_telling(party_id, as_of), key=lambda sign: sign.seen_at)
    told = {sign.kind: sign for sign in signs}
    cards = {sign.country for sign in signs if sign.kind == PlaceSign.Kind.CARD}
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
        older_cards=tuple(sorted(cards - {card.country if card else "", ""})),
    )


def address_context(kind: str, asn: int) -> Context:
    """Where the sealed address of a sign belongs."""
    return Context(f"compliance.placesign:{kind}-{asn}", "address")


def signs_of(party_id: UUID) -> QuerySet[PlaceSign]:
    """Every sign of the party, newest first."""
    return PlaceSign.objects.filter(party_id=party_id).order_by("-seen_at", "kind")


def _telling(party_id: UUID, as_of: datetime) -> QuerySet[PlaceSign]:
    """The newest sign of each kind, and of each country of a card."""
    lasting = Q()
    for kind, age in TELLS.items():
        lasting |= Q(kind=kind, seen_at__gt=as_of - age)
    newest = ("kind", "card_country")
    rows = PlaceSign.objects.filter(lasting, party_id=party_id).annotate(card_country=_CARD_COUNTRY)
    return rows.order_by(*newest, "-seen_at").distinct(*newest)
