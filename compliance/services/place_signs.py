"""Signs of place are taken in, and the addresses behind them forgotten."""

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.conf import settings

from compliance.base import clock
from compliance.base.sealing import Subject, SubjectErased
from compliance.models import PlaceSign
from compliance.selectors.place_signs import address_context
from compliance.selectors.policies import known_networks_for
from compliance.services import subject_keys
from compliance.services.notices import send_on_commit
from compliance.signals import facts_moved
from compliance.sources.networks import NetworkFiles, Networks, NetworkSign

Kind = PlaceSign.Kind


def look_up(address: str) -> NetworkSign:
    """What the operator's files tell of the address; nothing is stored."""
    return _networks(_files()).look_up(address)


def see_address(party_id: UUID, address: str, kind: str) -> NetworkSign:
    """The party was seen at the address; what the files tell of it stays, the address itself only for a while.

    Without an address (a program inside the house acts) nothing is kept.
    """
    if not address:
        return NetworkSign()
    found = look_up(address)
    _keep(party_id, kind, found, address)
    return found


def see_country(party_id: UUID, country: str, kind: str) -> None:
    """A card or a document of the party is of that country (ISO 3166-1 alpha-2); an empty one tells nothing."""
    if country:
        _keep(party_id, kind, NetworkSign(country=country.upper()[:2]), "")


def forget_addresses() -> int:
    """No address is kept beyond its days; returns how many were forgotten."""
    before = clock.now() - timedelta(days=settings.GRIDCLEAR_ADDRESS_DAYS)
    old = PlaceSign.objects.filter(seen_at__lte=before).exclude(address_sealed=None)
    return old.update(address_sealed=None)


def forget_signs(before: datetime) -> int:
    """No sign stays that was last seen before that moment; returns how many went."""
    return PlaceSign.objects.filter(seen_at__lt=before).delete()[0]


def _keep(party_id: UUID, kind: str, found: NetworkSign, address: str) -> None:
    now = clock.now()
    row = PlaceSign(
        party_id=party_id,
        kind=kind,
        country=found.country,
        region=found.region,
        network=found.network,
        asn=found.asn,
        address_sealed=_sealed(party_id, kind, found, address),
        first_seen_at=now,
        seen_at=now,
    )
    known = PlaceSign.objects.filter(party_id=party_id, kind=kind, country=row.country, network=row.network).exists()
    PlaceSign.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["party", "kind", "country", "region", "network", "asn"],
        update_fields=["seen_at", "address_sealed"],
    )
    if not known:
        send_on_commit(facts_moved, party_ids=[party_id], what="location")


def _sealed(party_id: UUID, kind: str, found: NetworkSign, address: str) -> bytes | None:
    if not address:
        return None
    try:
        return subject_keys.seal(Subject.party(party_id), address.encode(), address_context(kind, found.asn))
    except SubjectErased:
        return None


def _files() -> NetworkFiles:
    return NetworkFiles(
        places=_path("GEOIP_PLACES_FILE"),
        asns=_path("GEOIP_ASNS_FILE"),
        vpn_ranges=_path("GEOIP_VPN_RANGES_FILE"),
        hosting_ranges=_path("GEOIP_HOSTING_RANGES_FILE"),
        tor_exits=_path("GEOIP_TOR_EXITS_FILE"),
        known_networks=known_networks_for(clock.now()),
    )


def _path(setting: str) -> Path | None:
    named = str(getattr(settings, setting))
    return Path(named) if named else None


@lru_cache(maxsize=4)
def _networks(files: NetworkFiles) -> Networks:
    return Networks(files)
